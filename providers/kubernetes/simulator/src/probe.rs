//! The one workload that the simulated kubelet interprets: a shell that prints two variables.
//!
//! Apart from the kubelet so that what is interpreted and what is refused is written in one place.
//! Nothing of it runs on the host: the meaning of exactly this program is built in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::json::{items, text};
use crate::store::Key;

/// The image of the probe.
pub const IMAGE: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
/// The command of the probe.
pub const COMMAND: [&str; 2] = ["/bin/sh", "-c"];
/// The program that the shell gets.
pub const SCRIPT: &str = r#"printf '%s\n' "$KUBEPROOF_TEXT" "$KUBEPROOF_NONCE""#;

/// How containers go wrong when a test wants to see whether that is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// They print this instead, and exit with 0.
    Prints(String),
    /// They print what they should, and exit with this code.
    Exits(i32),
}

/// Why a container is never created: the reason of its waiting, and a message that names the thing.
pub(crate) fn refusal(spec: &Value) -> Option<(&'static str, String)> {
    let containers = items(spec, "/containers");
    if containers.len() != 1 || !items(spec, "/initContainers").is_empty() {
        let message = "the simulated kubelet runs pods of one container, without init containers";
        return Some(("CreateContainerError", message.to_owned()));
    }
    let container = &containers[0];
    let image = text(container, "/image");
    if image != IMAGE {
        let message = format!("the simulated kubelet refuses image `{image}`: it has only {IMAGE}");
        return Some(("KubeproofRefusesImage", message));
    }
    if items(container, "/command") != COMMAND || items(container, "/args") != [SCRIPT] {
        let message = format!(
            "the simulated kubelet refuses command {} with arguments {}: \
             it interprets only {COMMAND:?} with `{SCRIPT}`",
            container["command"], container["args"]
        );
        return Some(("CreateContainerError", message));
    }
    None
}

/// What the probe prints in this container.
///
/// # Errors
/// When a variable comes from a Secret that is not there: the message of a waiting container.
pub(crate) fn output(
    cluster: &Cluster,
    namespace: &str,
    container: &Value,
) -> Result<String, String> {
    let mut printed = String::new();
    for name in ["KUBEPROOF_TEXT", "KUBEPROOF_NONCE"] {
        let variable = items(container, "/env")
            .iter()
            .rev()
            .find(|item| text(item, "/name") == name);
        let value = match variable {
            None => String::new(),
            Some(variable) => match variable.pointer("/valueFrom/secretKeyRef") {
                None => text(variable, "/value").to_owned(),
                Some(reference) => secret(cluster, namespace, reference)?,
            },
        };
        printed.push_str(&value);
        printed.push('\n');
    }
    Ok(printed)
}

fn secret(cluster: &Cluster, namespace: &str, reference: &Value) -> Result<String, String> {
    let (name, entry) = (text(reference, "/name"), text(reference, "/key"));
    let Some(secret) = cluster.store.get(&Key::new("secrets", namespace, name)) else {
        return Err(format!("secret \"{name}\" not found"));
    };
    let encoded = secret
        .get("data")
        .and_then(|data| data.get(entry))
        .and_then(Value::as_str);
    let missing = || format!("couldn't find key {entry} in Secret {namespace}/{name}");
    let bytes = STANDARD
        .decode(encoded.ok_or_else(missing)?)
        .map_err(|_| missing())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

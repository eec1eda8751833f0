//! What the simulated nodes can run: two images, and the probe that prints two variables.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::json::{items, text};
use crate::node::device_plugin;
use crate::node::shell;
use crate::store::Key;

/// An image of the simulated registry with a shell.
pub const IMAGE: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
/// An image of the simulated registry with a shell and curl.
pub const CURL_IMAGE: &str = "docker.io/curlimages/curl:8.11.1";
/// The command of the probe.
pub const COMMAND: [&str; 2] = ["/bin/sh", "-c"];
/// The program that the shell gets.
pub const SCRIPT: &str = r#"printf '%s\n' "$KUBEPROOF_TEXT" "$KUBEPROOF_NONCE""#;

/// How containers misbehave, to test whether that is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// They print this instead, and exit with 0.
    Prints(String),
    /// They print what they should, but exit with this code.
    Exits(i32),
}

/// Why a container cannot be created, as a message.
pub(crate) fn refusal(spec: &Value) -> Option<String> {
    let containers = items(spec, "/containers");
    if containers.len() != 1 || !items(spec, "/initContainers").is_empty() {
        let message = "the simulated kubelet runs pods of one container, without init containers";
        return Some(message.to_owned());
    }
    shell::of(&containers[0]).err()
}

/// Why an image cannot be pulled.
pub(crate) fn missing_image(image: &str) -> Option<String> {
    (![IMAGE, CURL_IMAGE].contains(&image)).then(|| {
        format!(
            "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": \
             {image}: not found (the simulated registry has only {IMAGE} and {CURL_IMAGE})"
        )
    })
}

/// The variables of a container.
///
/// # Errors
/// If one refers to something that does not exist: the message of a waiting container.
pub(crate) fn variables(
    cluster: &Cluster,
    namespace: &str,
    container: &Value,
) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for (name, variable) in shell::references(container) {
        let value = match variable.get("valueFrom") {
            None => text(variable, "/value").to_owned(),
            Some(from) => match from.get("secretKeyRef") {
                Some(reference) => secret(cluster, namespace, reference)?,
                None => {
                    return Err(format!(
                        "the simulated kubelet takes variables from Secrets only, not {from}"
                    ));
                }
            },
        };
        variables.insert(name.to_owned(), value);
    }
    // No variable name has a slash: this one stands for the devices below /dev.
    let given = format!(
        "/resources/limits/{}",
        device_plugin::GPU.replace('/', "~1")
    );
    let gpus = text(container, &given).parse().unwrap_or(0_u32);
    variables.insert(device_plugin::GPU.to_owned(), gpus.to_string());
    Ok(variables)
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

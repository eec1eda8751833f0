//! What the simulated nodes can pull, the probe that prints two variables, and the variables of containers.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::cluster::{Cluster, Pod};
use crate::json::{items, text};
use crate::node::device_plugin;
use crate::node::shell;
use crate::store::Key;

/// The image of the probe: it has a shell.
pub const IMAGE: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
/// An image with a shell and curl.
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

/// Why the name of an image is none.
pub(crate) fn invalid_name(image: &str) -> Option<String> {
    (!is_reference(image)).then(|| {
        format!(
            "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid \
             reference format"
        )
    })
}

/// Whether a text is the name of an image: a path of lower case, perhaps with a host, a tag and a digest.
fn is_reference(image: &str) -> bool {
    let (name, digest) = image
        .split_once('@')
        .map_or((image, None), |(name, digest)| (name, Some(digest)));
    let hexadecimal =
        |text: &str| text.len() == 64 && text.chars().all(|one| one.is_ascii_hexdigit());
    if digest.is_some_and(|digest| !digest.strip_prefix("sha256:").is_some_and(hexadecimal)) {
        return false;
    }
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let (path, tag) = match name[slash..].find(':') {
        Some(at) => (&name[..slash + at], Some(&name[slash + at + 1..])),
        None => (name, None),
    };
    let in_tag = |one: char| one.is_ascii_alphanumeric() || "_.-".contains(one);
    if tag.is_some_and(|tag| tag.is_empty() || tag.len() > 128 || !tag.chars().all(in_tag)) {
        return false;
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.len() > 1 && is_host(parts[0]) {
        parts.remove(0);
    }
    let in_path =
        |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || "_.-".contains(one);
    let ends = |part: &str| {
        part.chars().all(in_path)
            && !part.starts_with(['.', '_', '-'])
            && !part.ends_with(['.', '_', '-'])
    };
    parts.iter().all(|part| !part.is_empty() && ends(part))
}

/// Whether the first part of an image's name is a registry.
fn is_host(part: &str) -> bool {
    part.contains(['.', ':'])
        || part == "localhost"
        || part.chars().any(|one| one.is_ascii_uppercase())
}

/// Why an image cannot be pulled. Any registry is taken to have any image, but no node runs a registry itself, and
/// names that are reserved (RFC 6761) do not resolve.
pub(crate) fn missing_image(image: &str) -> Option<String> {
    let host = image
        .split('/')
        .next()
        .filter(|_| image.contains('/'))
        .unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default();
    let reserved = ["invalid", "test", "example", "localhost"];
    let is_reserved = reserved.contains(&last) && (name.contains('.') || last == "localhost");
    let why = match name {
        "localhost" | "127.0.0.1" => "connect: connection refused".to_owned(),
        _ if is_reserved => format!("lookup {name}: no such host"),
        _ => return None,
    };
    Some(format!(
        "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": failed to do \
         request: Head \"https://{host}/v2/\": dial tcp: {why}"
    ))
}

/// Why a variable of a container has no value, in the words of the message of the waiting container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VariableError {
    #[error("{kind} \"{name}\" not found")]
    NotFound { kind: &'static str, name: String },
    #[error("couldn't find key {entry} in {kind} {namespace}/{name}")]
    NoEntry {
        kind: &'static str,
        namespace: String,
        name: String,
        entry: String,
    },
    #[error(
        "the simulated kubelet takes variables from Secrets, ConfigMaps and some fields of the pod, not {0}"
    )]
    NotSimulated(Value),
}

impl VariableError {
    fn not_found(kind: &'static str, name: &str) -> Self {
        Self::NotFound {
            kind,
            name: name.to_owned(),
        }
    }

    fn no_entry(kind: &'static str, namespace: &str, name: &str, entry: &str) -> Self {
        Self::NoEntry {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            entry: entry.to_owned(),
        }
    }
}

/// The variables of a container.
///
/// # Errors
/// If one refers to something that does not exist.
pub(crate) fn variables(
    cluster: &Cluster,
    pod: &Pod,
    container: &Value,
) -> Result<BTreeMap<String, String>, VariableError> {
    let namespace = pod.key.namespace.as_str();
    let mut variables = BTreeMap::new();
    for from in items(container, "/envFrom") {
        variables.extend(all_entries(cluster, namespace, from)?);
    }
    for (name, variable) in shell::references(container) {
        let value = match variable.get("valueFrom") {
            None => Some(text(variable, "/value").to_owned()),
            Some(from) => referred(cluster, pod, from)?,
        };
        if let Some(value) = value {
            variables.insert(name.to_owned(), value);
        }
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

/// The value that a variable takes from elsewhere; none if it is optional and not there.
fn referred(cluster: &Cluster, pod: &Pod, from: &Value) -> Result<Option<String>, VariableError> {
    let optional = |reference: &Value, found: Result<String, VariableError>| match found {
        Err(_) if reference["optional"] == true => Ok(None),
        found => found.map(Some),
    };
    let namespace = pod.key.namespace.as_str();
    if let Some(reference) = from.get("secretKeyRef") {
        return optional(reference, secret(cluster, namespace, reference));
    }
    if let Some(reference) = from.get("configMapKeyRef") {
        return optional(reference, entry(cluster, namespace, reference));
    }
    let field = text(from, "/fieldRef/fieldPath");
    let known = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.podIP",
    ];
    if known.contains(&field) {
        let pointer = format!("/{}", field.replace('.', "/"));
        return Ok(cluster
            .pod(pod)
            .map(|value| text(value, &pointer).to_owned()));
    }
    Err(VariableError::NotSimulated(from.clone()))
}

/// The entry of a config map.
fn entry(cluster: &Cluster, namespace: &str, reference: &Value) -> Result<String, VariableError> {
    let (name, entry) = (text(reference, "/name"), text(reference, "/key"));
    let Some(map) = cluster.store.get(&Key::new("configmaps", namespace, name)) else {
        return Err(VariableError::not_found("configmap", name));
    };
    let value = map
        .get("data")
        .and_then(|data| data.get(entry))
        .and_then(Value::as_str);
    let missing = || VariableError::no_entry("ConfigMap", namespace, name, entry);
    value.map(str::to_owned).ok_or_else(missing)
}

/// All entries of a config map or secret.
fn all_entries(
    cluster: &Cluster,
    namespace: &str,
    from: &Value,
) -> Result<BTreeMap<String, String>, VariableError> {
    let prefix = text(from, "/prefix");
    let mut all = BTreeMap::new();
    for (member, resource, kind) in [
        ("configMapRef", "configmaps", "configmap"),
        ("secretRef", "secrets", "secret"),
    ] {
        let Some(reference) = from.get(member) else {
            continue;
        };
        let name = text(reference, "/name");
        let Some(object) = cluster.store.get(&Key::new(resource, namespace, name)) else {
            if reference["optional"] == true {
                continue;
            }
            return Err(VariableError::not_found(kind, name));
        };
        let data = object
            .get("data")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        for (entry, value) in data {
            let value = value.as_str().unwrap_or_default();
            let value = if resource == "secrets" {
                let bytes = STANDARD.decode(value).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            } else {
                value.to_owned()
            };
            all.insert(format!("{prefix}{entry}"), value);
        }
    }
    Ok(all)
}

fn secret(cluster: &Cluster, namespace: &str, reference: &Value) -> Result<String, VariableError> {
    let (name, entry) = (text(reference, "/name"), text(reference, "/key"));
    let Some(secret) = cluster.store.get(&Key::new("secrets", namespace, name)) else {
        return Err(VariableError::not_found("secret", name));
    };
    let encoded = secret
        .get("data")
        .and_then(|data| data.get(entry))
        .and_then(Value::as_str);
    let missing = || VariableError::no_entry("Secret", namespace, name, entry);
    let bytes = STANDARD
        .decode(encoded.ok_or_else(missing)?)
        .map_err(|_| missing())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{invalid_name, missing_image};

    fn check(image: &str, expected: &str) {
        let seen = match (invalid_name(image), missing_image(image)) {
            (Some(_), _) => "invalid",
            (None, Some(_)) => "missing",
            (None, None) => "there",
        };
        assert_eq!(seen, expected, "{image}");
    }

    #[test]
    fn any_image_can_be_pulled_that_a_registry_could_have() {
        check("nginx", "there");
        check("nginx:1.27-alpine", "there");
        check("ghcr.io/owner/app:v1", "there");
        check("registry:5000/app", "there");
        let digest = "a".repeat(64);
        check(&format!("public.ecr.aws/x/y@sha256:{digest}"), "there");
        check("localhost/app:1", "missing");
        check("localhost:5000/app:1", "missing");
        check("registry.invalid/app:1", "missing");
        for wrong in [
            "",
            "Nginx",
            "nginx:",
            "nginx:a b",
            "a//b",
            "nginx@sha256:12",
            "/nginx",
            "ng_inx_",
        ] {
            check(wrong, "invalid");
        }
    }
}

//! The probes: the container that prints a text and a nonce, and the one that only runs.
//!
//! It uses a multi-architecture image of the Kubernetes project and no network: a cluster that cannot run it can
//! run nothing.

use serde_json::{Value, json};

/// The image of the probe.
pub(crate) const IMAGE: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
/// The key of the nonce in its Secret.
pub(crate) const NONCE: &str = "nonce";

/// The resource under which nodes offer NVIDIA GPUs.
pub(crate) const GPU: &str = "nvidia.com/gpu";
/// The program of the probe.
const PRINT: &str = r#"printf '%s\n' "$KUBEPROOF_TEXT" "$KUBEPROOF_NONCE""#;
/// Counts the GPU devices of the container: any image with a shell can do it.
const COUNT_GPUS: &str =
    r#"set -- /dev/nvidia[0-9]*; if [ -e "$1" ]; then echo "GPUs: $#"; else echo "GPUs: 0"; fi"#;

/// The container of the probe. The nonce comes from a Secret, so it really travels through the cluster; without a
/// Secret only the text is printed.
pub(crate) fn container(
    image: Option<&str>,
    text: &str,
    secret: Option<&str>,
    gpus: Option<u32>,
) -> Value {
    let mut env = vec![json!({"name": "KUBEPROOF_TEXT", "value": text})];
    if let Some(secret) = secret {
        let reference = json!({"secretKeyRef": {"name": secret, "key": NONCE}});
        env.push(json!({"name": "KUBEPROOF_NONCE", "valueFrom": reference}));
    }
    let mut container = json!({
        "name": "probe", "image": image.unwrap_or(IMAGE), "env": env,
        "command": ["/bin/sh", "-c"], "args": [PRINT],
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
    });
    if let Some(count) = gpus {
        container["args"] = json!([format!("{PRINT}; {COUNT_GPUS}")]);
        container["resources"]["requests"][GPU] = json!(count.to_string());
        container["resources"]["limits"] = json!({ GPU: count.to_string() });
    }
    container
}

/// The line that a container with this many GPUs prints.
pub(crate) fn gpu_line(count: u32) -> String {
    format!("GPUs: {count}")
}

/// A container that runs until it is stopped.
pub(crate) fn lasting(image: Option<&str>) -> Value {
    json!({
        "name": "probe", "image": image.unwrap_or(IMAGE),
        "command": ["/bin/sh", "-c"], "args": ["sleep 86400"],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    })
}

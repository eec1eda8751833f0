//! The probes: the container that prints a text and a nonce, and the one that only runs.
//!
//! A multi-architecture image that the Kubernetes project keeps, and a program without any network:
//! a cluster that cannot run this can run nothing.

use serde_json::{Value, json};

/// The image of the probe.
pub(crate) const IMAGE: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
/// The key of the nonce in its Secret.
pub(crate) const NONCE: &str = "nonce";

/// The container of the probe. The nonce comes from a Secret, so that it really travels through the
/// cluster; without a Secret only the text is printed.
pub(crate) fn container(image: Option<&str>, text: &str, secret: Option<&str>) -> Value {
    let mut env = vec![json!({"name": "KUBEPROOF_TEXT", "value": text})];
    if let Some(secret) = secret {
        let reference = json!({"secretKeyRef": {"name": secret, "key": NONCE}});
        env.push(json!({"name": "KUBEPROOF_NONCE", "valueFrom": reference}));
    }
    json!({
        "name": "probe", "image": image.unwrap_or(IMAGE), "env": env,
        "command": ["/bin/sh", "-c"],
        "args": [r#"printf '%s\n' "$KUBEPROOF_TEXT" "$KUBEPROOF_NONCE""#],
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
    })
}

/// A container that runs until it is stopped.
pub(crate) fn lasting(image: Option<&str>) -> Value {
    json!({
        "name": "probe", "image": image.unwrap_or(IMAGE),
        "command": ["/bin/sh", "-c"], "args": ["sleep 86400"],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    })
}

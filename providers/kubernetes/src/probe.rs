//! The probe: the container that prints a text and a nonce, as Kubernetes is asked to run it.
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
pub(crate) fn container(text: &str, secret: Option<&str>) -> Value {
    let mut env = vec![json!({"name": "KUBEPROOF_TEXT", "value": text})];
    if let Some(secret) = secret {
        let reference = json!({"secretKeyRef": {"name": secret, "key": NONCE}});
        env.push(json!({"name": "KUBEPROOF_NONCE", "valueFrom": reference}));
    }
    json!({
        "name": "probe", "image": IMAGE, "env": env,
        "command": ["/bin/sh", "-c"],
        "args": [r#"printf '%s\n' "$KUBEPROOF_TEXT" "$KUBEPROOF_NONCE""#],
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
    })
}

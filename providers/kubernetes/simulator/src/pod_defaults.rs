//! What the server fills in for pods and for the pod templates of jobs.

use serde_json::{Value, json};

use crate::json::{items, set, set_default, text};

/// Fills in what a pod, or a template of one, left out.
pub(crate) fn fill(pod: &mut Value) {
    set_default(pod, "/spec/restartPolicy", "Always");
    set_default(pod, "/spec/terminationGracePeriodSeconds", 30);
    set_default(pod, "/spec/dnsPolicy", "ClusterFirst");
    set_default(pod, "/spec/schedulerName", "default-scheduler");
    set_default(pod, "/spec/securityContext", json!({}));
    let template = pod.pointer("/metadata/ownerReferences").is_none()
        && text(pod, "/metadata/name").is_empty()
        && text(pod, "/metadata/generateName").is_empty();
    if !template {
        set_default(pod, "/spec/serviceAccountName", "default");
        set_default(pod, "/spec/enableServiceLinks", true);
        tolerate(pod);
        set_default(pod, "/status/phase", "Pending");
    }
    let mut containers = items(pod, "/spec/containers").to_vec();
    for container in &mut containers {
        let latest = text(container, "/image").ends_with(":latest");
        let untagged = !text(container, "/image").contains(':');
        let pull = if latest || untagged {
            "Always"
        } else {
            "IfNotPresent"
        };
        set_default(container, "/imagePullPolicy", pull);
        set_default(container, "/resources", json!({}));
        set_default(container, "/terminationMessagePath", "/dev/termination-log");
        set_default(container, "/terminationMessagePolicy", "File");
    }
    if !containers.is_empty() {
        set(pod, "/spec/containers", containers);
    }
}

/// A pod survives a node that is away for less than five minutes.
fn tolerate(pod: &mut Value) {
    let mut list = items(pod, "/spec/tolerations").to_vec();
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        if !list.iter().any(|item| text(item, "/key") == key) {
            list.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            }));
        }
    }
    set(pod, "/spec/tolerations", list);
}

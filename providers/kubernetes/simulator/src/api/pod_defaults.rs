//! Defaults of pods and of the pod templates of controllers.

use serde_json::{Value, json};

use crate::json::{items, set, set_default, text};

/// Fills in what a pod left out.
pub(crate) fn fill(pod: &mut Value) {
    set_default(pod, "/spec/restartPolicy", "Always");
    set_default(pod, "/spec/enableServiceLinks", true);
    fill_template(pod);
}

/// Fills in what a pod template left out. The restart policy is up to its controller.
pub(crate) fn fill_template(pod: &mut Value) {
    set_default(pod, "/spec/terminationGracePeriodSeconds", 30);
    set_default(pod, "/spec/dnsPolicy", "ClusterFirst");
    set_default(pod, "/spec/schedulerName", "default-scheduler");
    set_default(pod, "/spec/securityContext", json!({}));
    let mut containers = items(pod, "/spec/containers").to_vec();
    for container in &mut containers {
        let image = text(container, "/image");
        let last = image.rsplit('/').next().unwrap_or_default();
        let pull = match last.split_once(':') {
            Some((_, tag)) if tag != "latest" => "IfNotPresent",
            _ => "Always",
        };
        set_default(container, "/imagePullPolicy", pull);
        set_default(container, "/resources", json!({}));
        set_default(container, "/terminationMessagePath", "/dev/termination-log");
        set_default(container, "/terminationMessagePolicy", "File");
        let mut ports = items(container, "/ports").to_vec();
        for port in &mut ports {
            set_default(port, "/protocol", "TCP");
        }
        if !ports.is_empty() {
            set(container, "/ports", ports);
        }
    }
    if !containers.is_empty() {
        set(pod, "/spec/containers", containers);
    }
}

/// What admission adds to a new pod: its service account, and tolerations for a node that is unreachable
/// for less than five minutes.
pub(crate) fn admit(pod: &mut Value) {
    set_default(pod, "/spec/serviceAccountName", "default");
    let account = text(pod, "/spec/serviceAccountName").to_owned();
    set(pod, "/spec/serviceAccount", account);
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
    set_default(pod, "/spec/priority", 0);
    set_default(pod, "/spec/preemptionPolicy", "PreemptLowerPriority");
}

/// The quality-of-service class of a pod, from what its containers ask for.
pub(crate) fn quality(pod: &Value) -> &'static str {
    let mut all = true;
    let mut any = false;
    for container in items(pod, "/spec/containers") {
        for what in ["cpu", "memory"] {
            let of = |part: &str| text(container, &format!("/resources/{part}/{what}")).to_owned();
            let (request, limit) = (of("requests"), of("limits"));
            any |= !request.is_empty() || !limit.is_empty();
            all &= !limit.is_empty() && (request.is_empty() || request == limit);
        }
    }
    match (all, any) {
        (true, true) => "Guaranteed",
        (false, true) => "Burstable",
        _ => "BestEffort",
    }
}

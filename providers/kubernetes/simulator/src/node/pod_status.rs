//! The status of a pod in each phase of its lifecycle.

use serde_json::{Value, json};

use crate::json::{items, number, set, set_condition, text};

/// Whether the pod has ended.
pub(crate) fn finished(pod: &Value) -> bool {
    ["Succeeded", "Failed"].contains(&text(pod, "/status/phase"))
}

/// Whether the pod is being deleted.
pub(crate) fn deleted(pod: &Value) -> bool {
    pod.pointer("/metadata/deletionTimestamp").is_some()
}

/// Sets a condition of a pod.
pub(crate) fn condition(pod: &mut Value, kind: &str, reason: Option<(&str, &str)>, now: &str) {
    let mut condition = json!({
        "type": kind, "status": if reason.is_some() { "False" } else { "True" },
        "lastProbeTime": null,
    });
    if let Some((reason, message)) = reason {
        set(&mut condition, "/reason", reason);
        if !message.is_empty() {
            set(&mut condition, "/message", message);
        }
    }
    set_condition(pod, "/status/conditions", condition, now);
}

/// The container waits, for a reason.
pub(crate) fn waiting(pod: &mut Value, reason: &str, message: &str, now: &str) {
    let mut state = json!({"waiting": {"reason": reason}});
    if !message.is_empty() {
        set(&mut state, "/waiting/message", message);
    }
    containers(pod, &state, false);
    let names: Vec<_> = names(pod);
    let unready = format!("containers with unready status: [{}]", names.join(" "));
    condition(pod, "Initialized", None, now);
    for kind in ["Ready", "ContainersReady"] {
        condition(pod, kind, Some(("ContainersNotReady", &unready)), now);
    }
}

/// The container runs.
pub(crate) fn running(pod: &mut Value, now: &str) {
    set(pod, "/status/phase", "Running");
    containers(pod, &json!({"running": {"startedAt": now}}), true);
    for kind in [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
    ] {
        condition(pod, kind, None, now);
    }
}

/// The container has ended, and with it the pod.
pub(crate) fn ended(pod: &mut Value, exit_code: i32, now: &str) {
    set(
        pod,
        "/status/phase",
        if exit_code == 0 {
            "Succeeded"
        } else {
            "Failed"
        },
    );
    let state = terminated(pod, exit_code, now);
    containers(pod, &state, false);
    let reason = if exit_code == 0 {
        "PodCompleted"
    } else {
        "PodFailed"
    };
    let sandbox = json!({
        "type": "PodReadyToStartContainers", "status": "False", "lastProbeTime": null,
    });
    set_condition(pod, "/status/conditions", sandbox, now);
    for kind in ["Ready", "ContainersReady"] {
        condition(pod, kind, Some((reason, "")), now);
    }
}

/// The container has ended and will be restarted after a while.
pub(crate) fn backing_off(pod: &mut Value, exit_code: i32, message: &str, now: &str) {
    let last = terminated(pod, exit_code, now);
    let restarts = number(pod, "/status/containerStatuses/0/restartCount").unwrap_or(0);
    waiting(pod, "CrashLoopBackOff", message, now);
    if let Some(status) = pod.pointer_mut("/status/containerStatuses/0") {
        set(status, "/lastState", last);
        set(status, "/restartCount", restarts + 1);
    }
}

fn terminated(pod: &Value, exit_code: i32, now: &str) -> Value {
    let started = text(pod, "/status/containerStatuses/0/state/running/startedAt");
    let reason = if exit_code == 0 { "Completed" } else { "Error" };
    json!({"terminated": {
        "exitCode": exit_code, "reason": reason, "finishedAt": now,
        "startedAt": if started.is_empty() { now } else { started },
    }})
}

fn names(pod: &Value) -> Vec<String> {
    items(pod, "/spec/containers")
        .iter()
        .map(|item| text(item, "/name").to_owned())
        .collect()
}

fn containers(pod: &mut Value, state: &Value, ready: bool) {
    let statuses: Vec<Value> = items(pod, "/spec/containers")
        .iter()
        .enumerate()
        .map(|(index, container)| {
            let old = items(pod, "/status/containerStatuses").get(index);
            let restarts = old
                .and_then(|status| number(status, "/restartCount"))
                .unwrap_or(0);
            let last = old.and_then(|status| status.get("lastState").cloned());
            json!({
                "name": container["name"], "image": container["image"], "imageID": "",
                "ready": ready, "started": ready, "restartCount": restarts, "state": state,
                "lastState": last.unwrap_or_else(|| json!({})),
            })
        })
        .collect();
    set(pod, "/status/containerStatuses", statuses);
}

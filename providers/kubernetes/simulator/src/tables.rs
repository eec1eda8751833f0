//! Tables: what `kubectl get` prints of each type.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::json::{condition_is_true, items, number, text};
use crate::types::Type;

/// A table of objects.
pub(crate) fn table(of: &Type, objects: &[Value], metadata: Value, now: Timestamp) -> Value {
    let names = columns(of);
    let definitions: Vec<Value> = std::iter::once("Name")
        .chain(names.iter().copied())
        .chain(["Age"])
        .map(|name| {
            let format = if name == "Name" { "name" } else { "" };
            json!({
                "name": name, "type": "string", "format": format, "description": name,
                "priority": 0,
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut cells = vec![object["metadata"]["name"].clone()];
            cells.extend(
                names
                    .iter()
                    .map(|name| Value::String(cell(of, name, object))),
            );
            cells.push(age(object, now).into());
            json!({"cells": cells, "object": partial(object)})
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows,
    })
}

/// An object's metadata alone.
pub(crate) fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}

fn columns(of: &Type) -> &'static [&'static str] {
    match of.id {
        "nodes" => &["Status", "Roles", "Version"],
        "pods" => &["Ready", "Status", "Restarts", "Node"],
        "jobs.batch" => &["Status", "Completions"],
        "services" => &["Type", "Cluster-IP", "External-IP", "Port(s)"],
        "namespaces" => &["Status"],
        "persistentvolumeclaims" => &["Status", "Volume", "Capacity", "StorageClass"],
        "persistentvolumes" => &["Capacity", "Reclaim Policy", "Status", "Claim"],
        "storageclasses.storage.k8s.io" => &["Provisioner", "ReclaimPolicy", "VolumeBindingMode"],
        "events" => &["Type", "Reason", "Object", "Message"],
        "secrets" => &["Type"],
        "leases.coordination.k8s.io" => &["Holder"],
        _ => &[],
    }
}

fn cell(of: &Type, column: &str, object: &Value) -> String {
    let plain = |pointer: &str| text(object, pointer).to_owned();
    match (of.id, column) {
        ("nodes", "Status") if condition_is_true(object, "Ready") => "Ready".to_owned(),
        ("nodes", "Status") => "NotReady".to_owned(),
        ("nodes", "Roles") => "<none>".to_owned(),
        ("nodes", "Version") => plain("/status/nodeInfo/kubeletVersion"),
        ("pods", "Ready") => {
            let all = items(object, "/spec/containers").len();
            let ready = usize::from(condition_is_true(object, "Ready")) * all;
            format!("{ready}/{all}")
        }
        ("pods", "Status") => pod_state(object),
        ("pods", "Restarts") => number(object, "/status/containerStatuses/0/restartCount")
            .unwrap_or(0)
            .to_string(),
        ("pods", "Node") => plain("/spec/nodeName"),
        ("jobs.batch", "Status") if condition_is_true(object, "Complete") => "Complete".to_owned(),
        ("jobs.batch", "Status") if condition_is_true(object, "Failed") => "Failed".to_owned(),
        ("jobs.batch", "Status") => "Running".to_owned(),
        ("jobs.batch", "Completions") => format!(
            "{}/{}",
            number(object, "/status/succeeded").unwrap_or(0),
            number(object, "/spec/completions").unwrap_or(1)
        ),
        ("services", "Type") => plain("/spec/type"),
        ("services", "Cluster-IP") => plain("/spec/clusterIP"),
        ("services", "External-IP") => {
            match text(object, "/status/loadBalancer/ingress/0/hostname") {
                "" if text(object, "/spec/type") == "LoadBalancer" => "<pending>".to_owned(),
                "" => "<none>".to_owned(),
                host => host.to_owned(),
            }
        }
        ("services", _) => items(object, "/spec/ports")
            .iter()
            .map(|port| format!("{}/{}", port["port"], text(port, "/protocol")))
            .collect::<Vec<_>>()
            .join(","),
        ("persistentvolumeclaims", "Volume") => plain("/spec/volumeName"),
        ("persistentvolumeclaims", "Capacity") => plain("/status/capacity/storage"),
        ("persistentvolumeclaims", "StorageClass") => plain("/spec/storageClassName"),
        ("persistentvolumes", "Capacity") => plain("/spec/capacity/storage"),
        ("persistentvolumes", "Reclaim Policy") => plain("/spec/persistentVolumeReclaimPolicy"),
        ("persistentvolumes", "Claim") => {
            format!(
                "{}/{}",
                plain("/spec/claimRef/namespace"),
                plain("/spec/claimRef/name")
            )
        }
        ("events", "Type") | ("secrets", "Type") => plain("/type"),
        ("events", "Reason") => plain("/reason"),
        ("events", "Message") => plain("/message"),
        ("events", _) => format!(
            "{}/{}",
            text(object, "/involvedObject/kind").to_lowercase(),
            text(object, "/involvedObject/name")
        ),
        ("storageclasses.storage.k8s.io", "Provisioner") => plain("/provisioner"),
        ("storageclasses.storage.k8s.io", "ReclaimPolicy") => plain("/reclaimPolicy"),
        ("storageclasses.storage.k8s.io", _) => plain("/volumeBindingMode"),
        ("leases.coordination.k8s.io", _) => plain("/spec/holderIdentity"),
        _ => plain("/status/phase"),
    }
}

fn pod_state(pod: &Value) -> String {
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        return "Terminating".to_owned();
    }
    let state = "/status/containerStatuses/0/state";
    for reason in ["waiting", "terminated"] {
        let reason = text(pod, &format!("{state}/{reason}/reason"));
        if !reason.is_empty() {
            return reason.to_owned();
        }
    }
    text(pod, "/status/phase").to_owned()
}

fn age(object: &Value, now: Timestamp) -> String {
    let Ok(since) = text(object, "/metadata/creationTimestamp").parse::<Timestamp>() else {
        return "<unknown>".to_owned();
    };
    match now.duration_since(since).as_secs().max(0) {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7200 => format!("{}m", seconds / 60),
        seconds @ 7200..172_800 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

//! The cells of tables: what a real server shows of an object in each column.

use jiff::Timestamp;
use serde_json::Value;

use crate::controllers::workload::selector;
use crate::json::{condition_is_true, items, number, text};
use crate::kubectl::workload_cells;
use crate::store::types::Type;

const NONE: &str = "<none>";
const UNSET: &str = "<unset>";

/// The cell of an object in a column of its type's table.
pub(crate) fn cell(of: &Type, column: &str, object: &Value, now: Timestamp) -> Value {
    let plain = |pointer: &str| Value::from(text(object, pointer));
    let or_none = |pointer: &str| match text(object, pointer) {
        "" => Value::from(NONE),
        some => some.into(),
    };
    let count = |pointer: &str| Value::from(number(object, pointer).unwrap_or(0));
    match (of.id, column) {
        ("storageclasses.storage.k8s.io", "Name") => class_name(object).into(),
        (_, "Name") => plain("/metadata/name"),
        ("events", "Last Seen") => age(text(object, "/lastTimestamp"), now).into(),
        ("events", "First Seen") => age(text(object, "/firstTimestamp"), now).into(),
        (_, "Age") => age(text(object, "/metadata/creationTimestamp"), now).into(),
        ("nodes", _) => node(column, object),
        ("pods", _) => pod(column, object),
        ("jobs.batch", _) => job(column, object, now),
        (id, _) if workload_cells::KNOWN.contains(&id) => {
            workload_cells::cell(of, column, object, now)
        }
        (_, "Containers") => containers(object, "/name").into(),
        (_, "Images") => containers(object, "/image").into(),
        ("deployments.apps" | "replicasets.apps", "Selector") => selector(object).into(),
        ("deployments.apps", "Ready") => {
            let ready = number(object, "/status/readyReplicas").unwrap_or(0);
            let wanted = number(object, "/spec/replicas").unwrap_or(0);
            format!("{ready}/{wanted}").into()
        }
        ("deployments.apps", "Up-to-date") => count("/status/updatedReplicas"),
        ("deployments.apps", _) => count("/status/availableReplicas"),
        ("replicasets.apps", "Desired") => count("/spec/replicas"),
        ("replicasets.apps", "Current") => count("/status/replicas"),
        ("replicasets.apps", _) => count("/status/readyReplicas"),
        ("services", _) => service(column, object),
        ("ingresses.networking.k8s.io", _) => ingress(column, object),
        ("configmaps" | "secrets", "Data") => {
            let entries = |field| {
                object
                    .get(field)
                    .and_then(Value::as_object)
                    .map_or(0, serde_json::Map::len)
            };
            (entries("data") + entries("binaryData")).into()
        }
        ("secrets", _) => plain("/type"),
        ("serviceaccounts", _) => items(object, "/secrets").len().into(),
        ("endpoints", _) => endpoints(object).into(),
        ("persistentvolumeclaims", "Volume") => plain("/spec/volumeName"),
        ("persistentvolumeclaims", "Capacity") => plain("/status/capacity/storage"),
        ("persistentvolumeclaims", "Access Modes") => modes(items(object, "/status/accessModes")),
        ("persistentvolumes", "Access Modes") => modes(items(object, "/spec/accessModes")),
        (_, "StorageClass") => plain("/spec/storageClassName"),
        (_, "VolumeAttributesClass") => UNSET.into(),
        (_, "VolumeMode") => plain("/spec/volumeMode"),
        ("persistentvolumes", "Capacity") => plain("/spec/capacity/storage"),
        ("persistentvolumes", "Reclaim Policy") => plain("/spec/persistentVolumeReclaimPolicy"),
        ("persistentvolumes", "Claim") => {
            let of = |part: &str| text(object, &format!("/spec/claimRef/{part}")).to_owned();
            format!("{}/{}", of("namespace"), of("name")).into()
        }
        ("persistentvolumes", "Reason") => plain("/status/reason"),
        ("events", _) => event(column, object),
        ("storageclasses.storage.k8s.io", "Provisioner") => plain("/provisioner"),
        ("storageclasses.storage.k8s.io", "ReclaimPolicy") => plain("/reclaimPolicy"),
        ("storageclasses.storage.k8s.io", "VolumeBindingMode") => plain("/volumeBindingMode"),
        ("storageclasses.storage.k8s.io", _) => {
            let grows = object.get("allowVolumeExpansion");
            (grows == Some(&Value::Bool(true))).into()
        }
        ("leases.coordination.k8s.io", _) => plain("/spec/holderIdentity"),
        _ => or_none("/status/phase"),
    }
}

fn node(column: &str, object: &Value) -> Value {
    let address = |kind: &str| {
        items(object, "/status/addresses")
            .iter()
            .find(|address| text(address, "/type") == kind)
            .map_or(NONE, |address| text(address, "/address"))
            .to_owned()
    };
    let info = |name: &str| text(object, &format!("/status/nodeInfo/{name}")).to_owned();
    match column {
        "Status" => {
            let ready = if condition_is_true(object, "Ready") {
                "Ready"
            } else {
                "NotReady"
            };
            match object.pointer("/spec/unschedulable") {
                Some(Value::Bool(true)) => format!("{ready},SchedulingDisabled"),
                _ => ready.to_owned(),
            }
        }
        "Roles" => {
            let labels = object
                .pointer("/metadata/labels")
                .and_then(Value::as_object);
            let roles: Vec<&str> = labels
                .into_iter()
                .flatten()
                .filter_map(|(name, _)| name.strip_prefix("node-role.kubernetes.io/"))
                .collect();
            if roles.is_empty() {
                NONE.to_owned()
            } else {
                roles.join(",")
            }
        }
        "Version" => info("kubeletVersion"),
        "Internal-IP" => address("InternalIP"),
        "External-IP" => address("ExternalIP"),
        "OS-Image" => info("osImage"),
        "Kernel-Version" => info("kernelVersion"),
        _ => info("containerRuntimeVersion"),
    }
    .into()
}

fn pod(column: &str, object: &Value) -> Value {
    let or_none = |pointer: &str| match text(object, pointer) {
        "" => NONE.to_owned(),
        some => some.to_owned(),
    };
    match column {
        "Ready" => {
            let all = items(object, "/spec/containers").len();
            let ready = usize::from(condition_is_true(object, "Ready")) * all;
            format!("{ready}/{all}")
        }
        "Status" => pod_state(object),
        "Restarts" => number(object, "/status/containerStatuses/0/restartCount")
            .unwrap_or(0)
            .to_string(),
        "IP" => or_none("/status/podIP"),
        "Node" => or_none("/spec/nodeName"),
        _ => NONE.to_owned(),
    }
    .into()
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

fn job(column: &str, object: &Value, now: Timestamp) -> Value {
    match column {
        "Status" if condition_is_true(object, "Complete") => "Complete".to_owned(),
        "Status" if condition_is_true(object, "Failed") => "Failed".to_owned(),
        "Status" if object.pointer("/metadata/deletionTimestamp").is_some() => {
            "Terminating".to_owned()
        }
        "Status" if object.pointer("/spec/suspend") == Some(&Value::Bool(true)) => {
            "Suspended".to_owned()
        }
        "Status" if condition_is_true(object, "FailureTarget") => "FailureTarget".to_owned(),
        "Status" => "Running".to_owned(),
        "Completions" => format!(
            "{}/{}",
            number(object, "/status/succeeded").unwrap_or(0),
            number(object, "/spec/completions").unwrap_or(1)
        ),
        "Duration" => {
            let (start, end) = (
                text(object, "/status/startTime"),
                text(object, "/status/completionTime"),
            );
            match end.parse() {
                _ if start.is_empty() => String::new(),
                Ok(end) => age(start, end),
                Err(_) => age(start, now),
            }
        }
        "Containers" => containers(object, "/name"),
        "Images" => containers(object, "/image"),
        _ => selector(object),
    }
    .into()
}

pub(super) fn containers(object: &Value, pointer: &str) -> String {
    let all: Vec<&str> = items(object, "/spec/template/spec/containers")
        .iter()
        .map(|container| text(container, pointer))
        .collect();
    all.join(",")
}

fn ingress(column: &str, object: &Value) -> Value {
    let joined = |all: Vec<&str>, none: &str| match all.as_slice() {
        [] => Value::from(none),
        all => all.join(",").into(),
    };
    match column {
        "Class" => match text(object, "/spec/ingressClassName") {
            "" => NONE.into(),
            class => class.into(),
        },
        "Hosts" => {
            let hosts = items(object, "/spec/rules").iter();
            let hosts = hosts.map(|rule| text(rule, "/host"));
            joined(hosts.filter(|host| !host.is_empty()).collect(), "*")
        }
        "Address" => {
            let all = items(object, "/status/loadBalancer/ingress").iter();
            let of = |one| match text(one, "/ip") {
                "" => text(one, "/hostname"),
                ip => ip,
            };
            joined(all.map(of).collect(), "")
        }
        _ if items(object, "/spec/tls").is_empty() => "80".into(),
        _ => "80, 443".into(),
    }
}

fn service(column: &str, object: &Value) -> Value {
    match column {
        "Type" => text(object, "/spec/type").to_owned(),
        "Cluster-IP" => match text(object, "/spec/clusterIP") {
            "" => NONE.to_owned(),
            address => address.to_owned(),
        },
        "External-IP" => match text(object, "/status/loadBalancer/ingress/0/hostname") {
            "" if text(object, "/spec/type") == "LoadBalancer" => "<pending>".to_owned(),
            "" => NONE.to_owned(),
            host => host.to_owned(),
        },
        "Selector" => {
            let labels = object.pointer("/spec/selector").and_then(Value::as_object);
            let parts: Vec<String> = labels
                .into_iter()
                .flatten()
                .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
                .collect();
            if parts.is_empty() {
                NONE.to_owned()
            } else {
                parts.join(",")
            }
        }
        _ => {
            let ports: Vec<String> = items(object, "/spec/ports")
                .iter()
                .map(|port| {
                    let outside =
                        number(port, "/nodePort").map_or(String::new(), |port| format!(":{port}"));
                    format!("{}{outside}/{}", port["port"], text(port, "/protocol"))
                })
                .collect();
            ports.join(",")
        }
    }
    .into()
}

fn endpoints(object: &Value) -> String {
    let addresses: Vec<&str> = items(object, "/subsets")
        .iter()
        .flat_map(|subset| items(subset, "/addresses"))
        .map(|address| text(address, "/ip"))
        .collect();
    if addresses.is_empty() {
        NONE.to_owned()
    } else {
        addresses.join(",")
    }
}

fn modes(modes: &[Value]) -> Value {
    let short: Vec<&str> = modes
        .iter()
        .filter_map(Value::as_str)
        .map(|mode| match mode {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            "ReadWriteOncePod" => "RWOP",
            other => other,
        })
        .collect();
    short.join(",").into()
}

fn class_name(object: &Value) -> String {
    let name = text(object, "/metadata/name");
    let mark = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
    if text(object, mark) == "true" {
        format!("{name} (default)")
    } else {
        name.to_owned()
    }
}

fn event(column: &str, object: &Value) -> Value {
    match column {
        "Type" => text(object, "/type").to_owned(),
        "Reason" => text(object, "/reason").to_owned(),
        "Message" => text(object, "/message").trim().to_owned(),
        "Subobject" => text(object, "/involvedObject/fieldPath").to_owned(),
        "Source" => {
            let (component, host) = (
                text(object, "/source/component"),
                text(object, "/source/host"),
            );
            if host.is_empty() {
                component.to_owned()
            } else {
                format!("{component}, {host}")
            }
        }
        "Count" => return number(object, "/count").unwrap_or(1).into(),
        _ => format!(
            "{}/{}",
            text(object, "/involvedObject/kind").to_lowercase(),
            text(object, "/involvedObject/name")
        ),
    }
    .into()
}

/// How long ago a time was, as kubectl shows it: the more recent, the finer.
pub(super) fn age(since: &str, now: Timestamp) -> String {
    let Ok(since) = since.parse::<Timestamp>() else {
        return "<unknown>".to_owned();
    };
    let seconds = now.duration_since(since).as_secs();
    let two = |large: i64, unit: char, small: i64, part: char| match small {
        0 => format!("{large}{unit}"),
        small => format!("{large}{unit}{small}{part}"),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, 'd', hours % 24, 'h'),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    fn check(seconds: i64, expected: &str) {
        let since = "2026-03-01T10:00:00Z";
        let start: jiff::Timestamp = since.parse().unwrap();
        let now = jiff::Timestamp::from_second(start.as_second() + seconds).unwrap();
        assert_eq!(age(since, now), expected, "{seconds}");
    }

    #[test]
    fn recent_ages_are_shown_with_finer_units() {
        check(5, "5s");
        check(119, "119s");
        check(127, "2m7s");
        check(180, "3m");
        check(23 * 60 + 5, "23m");
        check(3 * 3600 + 60, "3h1m");
        check(9 * 3600 + 60, "9h");
        check(2 * 86_400 + 3600, "2d1h");
        check(9 * 86_400 + 3600, "9d");
    }
}

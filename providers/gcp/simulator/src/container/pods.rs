//! What the pods of Autopilot clusters are billed for: their requests, from their start to their end.
//!
//! Requests are rounded up: vCPUs to quarters, memory to at least 1 GiB for each vCPU; a pod without requests has half a
//! vCPU and 2 GiB (GKE documentation, resource requests in Autopilot). What Google runs in `kube-system` costs nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{Rounding, Usage};
use serde_json::Value;

use super::cluster::Cluster;
use crate::state::State;
use crate::{prices, skus};

/// The least vCPUs and GiB of a pod without requests, hundredths.
const DEFAULT: (i64, i64) = (50, 200);
/// The steps of vCPUs, hundredths.
const STEP: i64 = 25;
const GIB: i64 = 1 << 30;

/// A pod that is billed.
struct Pod {
    uid: String,
    from: Timestamp,
    /// When its last container ended, if all have.
    to: Option<Timestamp>,
    /// Hundredths of vCPUs and of GiB.
    requests: (i64, i64),
}

fn key_of(cluster: &str, uid: &str, part: &str) -> String {
    format!("container/{cluster}/pods/{uid}/{part}")
}

/// Starts and stops the usage of a cluster's pods, as far as the cluster is one of Autopilot.
pub(super) fn meter(state: &mut State, key: &str) {
    let Some(cluster) = state.container.clusters.get(key).cloned() else {
        return;
    };
    let Some(server) = state.container.servers.get(key) else {
        return;
    };
    if !cluster.is_autopilot() {
        return;
    }
    let pods: Vec<Pod> = server.objects("pods").iter().filter_map(read).collect();
    let now = state.now;
    if cluster.region() != prices::REGION {
        if !pods.is_empty() {
            let what = format!("pods in {}", cluster.region());
            state.unpriced.insert(what);
        }
        return;
    }
    let billed = state.container.pods.entry(key.to_owned()).or_default();
    let there: BTreeSet<&str> = pods.iter().map(|pod| pod.uid.as_str()).collect();
    let gone: Vec<String> = billed
        .iter()
        .filter(|uid| !there.contains(uid.as_str()))
        .cloned()
        .collect();
    let new: Vec<&Pod> = pods
        .iter()
        .filter(|pod| billed.insert(pod.uid.clone()))
        .collect();
    for pod in new {
        for (part, usage) in usages(&cluster, pod) {
            let meter = key_of(key, &pod.uid, part);
            state.meter.start(meter, usage, pod.from);
        }
    }
    let ended = pods.iter().filter_map(|pod| Some((&pod.uid, pod.to?)));
    let gone = gone.iter().map(|uid| (uid, now));
    for (uid, at) in ended.chain(gone) {
        stop(state, key, uid, at);
    }
}

/// Stops the usage of all pods of a cluster, which is gone.
pub(super) fn stop_all(state: &mut State, key: &str) {
    let now = state.now;
    for uid in state.container.pods.remove(key).unwrap_or_default() {
        stop(state, key, &uid, now);
    }
}

fn stop(state: &mut State, key: &str, uid: &str, at: Timestamp) {
    for part in ["cpu", "memory"] {
        state.meter.stop(&key_of(key, uid, part), at);
    }
}

fn usages(cluster: &Cluster, pod: &Pod) -> [(&'static str, Usage); 2] {
    let usage = |usage_type: &str, unit: &str, usd: Decimal, hundredths: i64| Usage {
        line: "pods".to_owned(),
        service: skus::KUBERNETES_ENGINE.to_owned(),
        usage_type: usage_type.to_owned(),
        unit: unit.to_owned(),
        usd_per_unit: usd,
        amount: Decimal::new(hundredths, 2),
        rounding: Rounding::Seconds { min_seconds: 0 },
        resource_id: cluster.name.clone(),
        tags: cluster.labels(),
        run_id: cluster.run(),
    };
    let (cpu, gib) = pod.requests;
    let (cpu_price, gib_price) = prices::of_pods();
    [
        ("cpu", usage(skus::POD_CPU, "Hrs", cpu_price, cpu)),
        ("memory", usage(skus::POD_MEMORY, "GB-Hrs", gib_price, gib)),
    ]
}

/// A pod that has started on a node, and is not Google's.
fn read(pod: &Value) -> Option<Pod> {
    let text = |path: &str| pod.pointer(path).and_then(Value::as_str);
    if text("/metadata/namespace") == Some("kube-system") {
        return None;
    }
    let list = |path: &str| pod.pointer(path).and_then(Value::as_array);
    let statuses = list("/status/containerStatuses");
    let ends = statuses.into_iter().flatten().map(|status| {
        let end = status.pointer("/state/terminated/finishedAt")?;
        end.as_str()?.parse().ok()
    });
    let ends: Option<Vec<Timestamp>> = ends.collect();
    let containers = list("/spec/containers").into_iter().flatten();
    let mut asked = (0, 0);
    for container in containers {
        let request = |name: &str| {
            let value = container.pointer(&format!("/resources/requests/{name}"));
            value.and_then(Value::as_str).unwrap_or_default()
        };
        asked.0 += hundredths_of_cpu(request("cpu")).unwrap_or(0);
        asked.1 += bytes(request("memory")).unwrap_or(0);
    }
    Some(Pod {
        uid: text("/metadata/uid")?.to_owned(),
        from: text("/status/startTime")?.parse().ok()?,
        to: ends.and_then(|ends| ends.into_iter().max()),
        requests: rounded(asked),
    })
}

/// The hundredths of vCPUs and of GiB that are billed for what was asked: hundredths of vCPUs, and bytes.
fn rounded((cpu, bytes): (i64, i64)) -> (i64, i64) {
    if cpu == 0 && bytes == 0 {
        return DEFAULT;
    }
    let cpu = ((cpu + STEP - 1) / STEP).max(1) * STEP;
    let gib = (bytes.saturating_mul(100) + GIB - 1) / GIB;
    (cpu, gib.max(cpu))
}

/// `250m` or `2`, rounded up.
fn hundredths_of_cpu(text: &str) -> Option<i64> {
    match text.strip_suffix('m') {
        Some(milli) => milli.parse::<i64>().ok().map(|milli| (milli + 9) / 10),
        None => text.parse::<i64>().ok().map(|whole| whole * 100),
    }
}

/// `512Mi`, `2Gi`, or plain bytes.
fn bytes(text: &str) -> Option<i64> {
    let units = [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", GIB)];
    let found = units
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let (number, size) = found.unwrap_or((text, 1));
    number.parse::<i64>().ok().map(|number| number * size)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_rounded_up_and_have_a_least() {
        let check = |cpu: &str, memory: &str, expected: (i64, i64)| {
            let pod = json!({
                "metadata": {"uid": "u", "namespace": "default"},
                "spec": {"containers": [{"resources": {"requests": {"cpu": cpu, "memory": memory}}}]},
                "status": {"startTime": "2026-11-29T10:00:00Z"},
            });
            assert_eq!(read(&pod).unwrap().requests, expected, "{cpu} {memory}");
        };
        check("50m", "32Mi", (25, 25));
        check("260m", "32Mi", (50, 50));
        check("1", "2Gi", (100, 200));
        check("", "", DEFAULT);
    }

    #[test]
    fn only_pods_that_have_started_and_are_not_googles_are_billed() {
        let pod = |namespace: &str, status: Value| json!({"metadata": {"uid": "u", "namespace": namespace}, "status": status});
        let started = json!({"startTime": "2026-11-29T10:00:00Z"});
        assert!(read(&pod("default", json!({}))).is_none());
        assert!(read(&pod("kube-system", started.clone())).is_none());
        assert_eq!(read(&pod("default", started)).unwrap().to, None);
        let ended = json!({
            "startTime": "2026-11-29T10:00:00Z",
            "containerStatuses": [{"state": {"terminated": {"finishedAt": "2026-11-29T10:00:09Z"}}}],
        });
        let ended = read(&pod("default", ended)).unwrap();
        assert_eq!(ended.to, "2026-11-29T10:00:09Z".parse().ok());
    }
}

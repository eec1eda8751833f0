//! Nodes: how they join and leave, and their leases.

use serde_json::{Value, json};

use crate::api::delete::{Propagation, remove};
use crate::cloud_provider::{NewNode, NodeRoom};
use crate::cluster::Cluster;
use crate::controllers::events::KUBELET;
use crate::json::{micro_time, set, set_default, text};
use crate::node::{kubelet, scheduler};
use crate::store::Key;
use crate::store::types::Type;

/// Namespace of the nodes' leases.
pub(crate) const LEASES: &str = "kube-node-lease";

/// How many pods a node takes if nothing says otherwise: kubelet's default.
const PODS_MAX: u32 = 110;

fn room(room: NodeRoom) -> Value {
    let cpu = match room.millicpus {
        whole if whole % 1000 == 0 => (whole / 1000).to_string(),
        part => format!("{part}m"),
    };
    json!({
        "cpu": cpu, "memory": format!("{}Ki", u64::from(room.memory_mib) * 1024),
        "pods": room.pods.to_string(), "ephemeral-storage": "20959212Ki",
    })
}

/// A node joins and is Ready.
pub(crate) fn join(cluster: &mut Cluster, node: &NewNode) {
    let now = cluster.stamp();
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    let mut labels = serde_json::to_value(&node.labels).unwrap_or_default();
    set(&mut labels, "/kubernetes.io~1hostname", node.name.clone());
    set(&mut labels, "/kubernetes.io~1os", "linux");
    set_default(&mut labels, "/kubernetes.io~1arch", "amd64");
    let architecture = text(&labels, "/kubernetes.io~1arch").to_owned();
    let whole = NodeRoom {
        pods: PODS_MAX,
        millicpus: node.cpus * 1000,
        memory_mib: node.memory_mib,
    };
    let offered = cluster.rooms.get(&node.name).copied().unwrap_or(whole);
    let capacity = room(NodeRoom {
        pods: offered.pods,
        ..whole
    });
    let allocatable = room(offered);
    let machine = cluster.ids.hex(32);
    let taints = cluster.taints.get(&node.name).cloned();
    let mut object = json!({
        "metadata": {"name": node.name, "labels": labels},
        "spec": {"providerID": node.provider_id},
        "status": {
            "capacity": capacity, "allocatable": allocatable,
            "addresses": [
                {"type": "InternalIP", "address": node.address},
                {"type": "Hostname", "address": node.name},
            ],
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure",
                    "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID",
                    "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": machine, "systemUUID": machine, "bootID": cluster.ids.uuid(),
                "kernelVersion": "6.12.0", "osImage": "Linux (simulated)",
                "containerRuntimeVersion": "containerd://2.1.0",
                "kubeletVersion": format!("v{}.0", cluster.version),
                "kubeProxyVersion": format!("v{}.0", cluster.version),
                "operatingSystem": "linux", "architecture": architecture,
            },
        },
    });
    if let Some(taints) = taints {
        set(&mut object, "/spec/taints", taints);
    }
    let key = cluster.add(Type::of("nodes"), "", object);
    let lease = json!({
        "metadata": {"name": node.name},
        "spec": {"holderIdentity": node.name, "leaseDurationSeconds": 40},
    });
    cluster.add(Type::of("leases.coordination.k8s.io"), LEASES, lease);
    let message = format!("Node {} status is now: NodeReady", node.name);
    cluster.event(KUBELET, &key, false, "NodeReady", &message);
    scheduler::look_again(cluster);
    cluster.settle();
}

/// A node is gone, and its pods with it.
pub(crate) fn leave(cluster: &mut Cluster, name: &str) {
    let lost: Vec<Key> = cluster
        .store
        .of_type("pods", None)
        .filter(|(_, pod)| text(pod, "/spec/nodeName") == name)
        .map(|(key, _)| key.clone())
        .collect();
    for key in lost {
        kubelet::lose(cluster, &key);
    }
    let lease = Key::new("leases.coordination.k8s.io", LEASES, name);
    remove(cluster, &lease, Propagation::Background, None);
    remove(
        cluster,
        &Key::new("nodes", "", name),
        Propagation::Background,
        None,
    );
    cluster.settle();
}

/// A lease as it is read now. A live node renews its own every ten seconds; storing each renewal would be most
/// of the server's work.
pub(crate) fn renewed(cluster: &Cluster, key: &Key, object: &Value) -> Value {
    let mut lease = object.clone();
    let alive = cluster
        .store
        .get(&Key::new("nodes", "", &key.name))
        .is_some();
    if key.namespace == LEASES && alive {
        let second = cluster.now.as_second().div_euclid(10) * 10;
        let at = jiff::Timestamp::from_second(second).unwrap_or(cluster.now);
        set(&mut lease, "/spec/renewTime", micro_time(at));
    }
    lease
}

//! The nodes of a cluster: they are its machines.

use std::collections::BTreeMap;

use kubeproof_kubernetes_simulator::cloud_provider::NewNode;
use serde_json::Value;

use super::node_group::set_key;
use crate::arm::{self, Item, children};
use crate::compute::scale_sets::computer;
use crate::compute::sizes;
use crate::state::State;

/// New machines join a cluster, and those that are gone leave it.
pub(super) fn sync_nodes(state: &mut State, cluster: &Item) {
    let mut machines = BTreeMap::new();
    for pool in children(state, &cluster.key()) {
        let Some(pool) = state.arm.items.get(&pool).cloned() else {
            continue;
        };
        let set = set_key(state, cluster, &pool.name);
        for key in children(state, &set) {
            if let Some(machine) = state.arm.items.get(&key) {
                machines.insert(
                    key.clone(),
                    (computer(machine).to_owned(), machine.clone(), pool.clone()),
                );
            }
        }
    }
    let Some(running) = state.aks.running.get_mut(&cluster.key()) else {
        return;
    };
    let gone: Vec<String> = running
        .nodes
        .keys()
        .filter(|key| !machines.contains_key(*key))
        .cloned()
        .collect();
    for key in gone {
        if let Some(name) = running.nodes.remove(&key) {
            running.server.remove_node(&name);
        }
    }
    for (index, (key, (name, machine, pool))) in machines.into_iter().enumerate() {
        if running.nodes.contains_key(&key) {
            continue;
        }
        if let Some(node) = node(cluster, &machine, &pool, index) {
            let gpus = sizes::find(pool.text("vmSize")).map_or(0, |size| size.gpus);
            if gpus > 0 {
                running.server.node_has_gpus(&name, gpus);
            }
            for taint in taints(&pool) {
                running.server.node_has_taint(&name, &taint);
            }
            running.server.add_node(node);
            running.nodes.insert(key, name);
        }
    }
}

/// The taints of a pool's nodes: those that it was given, and that of machines that may be taken away.
fn taints(pool: &Item) -> Vec<String> {
    let given = pool.property("nodeTaints").as_array().into_iter().flatten();
    let given = given.filter_map(Value::as_str).map(str::to_owned);
    let spot = (pool.text("scaleSetPriority") == "Spot")
        .then(|| "kubernetes.azure.com/scalesetpriority=spot:NoSchedule".to_owned());
    given.chain(spot).collect()
}

fn node(cluster: &Item, machine: &Item, pool: &Item, index: usize) -> Option<NewNode> {
    let size = sizes::find(pool.text("vmSize"))?;
    let zone = machine
        .document
        .get("zones")
        .and_then(|zones| zones[0].as_str());
    let zone = zone.map_or_else(
        || "0".to_owned(),
        |zone| format!("{}-{zone}", cluster.location),
    );
    let mut labels: BTreeMap<String, String> = [
        ("agentpool", pool.name.as_str()),
        ("kubernetes.azure.com/agentpool", &pool.name),
        (
            "kubernetes.azure.com/cluster",
            cluster.text("nodeResourceGroup"),
        ),
        (
            "kubernetes.azure.com/mode",
            &pool.text("mode").to_ascii_lowercase(),
        ),
        ("kubernetes.io/arch", "amd64"),
        ("node.kubernetes.io/instance-type", size.name),
        ("topology.kubernetes.io/region", &cluster.location),
        ("topology.kubernetes.io/zone", &zone),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    if pool.text("scaleSetPriority") == "Spot" {
        labels.insert(
            "kubernetes.azure.com/scalesetpriority".to_owned(),
            "spot".to_owned(),
        );
    }
    labels.extend(arm::texts(
        &pool
            .property("nodeLabels")
            .as_object()
            .cloned()
            .unwrap_or_default(),
    ));
    Some(NewNode {
        name: computer(machine).to_owned(),
        provider_id: format!("azure://{}", machine.id.to_ascii_lowercase()),
        labels,
        cpus: size.vcpus,
        memory_mib: size.memory_mib,
        address: format!("10.224.{}.{}", index / 250, 4 + index % 250),
    })
}

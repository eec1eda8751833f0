//! GPUs of nodes: offered once a device plugin runs there and the node has a driver.
//!
//! Without the plugin a node with GPUs offers none. This server has no daemon sets: the caller says that the
//! plugin runs.

use crate::cluster::{Cluster, Due};
use crate::json::set;
use crate::node::scheduler;
use crate::store::Key;

/// The name of the resource that the plugin offers.
pub(crate) const GPU: &str = "nvidia.com/gpu";
/// How long a plugin takes to be pulled, to start and to register, milliseconds.
const STARTS: (u64, u64) = (15_000, 40_000);

/// Starts the plugin on nodes where it does not run yet.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    if !cluster.device_plugin {
        return;
    }
    let waiting: Vec<String> = cluster
        .gpus
        .keys()
        .filter(|node| !cluster.served.contains(&format!("{node}/gpus")))
        .filter(|node| cluster.store.get(&Key::new("nodes", "", node)).is_some())
        .cloned()
        .collect();
    for node in waiting {
        cluster.served.insert(format!("{node}/gpus"));
        let delay = cluster.between(STARTS.0, STARTS.1);
        cluster.after(delay, Due::Devices(node));
    }
}

/// The plugin of a node has registered: its GPUs can be requested.
pub(crate) fn offer(cluster: &mut Cluster, node: &str) {
    let Some(count) = cluster.gpus.get(node).copied() else {
        return;
    };
    let name = GPU.replace('/', "~1");
    cluster.modify(&Key::new("nodes", "", node), |value| {
        for part in ["capacity", "allocatable"] {
            set(value, &format!("/status/{part}/{name}"), count.to_string());
        }
    });
    scheduler::look_again(cluster);
}

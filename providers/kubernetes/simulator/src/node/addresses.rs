//! The addresses of pods: from the network of their node's subnet where the cloud gives them out, otherwise from a
//! network of the cluster's own.

use std::net::Ipv4Addr;

use crate::cluster::Cluster;
use crate::json::text;

/// The next address of a pod on a node.
pub(crate) fn next(cluster: &mut Cluster, node: &str) -> String {
    if let Some(range) = cluster.pod_networks.get(node).copied() {
        return of_subnet(cluster, range);
    }
    cluster.addresses += 1;
    format!(
        "10.0.{}.{}",
        cluster.addresses / 250 % 250,
        cluster.addresses % 250 + 4
    )
}

/// The highest free address of a subnet. Machines and balancers get theirs from below.
fn of_subnet(cluster: &Cluster, (first, size): (Ipv4Addr, u32)) -> String {
    let pods = cluster.store.of_type("pods", None);
    let used: std::collections::BTreeSet<&str> =
        pods.map(|(_, pod)| text(pod, "/status/podIP")).collect();
    // The last address is the network's broadcast, and the first four are the cloud's.
    let free = (4..size.saturating_sub(1)).rev().map(|offset| {
        let address = Ipv4Addr::from(u32::from(first).saturating_add(offset));
        address.to_string()
    });
    let mut free = free.filter(|address| !used.contains(address.as_str()));
    free.next().unwrap_or_default()
}

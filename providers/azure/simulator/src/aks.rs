//! Kubernetes Service: clusters and agent pools, what they make in their node resource group, and their API servers.

mod accounts;
mod autoscaler;
mod cloud_controller;
pub(crate) mod cluster;
mod credentials;
mod input;
mod kubernetes;
mod node_group;
mod nodes;
pub(crate) mod pool;
mod power;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kubeproof_kubernetes_simulator::server::ApiServer;

use crate::network::addresses::{ADDRESSES, NAT_GATEWAYS};
use crate::network::vnets::VNETS;
use crate::route::Table;
use crate::setup::RUN_TAG;
use crate::{graph, state};

pub(crate) use autoscaler::scaled;
pub(crate) use kubernetes::{advance, answer, carry_out, cluster_of, hosts};
pub(crate) use node_group::{group_gone, machines_gone};
pub(crate) use power::switched;

/// The tables of this namespace.
pub(crate) const TABLES: &[Table] = &[
    cluster::TABLE,
    pool::TABLE,
    credentials::TABLE,
    versions::TABLE,
];

/// The shortest time to a ready cluster with what the caller made for it, and the chain that takes it.
pub(crate) fn fastest_ready(state: &state::State) -> (Duration, String) {
    let has_gateway = state
        .arm
        .items
        .all()
        .any(|item| item.is(&NAT_GATEWAYS) && !state.arm.exempt.contains(&item.unique));
    let (mut before, mut chain) = if has_gateway {
        let seconds = ADDRESSES.seconds[0] + NAT_GATEWAYS.seconds[0];
        (seconds, "public address → NAT gateway → virtual network")
    } else {
        (0, "virtual network")
    };
    before += VNETS.seconds[0];
    let clusters = state
        .arm
        .items
        .all()
        .filter(|item| item.is(&cluster::CLUSTERS));
    let clients = clusters.filter_map(|item| {
        let profile = item.property("servicePrincipalProfile");
        profile["clientId"].as_str().map(str::to_owned)
    });
    let spreading = clients.filter_map(|client| graph::spreading(state, &client));
    if let Some(seconds) = spreading.max().filter(|seconds| *seconds > before) {
        (before, chain) = (seconds, "application, known everywhere");
    }
    let seconds = u64::try_from(before + cluster::CREATION).unwrap_or_default();
    let chain = format!("resource group → {chain} → cluster with its nodes");
    (Duration::from_secs(seconds), chain)
}

/// What is known of a cluster that runs.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    server: ApiServer,
    /// The tokens in the credentials of administrators and of users.
    tokens: [String; 2],
    /// The names of its nodes, by the keys of their machines.
    nodes: BTreeMap<String, String>,
}

/// The state of the service: the running clusters, by their keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    running: BTreeMap<String, Running>,
    /// The version of each API server's objects that the cloud's controllers saw last.
    seen: BTreeMap<String, u64>,
    /// The clusters whose autoscalers wait for something.
    scaling: BTreeSet<String>,
}

/// The run that the resources of a group belong to when they do not say so: that of the cluster that they are for, or
/// of the group.
pub(crate) fn run_of_group(state: &state::State, group: &str) -> Option<String> {
    let group = state.groups.get(&group.to_ascii_lowercase())?;
    let owner = group
        .managed_by
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let cluster = state.arm.items.get(&owner);
    let of_cluster = cluster.and_then(|cluster| {
        let of_its_group = || state.groups.get(&cluster.group.to_ascii_lowercase())?.run();
        cluster.run().or_else(of_its_group)
    });
    let tag = || {
        group
            .tags
            .get(RUN_TAG)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    of_cluster.or_else(tag)
}

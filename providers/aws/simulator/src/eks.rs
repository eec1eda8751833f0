//! EKS: clusters, node groups, access, and the resources that it creates in the account.
//!
//! `route` has the table of operations; each concept has its own file.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::resource::Resource;

use crate::state::State;

pub mod access;
pub mod access_policies;
pub mod addon_updates;
pub mod addon_versions;
pub mod addons;
pub mod aws_auth;
pub mod cloud_controller;
pub mod cluster;
pub mod cluster_create;
pub mod cluster_lifecycle;
pub mod cluster_update;
pub mod encryption;
pub mod failure;
pub mod fargate;
pub mod fargate_pods;
pub mod input;
pub mod kube_system;
pub mod kubernetes;
pub mod managed_resources;
pub mod node_group;
pub mod node_group_create;
pub mod node_group_lifecycle;
pub mod node_group_update;
pub mod node_template;
pub mod nodes;
pub mod pod_identity;
pub mod pod_limits;
pub mod replacement;
pub mod route;
pub mod signature;
pub mod support;
pub mod tags;
pub mod token;
pub mod updates;
pub mod versions;

pub use replacement::machine_ends;
pub use route::{answer, operation};

/// EKS's store.
#[derive(Clone, Debug, Default)]
pub struct Eks {
    /// Clusters by name.
    pub clusters: BTreeMap<String, cluster::Cluster>,
    /// Whether a cluster was ever created.
    pub ever_made: bool,
    /// The next serial number: distinguishes a cluster from a later one of the same name.
    pub serial: u64,
}

impl Eks {
    /// A new serial number.
    pub fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

/// The key of a node group, which may be gone: timers also name it by its serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupKey {
    pub cluster: String,
    /// The node group.
    pub group: String,
    /// Its serial number.
    pub serial: u64,
}

/// What happens later in EKS.
#[derive(Clone, Debug)]
pub enum Event {
    /// A cluster is ready.
    ClusterActive(String, u64),
    /// A cluster could not be created, for this reason.
    ClusterFailed(String, u64, String),
    ClusterGone(String, u64),
    /// A cluster could not be deleted and is ACTIVE again.
    ClusterStays(String, u64),
    /// The interfaces (and then the security group) of a deleted cluster are deleted too.
    InterfacesGone(Vec<String>, String),
    /// A node group launches its instances.
    Launch(GroupKey),
    /// A node group's instances try to join; the number counts the tries.
    Join(GroupKey, u32),
    /// A machine of a node group has ended without the group, which notices it.
    MachineMissed(GroupKey, String),
    /// The machine that took its place tries to join; the number counts the tries.
    ReplacementJoins(GroupKey, u32),
    /// A node group is ready.
    GroupActive(GroupKey),
    /// A node group fails with this health code.
    GroupFailed(GroupKey, String),
    /// A node group's instances are drained and terminated.
    Drained(GroupKey),
    /// An add-on is installed, or could not be, for this reason.
    AddonMade(addons::AddonKey, Option<String>),
    /// The deletion of an add-on has succeeded or failed.
    AddonGone(addons::AddonKey, bool),
    /// A node group is gone.
    GroupGone(GroupKey),
    /// A node group could not be deleted.
    GroupStays(GroupKey, String),
    /// A Fargate profile is ready, or could not be made, for this reason.
    FargateMade(fargate::ProfileKey, Option<String>),
    /// The deletion of a Fargate profile has succeeded or failed.
    FargateGone(fargate::ProfileKey, bool),
    /// The machine of a pod on Fargate, known by its uid, is there.
    FargatePodStarts(fargate::ProfileKey, String),
    /// An update of a cluster (or of its node group) has succeeded or failed.
    UpdateEnded(String, String, bool),
    /// The support of a cluster's version ends.
    SupportEnds(String, u64),
    /// The leftovers of a service's removed load balancer are deleted; the number counts the tries left.
    BalancerLeftovers(cloud_controller::BalancerLeftovers, u32),
}

/// Lets an event happen.
pub fn happen(state: &mut State, event: Event) {
    match event {
        Event::ClusterActive(name, serial) => cluster_lifecycle::active(state, &name, serial),
        Event::ClusterFailed(name, serial, code) => {
            cluster_lifecycle::failed(state, &name, serial, &code);
        }
        Event::ClusterGone(name, serial) => cluster_lifecycle::gone(state, &name, serial),
        Event::ClusterStays(name, serial) => cluster_lifecycle::stays(state, &name, serial),
        Event::InterfacesGone(ids, group) => {
            managed_resources::remove_interfaces(state, &ids, &group);
        }
        Event::Launch(key) => node_group_lifecycle::launch(state, &key),
        Event::Join(key, tries) => node_group_lifecycle::join(state, &key, tries),
        Event::MachineMissed(key, instance) => replacement::missed(state, &key, &instance),
        Event::ReplacementJoins(key, tries) => replacement::joins(state, &key, tries),
        Event::GroupActive(key) => node_group_lifecycle::active(state, &key),
        Event::GroupFailed(key, code) => node_group_lifecycle::failed(state, &key, &code),
        Event::Drained(key) => node_group_lifecycle::drained(state, &key),
        Event::AddonMade(key, failure) => addons::made(state, &key, failure),
        Event::AddonGone(key, well) => addon_updates::gone(state, &key, well),
        Event::FargateMade(key, failure) => fargate::made(state, &key, failure),
        Event::FargateGone(key, well) => fargate::gone(state, &key, well),
        Event::FargatePodStarts(key, uid) => fargate_pods::starts(state, &key, &uid),
        Event::GroupGone(key) => node_group_lifecycle::gone(state, &key),
        Event::GroupStays(key, code) => node_group_lifecycle::stays(state, &key, &code),
        Event::UpdateEnded(cluster, id, well) => updates::end(state, &cluster, &id, well),
        Event::SupportEnds(name, serial) => support::ends(state, &name, serial),
        Event::BalancerLeftovers(rest, tries) => {
            cloud_controller::remove_leftovers(state, rest, tries);
        }
    }
}

/// Schedules an event of EKS.
fn after(state: &mut State, wait: Duration, event: Event) {
    state.after(wait, crate::state::Event::Eks(event));
}

/// The shortest time to a ready cluster that the durations allow, and the chain of waits as text.
/// `None` if no cluster was ever created.
pub fn fastest_ready(state: &State) -> Option<(Duration, String)> {
    if !state.eks.ever_made {
        return None;
    }
    let durations = &state.durations;
    let chain = [
        ("iam", durations.iam_propagation),
        ("cluster", durations.cluster_create),
        ("node group", durations.node_group_create),
    ];
    // NAT gateways are ready long before the cluster is, so they are not in the chain.
    let steps: Vec<String> = chain
        .iter()
        .map(|(what, time)| format!("{what} {} s", time.as_secs()))
        .collect();
    Some((chain.iter().map(|(_, time)| *time).sum(), steps.join(" → ")))
}

/// Adds all EKS resources that exist.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    for cluster in state.eks.clusters.values() {
        all.push(cluster::resource(state, cluster));
        all.extend(
            cluster
                .node_groups
                .values()
                .map(|group| node_group::resource(&state.setup.region, &cluster.name, group)),
        );
        let profiles = cluster.fargate.values();
        let region = &state.setup.region;
        all.extend(profiles.map(|one| fargate::resource(region, &cluster.name, one)));
    }
}

/// The ARN of a node group. It ends in an id, which a group that does not exist has not.
pub fn node_group_arn(state: &State, cluster: &str, group: &str) -> String {
    let known = state.eks.clusters.get(cluster);
    let known = known.and_then(|cluster| cluster.node_groups.get(group));
    match known {
        Some(group) if !group.arn.is_empty() => group.arn.clone(),
        _ => state.arn("eks", &format!("nodegroup/{cluster}/{group}/none")),
    }
}

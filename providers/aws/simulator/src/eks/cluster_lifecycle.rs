//! The lifecycle of a cluster after its creation: ready, failed, deleted, gone.

use kubeproof_kubernetes_simulator::server::ApiServer;

use super::cluster::{Cluster, Issue, answer};
use super::failure::{in_use, invalid_request};
use super::input::{self, Ending};
use super::kube_system::{self, Place};
use super::{Event, after, encryption, managed_resources, versions};
use crate::billing::usage;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

fn find<'a>(state: &'a mut State, name: &str, serial: u64) -> Option<&'a mut Cluster> {
    state
        .eks
        .clusters
        .get_mut(name)
        .filter(|cluster| cluster.serial == serial)
}

/// A cluster that is still being created becomes ACTIVE, with its API server.
pub(super) fn active(state: &mut State, name: &str, serial: u64) {
    let region = state.setup.region.clone();
    let Some(cluster) = find(state, name, serial) else {
        return;
    };
    if cluster.status != "CREATING" {
        return;
    }
    "ACTIVE".clone_into(&mut cluster.status);
    cluster.was_active = true;
    let version = cluster.version.clone();
    let installs = cluster.self_managed_addons;
    let issuer = cluster.issuer(&region);
    let service_cidr = cluster.network.service_cidr.clone();
    let seed = state.setup.seed ^ serial;
    let mut server = ApiServer::new(name, &version, seed, state.now);
    server.issues_as(&issuer);
    let place = Place {
        region: &region,
        minor: versions::minor(&version),
        service_cidr: &service_cidr,
    };
    kube_system::begin(&mut server, place);
    for addon in kube_system::USUAL.into_iter().filter(|_| installs) {
        kube_system::install(&mut server, addon, place);
    }
    server.begins();
    state.kubernetes.insert(name.to_owned(), server);
}

/// A cluster that is still being created becomes FAILED.
pub(super) fn failed(state: &mut State, name: &str, serial: u64, code: &str) {
    let Some(cluster) = find(state, name, serial) else {
        return;
    };
    if cluster.status != "CREATING" {
        return;
    }
    "FAILED".clone_into(&mut cluster.status);
    cluster.issues.push(Issue {
        code: code.to_owned(),
        message: "The cluster could not be created".to_owned(),
        resource_ids: vec![name.to_owned()],
    });
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let usually = state.durations.cluster_delete;
    let cluster = input::cluster_mut(state, call)?;
    let (name, serial) = (cluster.name.clone(), cluster.serial);
    // Deleting a cluster that is already being deleted changes nothing.
    if cluster.status != "DELETING" {
        refuse_deletion(cluster)?;
        "DELETING".clone_into(&mut cluster.status);
        match input::ending(call, usually) {
            Ending::Well(wait) => after(state, wait, Event::ClusterGone(name.clone(), serial)),
            // EKS has no state for a failed deletion: the cluster is simply ACTIVE again.
            Ending::Badly(_) => after(state, usually, Event::ClusterStays(name.clone(), serial)),
            Ending::Never => {}
        }
    }
    Ok(answer(state, input::cluster(state, call)?))
}

fn refuse_deletion(cluster: &Cluster) -> Result<(), AwsError> {
    if cluster.deletion_protection {
        return Err(invalid_request(
            "Cannot delete the cluster because deletion protection is enabled",
        ));
    }
    if !cluster.node_groups.is_empty() {
        return Err(
            in_use("Cluster has nodegroups attached").with("clusterName", cluster.name.as_str())
        );
    }
    // One that is being deleted counts too (mattclay/aws-terminator#197).
    if !cluster.fargate.is_empty() {
        let message = "Cluster has Fargate Profiles in ACTIVE/CREATING state";
        return Err(in_use(message).with("clusterName", cluster.name.as_str()));
    }
    if let Some(update) = cluster.running_update() {
        let message = format!(
            "Cannot delete because cluster {} currently has update {} in progress",
            cluster.name, update.id
        );
        return Err(in_use(message).with("clusterName", cluster.name.as_str()));
    }
    Ok(())
}

/// A cluster could not be deleted: it is ACTIVE again.
pub(super) fn stays(state: &mut State, name: &str, serial: u64) {
    if let Some(cluster) = find(state, name, serial) {
        let status = if cluster.was_active {
            "ACTIVE"
        } else {
            "FAILED"
        };
        status.clone_into(&mut cluster.status);
    }
}

/// Removes a deleted cluster and its API server; its interfaces linger.
pub(super) fn gone(state: &mut State, name: &str, serial: u64) {
    if find(state, name, serial).is_none() {
        return;
    }
    let Some(cluster) = state.eks.clusters.remove(name) else {
        return;
    };
    state.kubernetes.remove(name);
    encryption::release(state, &cluster);
    usage::stop(state, name);
    usage::stop(state, &usage::extended_key(name));
    let linger = state.durations.interfaces_linger;
    let network = cluster.network;
    // The group is deleted with the cluster, but only once nothing uses it.
    managed_resources::release_group(state, &network.cluster_group_id);
    after(
        state,
        linger,
        Event::InterfacesGone(network.interface_ids, network.cluster_group_id),
    );
}

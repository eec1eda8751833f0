//! The resources that EKS creates itself in the account: interfaces, security group, log group.
//!
//! These are what a run leaves behind without having created them.

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::failure::invalid_parameter;
use crate::ec2::interfaces::NewInterface;
use crate::state::State;
use crate::wire::error::AwsError;
use crate::{ec2, logs};

/// How many interfaces a control plane puts into the chosen subnets.
const INTERFACES: usize = 2;

/// Checks that security groups exist in the VPC.
///
/// # Errors
/// `InvalidParameterException`.
pub(super) fn check_security_groups(
    state: &State,
    ids: &[String],
    vpc_id: &str,
) -> Result<(), AwsError> {
    match ids.iter().find(|id| !group_is_in(state, id, vpc_id)) {
        Some(id) => Err(invalid_parameter(format!(
            "The security group ID '{id}' does not exist (Service: AmazonEC2; Status Code: 400; \
             Error Code: InvalidGroup.NotFound)"
        ))),
        None => Ok(()),
    }
}

fn group_is_in(state: &State, id: &str, vpc_id: &str) -> bool {
    state
        .ec2
        .security_groups
        .get(id)
        .is_some_and(|group| group.vpc_id == vpc_id)
}

/// Creates the cluster's security group and its interfaces in subnets of different zones.
///
/// # Errors
/// When EC2 refuses (no address left, quota of security groups), as an EKS error.
pub(super) fn create_network(state: &mut State, cluster: &mut Cluster) -> Result<(), AwsError> {
    let name = cluster.name.clone();
    // Always as long: what compares clusters tells a number of chance by its length.
    let hash = format!("{:09}", state.ids.below(1_000_000_000));
    let tags = BTreeMap::from([
        (format!("kubernetes.io/cluster/{name}"), "owned".to_owned()),
        ("aws:eks:cluster-name".to_owned(), name.clone()),
        ("Name".to_owned(), format!("eks-cluster-sg-{name}-{hash}")),
    ]);
    let group_id = ec2::security_groups::create_internal(
        state,
        &cluster.network.vpc_id,
        &format!("eks-cluster-sg-{name}-{hash}"),
        "EKS created security group applied to ENI that is attached to EKS Control Plane master \
         nodes, as well as any managed workloads.",
        tags,
    )
    .map_err(|error| invalid_parameter(error.message))?;
    let mut groups = vec![group_id.clone()];
    groups.extend(cluster.network.security_group_ids.iter().cloned());
    cluster.network.cluster_group_id = group_id;
    for subnet_id in spread(state, &cluster.network.subnet_ids) {
        let made = ec2::interfaces::create(
            state,
            NewInterface {
                subnet_id,
                description: format!("Amazon EKS {name}"),
                interface_type: "interface".to_owned(),
                requester_managed: true,
                group_ids: groups.clone(),
                tags: BTreeMap::new(),
                instance_id: None,
                delete_on_termination: true,
            },
        );
        match made {
            Ok(id) => cluster.network.interface_ids.push(id),
            Err(error) => {
                // What was created is removed again: a refused request leaves nothing.
                remove_network(state, cluster);
                return Err(invalid_parameter(error.message));
            }
        }
    }
    Ok(())
}

fn remove_network(state: &mut State, cluster: &Cluster) {
    remove_interfaces(
        state,
        &cluster.network.interface_ids,
        &cluster.network.cluster_group_id,
    );
}

/// One subnet of each zone, in order, as many as there are interfaces.
fn spread(state: &State, subnet_ids: &[String]) -> Vec<String> {
    let mut zones = Vec::new();
    let mut chosen = Vec::new();
    for id in subnet_ids {
        let Some(subnet) = ec2::subnets::get(state, id) else {
            continue;
        };
        if !zones.contains(&subnet.zone) && chosen.len() < INTERFACES {
            zones.push(subnet.zone.clone());
            chosen.push(id.clone());
        }
    }
    chosen
}

/// Removes interfaces, and then the security group unless something else uses it.
pub(super) fn remove_interfaces(state: &mut State, ids: &[String], group_id: &str) {
    for id in ids {
        ec2::interfaces::delete_internal(state, id);
    }
    release_group(state, group_id);
}

/// Deletes the cluster's security group unless it is in use: then it stays, as in AWS.
pub(super) fn release_group(state: &mut State, group_id: &str) {
    let _stays = !ec2::security_groups::delete_internal(state, group_id);
}

/// Creates the log group of a cluster with logging enabled. Nothing ever deletes it.
pub(super) fn ensure_log_group(state: &mut State, cluster: &Cluster) {
    if !cluster.log_types.is_empty() {
        let name = format!("/aws/eks/{}/cluster", cluster.name);
        logs::create_group_internal(state, &name, BTreeMap::new());
    }
}

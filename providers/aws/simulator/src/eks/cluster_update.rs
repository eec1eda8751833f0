//! `UpdateClusterConfig` and `UpdateClusterVersion`: each begins an update, one at a time.
//!
//! The cluster stays usable during an update.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::access::AccessEntry;
use super::cluster::Cluster;
use super::cluster_create::{self, changed_logs};
use super::failure::{in_use, invalid_parameter, invalid_request};
use super::input::{self, need_text, texts};
use super::updates::{self, Change};
use super::{managed_resources, support, versions};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// The cluster that a request names, which must be ACTIVE.
///
/// # Errors
/// `ResourceInUseException`, `InvalidRequestException`.
pub(super) fn updatable<'a>(
    state: &'a mut State,
    call: &Call,
) -> Result<&'a mut Cluster, AwsError> {
    let cluster = input::cluster_mut(state, call)?;
    match cluster.status.as_str() {
        "ACTIVE" => Ok(cluster),
        "UPDATING" => Err(in_use(format!(
            "Cannot update cluster {}: an update is in progress",
            cluster.name
        ))),
        other => Err(invalid_request(format!(
            "Cannot update cluster {} in status {other}",
            cluster.name
        ))),
    }
    .map_err(|error| error.with("clusterName", input::segment(call, 1)))
}

/// The members of a request that each ask for a kind of change, and the type of the update.
const KINDS: &[(&str, &str)] = &[
    ("logging", "LoggingUpdate"),
    ("resourcesVpcConfig", "EndpointAccessUpdate"),
    ("accessConfig", "AccessConfigUpdate"),
    ("upgradePolicy", "UpgradePolicyUpdate"),
    ("deletionProtection", "DeletionProtectionUpdate"),
];

pub(super) fn config(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let now = state.now;
    let cluster = updatable(state, call)?;
    let mut asked = KINDS.iter().filter(|(member, _)| !body[*member].is_null());
    let update_type = match (asked.next(), asked.next()) {
        (None, _) => return Err(invalid_parameter("No changes to apply were given")),
        // aws-cdk#21439
        (Some(_), Some(_)) => {
            return Err(invalid_parameter("Only one type of update can be allowed."));
        }
        (Some((_, update_type)), None) => *update_type,
    };
    let mut changed = cluster.clone();
    match update_type {
        "LoggingUpdate" => set_logging(&mut changed, &body["logging"])?,
        "EndpointAccessUpdate" => set_network(&mut changed, &body["resourcesVpcConfig"])?,
        "AccessConfigUpdate" => set_mode(&mut changed, &body["accessConfig"], now)?,
        "UpgradePolicyUpdate" => {
            let asked = need_text(&body["upgradePolicy"], "supportType")?;
            support::set_policy(&mut changed, asked, now)?;
        }
        _ => {
            let protected = body["deletionProtection"].as_bool();
            changed.deletion_protection = protected.unwrap_or(changed.deletion_protection);
        }
    }
    "UPDATING".clone_into(&mut changed.status);
    *cluster = changed.clone();
    managed_resources::ensure_log_group(state, &changed);
    if update_type == "UpgradePolicyUpdate" {
        support::watch(state, &changed.name, changed.serial);
    }
    let params = parameters(&changed, update_type);
    Ok(updates::begin(
        state,
        call,
        &changed.name,
        (update_type, params),
        None,
        Change::Done,
    ))
}

/// CAPA#4152: an update that changes nothing is refused.
fn set_logging(cluster: &mut Cluster, given: &Value) -> Result<(), AwsError> {
    let wanted = changed_logs(&cluster.log_types, given);
    if wanted == cluster.log_types {
        let message = "No changes needed for the logging config provided";
        return Err(invalid_parameter(message));
    }
    cluster.log_types = wanted;
    Ok(())
}

/// The mode changes one step at a time, towards access entries, and never back (pulumi-eks#1493). From the first step on
/// the creator and the roles of managed nodes have an entry (EKS user guide, "Change authentication mode to use access
/// entries").
fn set_mode(cluster: &mut Cluster, given: &Value, now: Timestamp) -> Result<(), AwsError> {
    let wanted = need_text(given, "authenticationMode")?;
    let current = cluster.authentication_mode.as_str();
    let next = match current {
        "CONFIG_MAP" => Some("API_AND_CONFIG_MAP"),
        "API_AND_CONFIG_MAP" => Some("API"),
        _ => None,
    };
    if next != Some(wanted) {
        return Err(invalid_parameter(format!(
            "Unsupported authentication mode update from {current} to {wanted}"
        )));
    }
    let is_first_step = current == "CONFIG_MAP";
    wanted.clone_into(&mut cluster.authentication_mode);
    if !is_first_step {
        return Ok(());
    }
    let of_creator = cluster
        .creator_is_admin
        .then(|| AccessEntry::of_creator(cluster, now));
    let roles = cluster.node_groups.values().map(|group| &group.role_arn);
    let of_nodes = roles.map(|role| AccessEntry::of_nodes(cluster, role, now));
    let entries: Vec<AccessEntry> = of_creator.into_iter().chain(of_nodes).collect();
    for entry in entries {
        let principal = entry.principal_arn.clone();
        cluster.access.entry(principal).or_insert(entry);
    }
    Ok(())
}

/// The parameters of a configuration update, as `DescribeUpdate` shows them.
fn parameters(cluster: &Cluster, update_type: &str) -> Vec<(String, String)> {
    let network = &cluster.network;
    let pairs = match update_type {
        "LoggingUpdate" => vec![("ClusterLogging", json!(cluster.log_types))],
        "EndpointAccessUpdate" => vec![
            ("EndpointPublicAccess", json!(network.public)),
            ("EndpointPrivateAccess", json!(network.private)),
            ("PublicAccessCidrs", json!(network.public_cidrs)),
        ],
        "AccessConfigUpdate" => vec![("AuthenticationMode", json!(cluster.authentication_mode))],
        "UpgradePolicyUpdate" => vec![("UpgradePolicy", json!(cluster.support_type))],
        _ => vec![("DeletionProtection", json!(cluster.deletion_protection))],
    };
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .collect()
}

fn set_network(cluster: &mut Cluster, given: &Value) -> Result<(), AwsError> {
    if !texts(given, "subnetIds").is_empty() || !texts(given, "securityGroupIds").is_empty() {
        let what = "UpdateClusterConfig of subnets or security groups";
        return Err(AwsError::unknown_operation("eks", what));
    }
    let before = &cluster.network;
    let mut wanted = before.clone();
    let flag = |member: &str, before: bool| given[member].as_bool().unwrap_or(before);
    wanted.public = flag("endpointPublicAccess", before.public);
    wanted.private = flag("endpointPrivateAccess", before.private);
    let cidrs = texts(given, "publicAccessCidrs");
    if !cidrs.is_empty() {
        wanted.public_cidrs = cidrs;
    }
    cluster_create::check_access(&wanted)?;
    if (wanted.public, wanted.private, &wanted.public_cidrs)
        == (before.public, before.private, &before.public_cidrs)
    {
        // The words and the spaces of eksctl#4043.
        return Err(invalid_parameter(format!(
            "Cluster is already at the desired configuration with endpointPrivateAccess: {} , \
             endpointPublicAccess: {}, and Public Endpoint Restrictions: [{}]",
            wanted.private,
            wanted.public,
            wanted.public_cidrs.join(", ")
        )));
    }
    cluster.network = wanted;
    Ok(())
}

pub(super) fn version(state: &mut State, call: &Call) -> Outcome {
    let wanted = need_text(&call.json, "version")?.to_owned();
    let now = state.now;
    let cluster = updatable(state, call)?;
    let next = versions::minor(&cluster.version) + 1;
    if !versions::is_offered(now, &wanted) || versions::minor(&wanted) != next {
        return Err(invalid_parameter(format!(
            "Unsupported Kubernetes minor version update from {} to {wanted}",
            cluster.version
        ))
        .with("clusterName", cluster.name.as_str()));
    }
    "UPDATING".clone_into(&mut cluster.status);
    let name = cluster.name.clone();
    let params = vec![
        ("Version".to_owned(), wanted.clone()),
        (
            "PlatformVersion".to_owned(),
            json!(versions::platform(&wanted)).to_string(),
        ),
    ];
    let update = ("VersionUpdate", params);
    Ok(updates::begin(
        state,
        call,
        &name,
        update,
        None,
        Change::Version(wanted),
    ))
}

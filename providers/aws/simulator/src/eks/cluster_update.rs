//! `UpdateClusterConfig` and `UpdateClusterVersion`: each begins an update, one at a time.
//!
//! The cluster stays usable during an update.

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::cluster_create::enabled_logs;
use super::failure::{in_use, invalid_parameter, invalid_request};
use super::input::{self, need_text, text, texts};
use super::updates::{self, Change};
use super::{managed_resources, versions};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

fn updatable<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Cluster, AwsError> {
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

pub(super) fn config(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let cluster = updatable(state, call)?;
    let update_type = if body["logging"].is_object() {
        cluster.log_types = enabled_logs(&body["logging"]);
        "LoggingUpdate"
    } else if body["resourcesVpcConfig"].is_object() {
        set_network(cluster, &body["resourcesVpcConfig"])?;
        "EndpointAccessUpdate"
    } else if let Some(mode) = text(&body["accessConfig"], "authenticationMode") {
        // Access entries cannot be disabled again.
        if cluster.authentication_mode != "CONFIG_MAP" && mode == "CONFIG_MAP" {
            return Err(invalid_parameter("Unsupported authentication mode update"));
        }
        mode.clone_into(&mut cluster.authentication_mode);
        "AccessConfigUpdate"
    } else if let Some(support) = text(&body["upgradePolicy"], "supportType") {
        support.clone_into(&mut cluster.support_type);
        "UpgradePolicyUpdate"
    } else if let Some(protected) = body["deletionProtection"].as_bool() {
        cluster.deletion_protection = protected;
        "DeletionProtectionUpdate"
    } else {
        return Err(invalid_parameter("No changes to apply were given"));
    };
    "UPDATING".clone_into(&mut cluster.status);
    let cluster = cluster.clone();
    managed_resources::ensure_log_group(state, &cluster);
    let params = parameters(&cluster, update_type);
    Ok(updates::begin(
        state,
        call,
        &cluster.name,
        (update_type, params),
        None,
        Change::Done,
    ))
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
    let network = &mut cluster.network;
    network.public = given["endpointPublicAccess"]
        .as_bool()
        .unwrap_or(network.public);
    network.private = given["endpointPrivateAccess"]
        .as_bool()
        .unwrap_or(network.private);
    let cidrs = texts(given, "publicAccessCidrs");
    if !cidrs.is_empty() {
        network.public_cidrs = cidrs;
    }
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

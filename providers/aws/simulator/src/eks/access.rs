//! Access entries: which IAM principals a cluster knows.
//!
//! What a principal may do is decided by the policies in `access_policies`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::access_policies::{ADMIN_POLICY, PolicyAssociation};
use super::cluster::Cluster;
use super::failure::{in_use, invalid_parameter, invalid_request, not_found};
use super::input::{self, epoch, need_text, text, texts};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessEntry {
    pub principal_arn: String,
    /// The entry's own ARN.
    pub arn: String,
    /// `STANDARD`, `EC2_LINUX`, …
    pub entry_type: String,
    /// The Kubernetes user name.
    pub username: String,
    /// Kubernetes groups.
    pub groups: Vec<String>,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    pub tags: BTreeMap<String, String>,
    /// Associated policies by ARN.
    pub policies: IndexMap<String, PolicyAssociation>,
}

impl AccessEntry {
    fn new(cluster: &Cluster, principal_arn: &str, entry_type: &str, now: Timestamp) -> Self {
        let base = cluster.arn.replacen(":cluster/", ":access-entry/", 1);
        let principal = principal_arn.splitn(6, ':').nth(5).unwrap_or(principal_arn);
        Self {
            principal_arn: principal_arn.to_owned(),
            arn: format!("{base}/{principal}/{:08x}", cluster.serial),
            entry_type: entry_type.to_owned(),
            username: principal_arn.to_owned(),
            groups: Vec::new(),
            created_at: now,
            modified_at: now,
            tags: BTreeMap::new(),
            policies: IndexMap::new(),
        }
    }

    /// The entry that makes a cluster's creator its administrator.
    pub fn of_creator(cluster: &Cluster, now: Timestamp) -> Self {
        let mut entry = Self::new(cluster, &cluster.creator_arn, "STANDARD", now);
        entry
            .policies
            .insert(ADMIN_POLICY.to_owned(), PolicyAssociation::to_cluster(now));
        entry
    }

    /// The entry that lets a node group's role join nodes.
    pub fn of_nodes(cluster: &Cluster, role_arn: &str, now: Timestamp) -> Self {
        let mut entry = Self::new(cluster, role_arn, "EC2_LINUX", now);
        "system:node:{{EC2PrivateDNSName}}".clone_into(&mut entry.username);
        entry.groups = vec!["system:nodes".to_owned()];
        entry
    }
}

/// Refuses access entries for clusters that do not use them.
///
/// # Errors
/// `InvalidRequestException`.
pub(super) fn check_mode(cluster: &Cluster) -> Result<(), AwsError> {
    if cluster.authentication_mode == "CONFIG_MAP" {
        return Err(invalid_request(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to \
             perform this operation.",
        )
        .with("clusterName", cluster.name.as_str()));
    }
    Ok(())
}

/// The entry that the path names.
///
/// # Errors
/// `ResourceNotFoundException`; `InvalidRequestException` in a cluster without access entries.
pub(super) fn of_path<'a>(
    state: &'a mut State,
    call: &Call,
) -> Result<&'a mut AccessEntry, AwsError> {
    let principal = input::segment(call, 3);
    let cluster = input::cluster_mut(state, call)?;
    check_mode(cluster)?;
    cluster.access.get_mut(principal).ok_or_else(|| {
        not_found(format!(
            "The specified principalArn could not be found. You can view your available access \
             entries with 'list-access-entries': {principal}"
        ))
        .with("clusterName", input::segment(call, 1))
    })
}

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let principal = need_text(body, "principalArn")?.to_owned();
    let entry_type = text(body, "type").unwrap_or("STANDARD").to_owned();
    let now = state.now;
    if !principal_exists(state, &principal) {
        let message = "The specified principalArn is invalid: invalid principal.";
        return Err(invalid_parameter(message).with("clusterName", input::segment(call, 1)));
    }
    let cluster = input::cluster_mut(state, call)?;
    check_mode(cluster)?;
    if cluster.access.contains_key(&principal) {
        let message = "The specified access entry resource is already in use on this cluster.";
        return Err(in_use(message).with("clusterName", cluster.name.as_str()));
    }
    let mut entry = if entry_type == "STANDARD" {
        AccessEntry::new(cluster, &principal, &entry_type, now)
    } else {
        let mut entry = AccessEntry::of_nodes(cluster, &principal, now);
        entry.entry_type = entry_type;
        entry
    };
    let groups = texts(body, "kubernetesGroups");
    if groups.iter().any(|group| group.starts_with("system:")) {
        let message = "The kubernetes group name is invalid: it cannot start with system:";
        return Err(invalid_parameter(message));
    }
    entry.groups.extend(groups);
    if let Some(name) = text(body, "username") {
        name.clone_into(&mut entry.username);
    }
    entry.tags = input::map(body, "tags");
    let answer = answer(&cluster.name, &entry);
    cluster.access.insert(principal, entry);
    Ok(answer)
}

fn principal_exists(state: &State, arn: &str) -> bool {
    arn == crate::sts::caller_arn() || state.iam.roles.values().any(|role| role.arn == arn)
}

pub(super) fn describe(state: &mut State, call: &Call) -> Outcome {
    let entry = of_path(state, call)?.clone();
    Ok(answer(input::segment(call, 1), &entry))
}

pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let cluster = input::cluster(state, call)?;
    check_mode(cluster)?;
    let policy = call.params.get("associatedPolicyArn");
    let fits = |entry: &&AccessEntry| policy.is_none_or(|arn| entry.policies.contains_key(arn));
    let entries = cluster.access.values().filter(fits);
    let arns = entries.map(|entry| json!(entry.principal_arn)).collect();
    input::paged(state, call, "accessEntries", arns)
}

/// Changes groups and user name: what is not given stays.
pub(super) fn update(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let groups = body
        .get("kubernetesGroups")
        .map(|_| texts(body, "kubernetesGroups"));
    if groups
        .iter()
        .flatten()
        .any(|group| group.starts_with("system:"))
    {
        let message = "The kubernetes group name is invalid: it cannot start with system:";
        return Err(invalid_parameter(message));
    }
    let now = state.now;
    let entry = of_path(state, call)?;
    if entry.entry_type != "STANDARD" {
        let message = "Only access entries of type STANDARD can be updated.";
        return Err(invalid_request(message));
    }
    entry.groups = groups.unwrap_or_else(|| entry.groups.clone());
    if let Some(name) = text(body, "username") {
        name.clone_into(&mut entry.username);
    }
    entry.modified_at = now;
    let entry = entry.clone();
    Ok(answer(input::segment(call, 1), &entry))
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let principal = of_path(state, call)?.principal_arn.clone();
    input::cluster_mut(state, call)?
        .access
        .shift_remove(&principal);
    Ok(Answer::Json(json!({})))
}

fn answer(cluster: &str, entry: &AccessEntry) -> Answer {
    Answer::Json(json!({"accessEntry": view(cluster, entry)}))
}

fn view(cluster: &str, entry: &AccessEntry) -> Value {
    json!({
        "clusterName": cluster,
        "principalArn": entry.principal_arn,
        "kubernetesGroups": entry.groups,
        "accessEntryArn": entry.arn,
        "createdAt": epoch(entry.created_at),
        "modifiedAt": epoch(entry.modified_at),
        "tags": entry.tags,
        "username": entry.username,
        "type": entry.entry_type,
    })
}

//! The roles of a cluster as the observer reads them: trust, attached and inline policies, tags.
//!
//! A role is found by what uses it, because its name is the provisioner's choice.

use std::collections::BTreeMap;

use aws_sdk_eks::types::{Cluster, Nodegroup};
use kubeproof_contract::observer::ObserverError;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::observer::clients::{Clients, failed, is_gone, observer_error, pages};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleView {
    pub name: String,
    pub tags: BTreeMap<String, String>,
    /// Who may assume it: the policy document.
    pub trust: Value,
    /// ARNs of attached policies, sorted.
    pub attached: Vec<String>,
    /// Names of inline policies.
    pub inline: Vec<String>,
}

/// The role that the cluster uses.
///
/// # Errors
/// When the cluster or the role could not be read.
pub async fn of_cluster(
    clients: &Clients,
    cluster: &Result<Option<Cluster>, ObserverError>,
) -> Result<Option<RoleView>, ObserverError> {
    match cluster.clone()?.and_then(|cluster| cluster.role_arn) {
        Some(arn) => read(clients, &arn).await,
        None => Ok(None),
    }
}

/// The roles that the node groups use, each once.
///
/// # Errors
/// When the node groups or a role could not be read.
pub async fn of_node_groups(
    clients: &Clients,
    groups: &Result<Vec<Nodegroup>, ObserverError>,
) -> Result<Vec<RoleView>, ObserverError> {
    let mut arns: Vec<String> = groups
        .clone()?
        .into_iter()
        .filter_map(|group| group.node_role)
        .collect();
    arns.sort();
    arns.dedup();
    let mut roles = Vec::new();
    for arn in arns {
        roles.extend(read(clients, &arn).await?);
    }
    Ok(roles)
}

/// Reads a role by its ARN; nothing when it is gone.
async fn read(clients: &Clients, arn: &str) -> Result<Option<RoleView>, ObserverError> {
    let iam = &clients.iam;
    let name = arn.rsplit('/').next().unwrap_or_default();
    let answer = match iam.get_role().role_name(name).send().await {
        Ok(answer) => answer,
        Err(error) if is_gone(&error) => return Ok(None),
        Err(error) => return Err(failed("iam:GetRole", &error)),
    };
    let role = answer
        .role()
        .ok_or_else(|| observer_error("iam:GetRole", "no role in the answer"))?;
    let stream = iam
        .list_attached_role_policies()
        .role_name(name)
        .into_paginator()
        .send();
    let mut attached: Vec<String> = pages("iam:ListAttachedRolePolicies", stream)
        .await?
        .iter()
        .flat_map(aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput::attached_policies)
        .filter_map(|policy| policy.policy_arn.clone())
        .collect();
    attached.sort();
    let stream = iam
        .list_role_policies()
        .role_name(name)
        .into_paginator()
        .send();
    let inline = pages("iam:ListRolePolicies", stream).await?;
    let tags = role
        .tags()
        .iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    Ok(Some(RoleView {
        name: name.to_owned(),
        tags: tags.collect(),
        trust: document(role.assume_role_policy_document().unwrap_or_default())?,
        attached,
        inline: inline
            .into_iter()
            .flat_map(|page| page.policy_names)
            .collect(),
    }))
}

/// A policy document, which IAM gives percent-encoded.
fn document(text: &str) -> Result<Value, ObserverError> {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(&decoded).map_err(|error| {
        observer_error(
            "iam:GetRole",
            format!("the trust policy is no JSON: {error}"),
        )
    })
}

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
    /// What policies allow that are not AWS's own, by ARN or, for inline ones, by name.
    pub documents: BTreeMap<String, Value>,
}

/// The beginning of the ARN of each of AWS's own policies, whose content AWS publishes under their names.
pub const AWS_POLICY: &str = "arn:aws:iam::aws:policy/";

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
    let inline: Vec<String> = pages("iam:ListRolePolicies", stream)
        .await?
        .into_iter()
        .flat_map(|page| page.policy_names)
        .collect();
    let documents = documents(clients, name, (&attached, &inline)).await?;
    let tags = role
        .tags()
        .iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    Ok(Some(RoleView {
        name: name.to_owned(),
        tags: tags.collect(),
        trust: document(
            "iam:GetRole",
            role.assume_role_policy_document().unwrap_or_default(),
        )?,
        attached,
        inline,
        documents,
    }))
}

/// The documents of a role's policies that are not AWS's own.
async fn documents(
    clients: &Clients,
    role: &str,
    (attached, inline): (&[String], &[String]),
) -> Result<BTreeMap<String, Value>, ObserverError> {
    let mut documents = BTreeMap::new();
    for arn in attached.iter().filter(|arn| !arn.starts_with(AWS_POLICY)) {
        let call = clients.iam.get_policy().policy_arn(arn).send().await;
        let answer = call.map_err(|error| failed("iam:GetPolicy", &error))?;
        let version = answer
            .policy()
            .and_then(|policy| policy.default_version_id());
        let version = version.unwrap_or_default();
        let call = clients.iam.get_policy_version().policy_arn(arn);
        let answer = call.version_id(version).send().await;
        let answer = answer.map_err(|error| failed("iam:GetPolicyVersion", &error))?;
        let text = answer
            .policy_version()
            .and_then(|version| version.document());
        let text = text.unwrap_or_default();
        documents.insert(arn.clone(), document("iam:GetPolicyVersion", text)?);
    }
    for name in inline {
        let call = clients.iam.get_role_policy().role_name(role);
        let answer = call.policy_name(name).send().await;
        let answer = answer.map_err(|error| failed("iam:GetRolePolicy", &error))?;
        let text = answer.policy_document();
        documents.insert(name.clone(), document("iam:GetRolePolicy", text)?);
    }
    Ok(documents)
}

/// A policy document, which IAM gives percent-encoded.
fn document(call: &str, text: &str) -> Result<Value, ObserverError> {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(&decoded)
        .map_err(|error| observer_error(call, format!("the policy is no JSON: {error}")))
}

//! Access policies: what a principal with an access entry may do in the cluster.
//!
//! An entry without a policy is known but allowed nothing.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::access::of_path;
use super::failure::{invalid_parameter, not_found};
use super::input::{self, epoch, need_text, texts};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Answer, Outcome};

/// The policy that makes a principal an administrator of the whole cluster.
pub const ADMIN_POLICY: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/// The access policies that the simulator knows.
const NAMES: [&str; 5] = [
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
];

/// A policy associated with an access entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyAssociation {
    /// `cluster` or `namespace`.
    pub scope: String,
    /// The namespaces of that scope.
    pub namespaces: Vec<String>,
    /// When it was associated.
    pub at: Timestamp,
}

impl PolicyAssociation {
    /// An association for the whole cluster.
    pub fn to_cluster(at: Timestamp) -> Self {
        Self {
            scope: "cluster".to_owned(),
            namespaces: Vec::new(),
            at,
        }
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:eks::aws:cluster-access-policy/{name}")
}

pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let all = NAMES
        .iter()
        .map(|name| json!({"name": name, "arn": arn(name)}))
        .collect();
    input::paged(state, call, "accessPolicies", all)
}

pub(super) fn associate(state: &mut State, call: &Call) -> Outcome {
    let policy = need_text(&call.json, "policyArn")?.to_owned();
    if !NAMES.iter().any(|name| arn(name) == policy) {
        let message = format!("The policyArn parameter format is not valid: {policy}");
        return Err(invalid_parameter(message));
    }
    let scope = &call.json["accessScope"];
    let associated = PolicyAssociation {
        scope: need_text(scope, "type")?.to_owned(),
        namespaces: texts(scope, "namespaces"),
        at: state.now,
    };
    let entry = of_path(state, call)?;
    if entry.entry_type != "STANDARD" {
        let message = format!(
            "Policies cannot be associated with entries of type {}",
            entry.entry_type
        );
        return Err(invalid_parameter(message));
    }
    let view = view(&policy, &associated);
    entry.policies.insert(policy, associated);
    Ok(Answer::Json(json!({
        "clusterName": input::segment(call, 1),
        "principalArn": input::segment(call, 3),
        "associatedAccessPolicy": view,
    })))
}

pub(super) fn disassociate(state: &mut State, call: &Call) -> Outcome {
    let policy = input::segment(call, 5).to_owned();
    let entry = of_path(state, call)?;
    entry
        .policies
        .shift_remove(&policy)
        .ok_or_else(|| not_found(format!("No associated access policy found: {policy}")))?;
    Ok(Answer::Json(json!({})))
}

pub(super) fn list_associated(state: &mut State, call: &Call) -> Outcome {
    let entry = of_path(state, call)?;
    let all = entry
        .policies
        .iter()
        .map(|(arn, associated)| view(arn, associated))
        .collect();
    let mut outcome = input::paged(state, call, "associatedAccessPolicies", all)?;
    if let Answer::Json(body) = &mut outcome {
        body["clusterName"] = json!(input::segment(call, 1));
        body["principalArn"] = json!(input::segment(call, 3));
    }
    Ok(outcome)
}

fn view(policy: &str, associated: &PolicyAssociation) -> Value {
    json!({
        "policyArn": policy,
        "accessScope": {"type": associated.scope, "namespaces": associated.namespaces},
        "associatedAt": epoch(associated.at),
        "modifiedAt": epoch(associated.at),
    })
}

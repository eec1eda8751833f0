//! Pod Identity associations: which role the pods of a service account get.
//!
//! They work in the opposite direction to access entries: from the cluster into the account.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::failure::{in_use, not_found};
use super::input::{self, epoch, need_text};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    id: String,
    /// Its ARN.
    pub arn: String,
    namespace: String,
    service_account: String,
    /// The role that its pods get.
    pub role_arn: String,
    created_at: Timestamp,
    modified_at: Timestamp,
    pub tags: BTreeMap<String, String>,
}

impl Association {
    fn view(&self, cluster: &str, full: bool) -> Value {
        let mut view = json!({
            "clusterName": cluster,
            "namespace": self.namespace,
            "serviceAccount": self.service_account,
            "associationArn": self.arn,
            "associationId": self.id,
        });
        if full {
            view["roleArn"] = json!(self.role_arn);
            view["tags"] = json!(self.tags);
            view["createdAt"] = epoch(self.created_at);
            view["modifiedAt"] = epoch(self.modified_at);
        }
        view
    }
}

fn find<'a>(state: &'a State, call: &Call) -> Result<&'a Association, AwsError> {
    let id = input::segment(call, 3);
    let missing = || not_found(format!("No pod identity association found for {id}"));
    input::cluster(state, call)?
        .pod_identities
        .get(id)
        .ok_or_else(missing)
}

pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let cluster = input::cluster(state, call)?;
    let namespace = call.params.get("namespace");
    let account = call.params.get("serviceAccount");
    let fits = |one: &&Association| {
        namespace.is_none_or(|name| name == one.namespace)
            && account.is_none_or(|name| name == one.service_account)
    };
    let all = cluster.pod_identities.values().filter(fits);
    let views = all.map(|one| one.view(&cluster.name, false)).collect();
    input::paged(state, call, "associations", views)
}

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let cluster = input::cluster(state, call)?.name.clone();
    let namespace = need_text(&call.json, "namespace")?.to_owned();
    let tags = input::map(&call.json, "tags");
    let id = make(state, &cluster, &namespace, &call.json, tags)?;
    let made = input::cluster(state, call)?.pod_identities.get(&id);
    let view = made.map(|one| one.view(&cluster, true));
    Ok(Answer::Json(json!({"association": view})))
}

/// Makes an association for the service account and role that `body` names, and gives its id.
fn make(
    state: &mut State,
    cluster: &str,
    namespace: &str,
    body: &Value,
    tags: BTreeMap<String, String>,
) -> Result<String, AwsError> {
    let service_account = need_text(body, "serviceAccount")?.to_owned();
    let role_arn = need_text(body, "roleArn")?.to_owned();
    let id = format!("a-{}", state.ids.letters(17).to_lowercase());
    let arn = state.arn("eks", &format!("podidentityassociation/{cluster}/{id}"));
    let now = state.now;
    let missing = || super::failure::no_cluster(cluster);
    let held = state.eks.clusters.get_mut(cluster).ok_or_else(missing)?;
    let same =
        |one: &Association| one.namespace == namespace && one.service_account == service_account;
    if held.pod_identities.values().any(same) {
        return Err(in_use("Association already exists").with("clusterName", cluster));
    }
    let association = Association {
        arn,
        id: id.clone(),
        namespace: namespace.to_owned(),
        service_account,
        role_arn,
        created_at: now,
        modified_at: now,
        tags,
    };
    held.pod_identities.insert(id.clone(), association);
    Ok(id)
}

/// Makes the associations of an add-on, which live in the namespace of the system's pods.
///
/// # Errors
/// As a creation by itself.
pub(super) fn of_addon(
    state: &mut State,
    call: &Call,
    cluster: &str,
) -> Result<Vec<String>, AwsError> {
    let given = call.json["podIdentityAssociations"].as_array();
    let given = given.into_iter().flatten();
    given
        .map(|one| make(state, cluster, "kube-system", one, BTreeMap::new()))
        .collect()
}

/// Removes associations, with the add-on that they belong to.
pub(super) fn remove(state: &mut State, cluster: &str, ids: &[String]) {
    if let Some(cluster) = state.eks.clusters.get_mut(cluster) {
        cluster.pod_identities.retain(|id, _| !ids.contains(id));
    }
}

pub(super) fn update(state: &mut State, call: &Call) -> Outcome {
    let id = find(state, call)?.id.clone();
    let role = input::text(&call.json, "roleArn").map(str::to_owned);
    let now = state.now;
    let cluster = input::cluster_mut(state, call)?;
    let name = cluster.name.clone();
    let association = cluster.pod_identities.get_mut(&id);
    let view = association.map(|one| {
        one.role_arn = role.unwrap_or_else(|| one.role_arn.clone());
        one.modified_at = now;
        one.view(&name, true)
    });
    Ok(Answer::Json(json!({"association": view})))
}

pub(super) fn describe(state: &State, call: &Call) -> Outcome {
    let view = find(state, call)?.view(input::segment(call, 1), true);
    Ok(Answer::Json(json!({"association": view})))
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let association = find(state, call)?;
    let (id, view) = (
        association.id.clone(),
        association.view(input::segment(call, 1), true),
    );
    input::cluster_mut(state, call)?
        .pod_identities
        .shift_remove(&id);
    Ok(Answer::Json(json!({"association": view})))
}

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
    arn: String,
    namespace: String,
    service_account: String,
    role_arn: String,
    created_at: Timestamp,
    tags: BTreeMap<String, String>,
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
            view["modifiedAt"] = epoch(self.created_at);
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
    let body = &call.json;
    let namespace = need_text(body, "namespace")?.to_owned();
    let service_account = need_text(body, "serviceAccount")?.to_owned();
    let role_arn = need_text(body, "roleArn")?.to_owned();
    let cluster = input::cluster(state, call)?.name.clone();
    let same =
        |one: &Association| one.namespace == namespace && one.service_account == service_account;
    if input::cluster(state, call)?
        .pod_identities
        .values()
        .any(same)
    {
        return Err(in_use("Association already exists").with("clusterName", cluster));
    }
    let id = format!("a-{}", state.ids.letters(17).to_lowercase());
    let association = Association {
        arn: state.arn("eks", &format!("podidentityassociation/{cluster}/{id}")),
        id: id.clone(),
        namespace,
        service_account,
        role_arn,
        created_at: state.now,
        tags: input::map(body, "tags"),
    };
    let view = association.view(&cluster, true);
    input::cluster_mut(state, call)?
        .pod_identities
        .insert(id, association);
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

//! GKE Hub, version 1: the memberships of clusters in the project's fleet, which outlive their clusters.

use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::named::{self, Collection, Named};
use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ErrorShape, Outcome, time};
use crate::{container, links};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "gkehub",
    host: "gkehub.googleapis.com",
    base: "/v1",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[TABLE],
};

#[rustfmt::skip]
const TABLE: Table = table(&[
    on("GET", "/projects/{project}/locations/{location}/memberships", "gkehub.projects.locations.memberships.list", list),
    on("POST", "/projects/{project}/locations/{location}/memberships", "gkehub.projects.locations.memberships.create", create),
    on("GET", "/projects/{project}/locations/{location}/memberships/{membership}", "gkehub.projects.locations.memberships.get", get),
    on("DELETE", "/projects/{project}/locations/{location}/memberships/{membership}", "gkehub.projects.locations.memberships.delete", delete),
    // By the service's host alone: Kubernetes Engine has the same path.
    on("GET", "/projects/{project}/locations/{location}/operations/{operation}", "gkehub.projects.locations.operations.get", named::get_operation),
]);

const MEMBERSHIPS: Collection = Collection {
    member: "resources",
    id: "membershipId",
    members: &["authority", "endpoint", "externalId", "labels"],
    required: &["endpoint"],
    page: (1000, 1000),
    shown,
};
/// The type of a membership in inventories.
const RESOURCE_TYPE: &str = "gke_hub_membership";
const READY: &str = "READY";

/// The link to its cluster.
fn cluster_link(one: &Named) -> &str {
    let endpoint = one.members.get("endpoint");
    let link = endpoint.and_then(|endpoint| endpoint["gkeCluster"]["resourceLink"].as_str());
    link.unwrap_or_default()
}

fn shown(state: &State, one: &Named) -> Value {
    let mut document = one.document(state);
    document["state"] = json!({"code": one.state});
    document["uniqueId"] = json!(one.unique);
    document["createTime"] = json!(time(one.created));
    document["updateTime"] = json!(time(one.created));
    let link = links::below_project(cluster_link(one));
    if !link.is_empty() && !has_cluster(state, link) {
        document["endpoint"]["gkeCluster"]["clusterMissing"] = json!(true);
    }
    document
}

/// Whether the cluster of this path exists.
fn has_cluster(state: &State, path: &str) -> bool {
    let place = |one: &Resource| {
        let location = links::name(one.scope.as_str()).to_owned();
        format!("locations/{location}/clusters/{}", one.id)
    };
    let clusters = container::inventory(state);
    clusters
        .iter()
        .any(|one| one.resource_type == "gke_cluster" && place(one) == path)
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut list = named::list(state, call, &MEMBERSHIPS)?;
    if call.injected.take_partial() {
        list["unreachable"] = json!(["us-central1"]);
        list["resources"] = json!([]);
    }
    Ok(list)
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    named::get(state, call, &MEMBERSHIPS)
}

fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let one = named::create(state, call, &MEMBERSHIPS, READY)?;
    let mut response = shown(state, &one);
    response["@type"] = json!("type.googleapis.com/google.cloud.gkehub.v1.Membership");
    Ok(done(state, &one, "create", response))
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let one = named::remove(state, &named::path(call))?;
    let response = json!({"@type": "type.googleapis.com/google.protobuf.Empty"});
    Ok(done(state, &one, "delete", response))
}

fn done(state: &mut State, one: &Named, verb: &str, response: Value) -> Value {
    let now = time(state.now);
    let metadata = json!({
        "@type": "type.googleapis.com/google.cloud.gkehub.v1.OperationMetadata",
        "createTime": now, "endTime": now, "target": named::full(state, &one.path), "verb": verb,
        "cancelRequested": false, "apiVersion": "v1",
    });
    let location = format!("locations/{}", one.part(1));
    named::operation(state, &location, metadata, response)
}

/// The memberships as an auditor sees them.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    named::of(state, "memberships").map(resource).collect()
}

fn resource(one: &Named) -> Resource {
    let mut resource = one
        .resource(RESOURCE_TYPE, one.name(), one.part(1))
        .in_state(one.state, Lifetime::Alive);
    let parts: Vec<&str> = links::below_project(cluster_link(one)).split('/').collect();
    if let [_, location, _, cluster] = parts[..] {
        resource = resource.with("cluster", format!("{location}/{cluster}"));
    }
    resource.incarnation = Some(one.unique.clone());
    resource.created_at = Some(one.created);
    resource
}

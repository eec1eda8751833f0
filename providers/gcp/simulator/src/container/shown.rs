//! Clusters and node pools as the API shows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::cluster::{Cluster, Condition, found};
use super::operations::canonical_code;
use super::pool::Pool;
use super::{input, resources};
use crate::compute;
use crate::links;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, time};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/projects/{project}/locations/{location}/clusters", "container.projects.locations.clusters.list", list),
    on("GET", "/projects/{project}/locations/{location}/clusters/{cluster}", "container.projects.locations.clusters.get", get),
    on("GET", "/projects/{project}/locations/{location}/clusters/{cluster}/nodePools", "container.projects.locations.clusters.nodePools.list", list_pools),
    on("GET", "/projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{pool}", "container.projects.locations.clusters.nodePools.get", get_pool),
    on("GET", "/projects/{project}/zones/{zone}/clusters", "container.projects.zones.clusters.list", list),
    on("GET", "/projects/{project}/zones/{zone}/clusters/{cluster}", "container.projects.zones.clusters.get", get),
    on("GET", "/projects/{project}/zones/{zone}/clusters/{cluster}/nodePools", "container.projects.zones.clusters.nodePools.list", list_pools),
    on("GET", "/projects/{project}/zones/{zone}/clusters/{cluster}/nodePools/{pool}", "container.projects.zones.clusters.nodePools.get", get_pool),
]);

/// The certificate that a cluster shows in memory: made up, because requests there do not use TLS.
const CERTIFICATE: &str =
    "-----BEGIN CERTIFICATE-----\nkubeproof rehearsal\n-----END CERTIFICATE-----\n";

/// The link to a path below the project.
fn link(state: &State, path: &str) -> String {
    format!(
        "{}projects/{}/{path}",
        links::CONTAINER,
        state.setup.project
    )
}

/// What changes with each change of a cluster or a pool.
fn etag(value: &Value) -> String {
    let members = value.as_object().cloned().unwrap_or_default();
    compute::fingerprint(&members)
}

/// The fingerprint of a cluster's labels.
pub(crate) fn label_fingerprint(cluster: &Cluster) -> String {
    let labels = cluster
        .document
        .get("resourceLabels")
        .and_then(Value::as_object);
    compute::fingerprint(&labels.cloned().unwrap_or_default())
}

/// The fingerprint of a cluster as it is now.
pub(crate) fn cluster_etag(state: &State, cluster: &Cluster) -> String {
    etag(&cluster_without_etag(state, cluster))
}

/// The fingerprint of a pool as it is now.
pub(crate) fn pool_etag(state: &State, cluster: &Cluster, pool: &Pool) -> String {
    etag(&pool_without_etag(state, cluster, pool))
}

fn conditions(all: &[Condition]) -> Value {
    let shown = all.iter().map(|one| {
        let mut shown = json!({
            "message": one.message, "canonicalCode": canonical_code(&one.code),
        });
        if one.code.starts_with("GCE_") {
            shown["code"] = json!(one.code);
        }
        shown
    });
    shown.collect()
}

/// A cluster as the API shows it.
pub(crate) fn cluster(state: &State, cluster: &Cluster) -> Value {
    let mut shown = cluster_without_etag(state, cluster);
    shown["etag"] = json!(etag(&shown));
    shown
}

fn cluster_without_etag(state: &State, cluster: &Cluster) -> Value {
    let mut shown = Value::Object(cluster.document.clone());
    let pools: Vec<Value> = cluster
        .pools
        .iter()
        .map(|one| pool(state, cluster, one))
        .collect();
    let managers = cluster.pools.iter().flat_map(|pool| &pool.managers);
    let managers: Vec<String> = managers.map(|path| compute::link(state, path)).collect();
    let nodes = resources::instances(state, cluster).len();
    for (member, value) in [
        ("name", json!(cluster.name)),
        ("id", json!(cluster.id)),
        ("location", json!(cluster.location)),
        ("zone", json!(cluster.location)),
        ("selfLink", json!(link(state, &cluster.path()))),
        ("createTime", json!(time(cluster.created))),
        ("status", json!(cluster.status.word())),
        ("currentMasterVersion", json!(cluster.version)),
        ("labelFingerprint", json!(label_fingerprint(cluster))),
        ("nodePools", json!(pools)),
    ] {
        shown[member] = value;
    }
    if nodes > 0 {
        shown["currentNodeCount"] = json!(nodes);
    }
    if let Some(first) = cluster.pools.first() {
        shown["currentNodeVersion"] = json!(first.version);
        shown["nodeConfig"] = first.document.get("config").cloned().unwrap_or_default();
        shown["initialNodeCount"] = first
            .document
            .get("initialNodeCount")
            .cloned()
            .unwrap_or_default();
    }
    if !managers.is_empty() {
        shown["instanceGroupUrls"] = json!(managers);
    }
    if !cluster.conditions.is_empty() {
        shown["conditions"] = conditions(&cluster.conditions);
        shown["statusMessage"] = json!(cluster.conditions[0].message);
    }
    shown["masterAuth"] = json!({});
    if cluster.was_ready {
        let served = state.endpoints.get(&cluster.endpoint);
        let authority = served.map_or(CERTIFICATE, |served| served.authority_pem.as_str());
        let address = served.and_then(|served| served.url.strip_prefix("https://"));
        shown["endpoint"] = json!(address.unwrap_or(&cluster.endpoint));
        shown["masterAuth"]["clusterCaCertificate"] = json!(STANDARD.encode(authority));
    }
    let project = &state.setup.project;
    let (network, subnetwork) = (cluster.text("network"), cluster.text("subnetwork"));
    let mut config = shown["networkConfig"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let mut set = |member: &str, path: String| {
        config.insert(member.to_owned(), json!(path));
    };
    set(
        "network",
        format!("projects/{project}/global/networks/{network}"),
    );
    let region = cluster.region();
    let path = format!("projects/{project}/regions/{region}/subnetworks/{subnetwork}");
    set("subnetwork", path);
    shown["networkConfig"] = Value::Object(config);
    shown
}

/// A node pool as the API shows it.
pub(crate) fn pool(state: &State, cluster: &Cluster, pool: &Pool) -> Value {
    let mut shown = pool_without_etag(state, cluster, pool);
    shown["etag"] = json!(etag(&shown));
    shown
}

fn pool_without_etag(state: &State, cluster: &Cluster, pool: &Pool) -> Value {
    let mut shown = Value::Object(pool.document.clone());
    let managers = pool.managers.iter().map(|path| compute::link(state, path));
    let path = format!("{}/nodePools/{}", cluster.path(), pool.name);
    for (member, value) in [
        ("name", json!(pool.name)),
        ("selfLink", json!(link(state, &path))),
        ("status", json!(pool.status.word())),
        ("version", json!(pool.version)),
        ("podIpv4CidrSize", json!(24)),
        ("locations", json!(pool.locations(&cluster.locations()))),
    ] {
        shown[member] = value;
    }
    if !pool.managers.is_empty() {
        shown["instanceGroupUrls"] = managers.collect();
    }
    if !pool.conditions.is_empty() {
        shown["conditions"] = conditions(&pool.conditions);
        shown["statusMessage"] = json!(pool.conditions[0].message);
    }
    shown
}

/// The clusters of a location, or of all: there are no pages. An injected fault makes a zone unreachable, and then its
/// clusters are missing and it is named.
fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let location = input::listed_location(call)?;
    let clusters = state.container.clusters.all();
    let here = clusters.filter(|one| location.as_ref().is_none_or(|place| one.location == *place));
    let here = here.filter(|one| !call.injected.hides(one.created, state.now));
    let mut here: Vec<&Cluster> = here.collect();
    let mut list = Object::new();
    if location.is_none() && call.injected.take_partial() {
        let missing = here
            .first()
            .map_or("us-central1-a", |one| one.location.as_str());
        let missing = missing.to_owned();
        here.retain(|one| one.location != missing);
        list.insert("missingZones".to_owned(), json!([missing]));
    }
    if !here.is_empty() {
        let shown = here.iter().map(|one| cluster(state, one)).collect();
        list.insert("clusters".to_owned(), shown);
    }
    Ok(Value::Object(list))
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let one = found(state, call.parameter(1), call.parameter(2))?;
    if call.injected.hides(one.created, state.now) {
        return Err(super::cluster::absent(state, &one.location, &one.name));
    }
    Ok(cluster(state, one))
}

fn list_pools(state: &mut State, call: &Call<'_>) -> Outcome {
    let cluster = found(state, call.parameter(1), call.parameter(2))?;
    if cluster.pools.is_empty() {
        return Ok(json!({}));
    }
    let pools: Vec<Value> = cluster
        .pools
        .iter()
        .map(|one| pool(state, cluster, one))
        .collect();
    Ok(json!({ "nodePools": pools }))
}

fn get_pool(state: &mut State, call: &Call<'_>) -> Outcome {
    let cluster = found(state, call.parameter(1), call.parameter(2))?;
    let one = cluster.pool(call.parameter(3));
    let one = one.ok_or_else(|| absent_pool(state, cluster, call.parameter(3)))?;
    Ok(pool(state, cluster, one))
}

/// 404 for a pool.
pub(crate) fn absent_pool(state: &State, cluster: &Cluster, name: &str) -> ApiError {
    let project = &state.setup.project;
    ApiError::not_found(format!(
        "Not found: projects/{project}/{}/nodePools/{name}.",
        cluster.path()
    ))
}

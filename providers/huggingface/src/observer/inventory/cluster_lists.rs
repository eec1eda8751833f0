//! The lists of the scenario's cluster: what a run makes there, and what others have there.

use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_contract::scope::{Cell, Listing, Scope};
use kubeproof_kubernetes::consumer::{self, ClusterObject};
use kubeproof_kubernetes::{Client, KubernetesError};

use crate::api::Api;
use crate::cluster;
use crate::spec::HuggingFaceSpec;

/// What must be listed in the cluster; nothing where the scenario names none.
pub(super) fn cells(api: &Api, spec: &HuggingFaceSpec) -> Result<Vec<Listing>, CallError> {
    let Some(kubernetes) = &spec.kubernetes else {
        return Ok(Vec::new());
    };
    let access = cluster::access(kubernetes, &api.connection().credentials)?;
    let scope = Scope::new(&cluster::scope(&access));
    let cells = cluster::TYPES
        .iter()
        .map(|(name, _)| Cell::new(name, &scope));
    Ok(cells.map(Listing::of).collect())
}

/// The listings of the cluster that are among these scopes, and the scopes that are not its own.
pub(super) fn split(named: &[Scope], of_cluster: &[Listing]) -> (Vec<Listing>, Vec<Scope>) {
    let is_own = |scope: &Scope| {
        let mut cells = of_cluster.iter().flat_map(|listing| &listing.cells);
        cells.any(|cell| cell.scope == *scope)
    };
    let (own, others): (Vec<Scope>, Vec<Scope>) = named.iter().cloned().partition(is_own);
    let listings = if own.is_empty() {
        Vec::new()
    } else {
        of_cluster.to_vec()
    };
    (listings, others)
}

/// What Kubernetes calls the objects of a type; `None` for a type of the account.
pub(super) fn kind(resource_type: &str) -> Option<(&'static str, &'static str)> {
    let mut types = cluster::TYPES.into_iter();
    types.find(|(name, _)| *name == resource_type)
}

/// All objects of a type in the cluster.
pub(super) async fn list(
    api: &Api,
    spec: &HuggingFaceSpec,
    (name, kind): (&'static str, &'static str),
) -> Result<Vec<Resource>, CallError> {
    let Some(kubernetes) = &spec.kubernetes else {
        let message = "the scenario names no cluster";
        return Err(CallError::state(format!("list {kind}s"), message));
    };
    let (client, access) = cluster::client(kubernetes, api.connection())?;
    let scope = cluster::scope(&access);
    let objects = consumer::inventory(&client, kind).await;
    let objects = objects.map_err(|error| cluster::failed(&error))?;
    Ok(objects
        .into_iter()
        .map(|object| resource(name, &scope, object))
        .collect())
}

/// All objects of all types in a cluster.
///
/// # Errors
/// When any of them cannot be listed to the last page.
pub(crate) async fn all(client: &Client, scope: &str) -> Result<Vec<Resource>, KubernetesError> {
    let mut all = Vec::new();
    for (name, kind) in cluster::TYPES {
        let objects = consumer::inventory(client, kind).await?;
        all.extend(objects.into_iter().map(|one| resource(name, scope, one)));
    }
    Ok(all)
}

/// An object as an audit shows it. Its name is used again, so its uid is part of what it is.
fn resource(name: &str, scope: &str, object: ClusterObject) -> Resource {
    let own = object
        .id
        .rsplit('/')
        .next()
        .unwrap_or(&object.id)
        .to_owned();
    let (word, lifetime) = if object.is_ending {
        ("Terminating", Lifetime::Ending)
    } else {
        ("Active", Lifetime::Alive)
    };
    let mut resource = Resource::new(name, &object.id, scope)
        .named(own)
        .tagged(object.labels)
        .in_state(word, lifetime);
    if let Some(at) = object.created_at {
        resource = resource.created(at);
    }
    resource.incarnation = Some(object.uid);
    resource
}

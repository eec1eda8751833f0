//! What the observer lists, in deletion order: one list for each type and namespace, to its last page.
//!
//! A namespace that answers an error is unknown, never empty: the official client takes it for empty
//! (`../shared/reference`, api/judges.md section 5).

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::{Lifetime, Resource, ResourceType};
use kubeproof_contract::scope::{Breadth, Cell, Listed, Listing, Scope};

use super::caller;
use crate::api::Api;
use crate::api::types::{Endpoint, EndpointPage, state};

/// Lists all resources of one type in a namespace.
type List = for<'a> fn(&'a Api, &'a str) -> BoxFuture<'a, Result<Vec<Resource>, CallError>>;

/// A resource type, and how it is listed.
struct Kind {
    resource_type: ResourceType,
    list: List,
}

impl Kind {
    const fn new(name: &'static str, list: List) -> Self {
        Self {
            resource_type: ResourceType {
                name,
                retained_because: None,
            },
            list,
        }
    }
}

const KINDS: [Kind; 1] = [Kind::new(ENDPOINT, |api, namespace| {
    endpoints(api, namespace).boxed()
})];
pub(crate) const ENDPOINT: &str = "inference_endpoint";

static TYPES: [ResourceType; KINDS.len()] = [KINDS[0].resource_type];

/// All resource types, in deletion order.
pub(super) fn types() -> &'static [ResourceType] {
    &TYPES
}

/// What a run can leave that no list here shows.
pub(super) fn not_covered() -> Vec<String> {
    [
        "tokens: the service lists none",
        "secrets of endpoints and jobs: they end with what has them",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// What must be listed. A trial too covers all namespaces that the token reaches, not its scenario's alone: what a
/// provisioner made elsewhere is found.
pub(super) async fn cells(api: &Api, breadth: &Breadth) -> Result<Vec<Listing>, CallError> {
    let scopes = match breadth {
        Breadth::Scenario | Breadth::Account => {
            let caller = caller(api).await?;
            caller.reached().into_iter().map(Scope::new).collect()
        }
        Breadth::Named(named) => named.clone(),
    };
    let listings = KINDS.iter().flat_map(|kind| {
        let name = kind.resource_type.name;
        scopes
            .iter()
            .map(move |scope| Listing::of(Cell::new(name, scope)))
    });
    Ok(listings.collect())
}

/// The namespace in a scope: its first part.
pub(crate) fn namespace_of(scope: &Scope) -> &str {
    let path = scope.as_str();
    path.split_once('/')
        .map_or(path, |(namespace, _)| namespace)
}

/// Makes one listing.
///
/// # Errors
/// When a page of it could not be read, or its type is unknown.
pub(super) async fn list(api: &Api, listing: &Listing) -> Result<Listed, CallError> {
    let mut all = Vec::new();
    for cell in &listing.cells {
        let mut kinds = KINDS.iter();
        let kind = kinds.find(|kind| kind.resource_type.name == cell.resource_type);
        let unknown = || {
            let message = format!("unknown resource type `{}`", cell.resource_type);
            CallError::state("list", message)
        };
        let kind = kind.ok_or_else(unknown)?;
        all.extend((kind.list)(api, cell.scope.as_str()).await?);
    }
    // A page that is sent twice shows everything on it twice.
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|one| seen.insert(one.key()));
    Ok(all.into())
}

async fn endpoints(api: &Api, namespace: &str) -> Result<Vec<Resource>, CallError> {
    let parameters = [namespace];
    let query = [("limit", "100")];
    let call = RestCall::new("ListEndpoints", &parameters).with_query(&query);
    let take = |page: EndpointPage| Ok((page.items, page.next_cursor));
    let all = api.endpoints.all_pages(call, "cursor", take).await?;
    Ok(all
        .into_iter()
        .map(|one| endpoint(one, namespace))
        .collect())
}

/// An endpoint, which lives in a region of its namespace. Its name is used again, so the time of its creation is part of
/// what it is.
fn endpoint(one: Endpoint, namespace: &str) -> Resource {
    let marks = one.marks();
    let provider = &one.provider;
    let scope = format!("{namespace}/{}-{}", provider.vendor, provider.region);
    let hardware = format!(
        "{}-{}",
        one.compute.instance_type, one.compute.instance_size
    );
    let lifetime = Lifetime::of_state(&one.status.state, &[], &[state::FAILED]);
    let scaling = &one.compute.scaling;
    let resource = Resource::new(ENDPOINT, &one.name, scope)
        .named(one.name.clone())
        .tagged(marks)
        .in_state(one.status.state.clone(), lifetime)
        .with("hardware", hardware)
        .with("repository", &one.model.repository)
        .with("min_replica", scaling.min_replica)
        .with("max_replica", scaling.max_replica)
        .with("replicas", one.status.target_replica);
    let resource = match one.status.created_at.parse() {
        Ok(at) => resource.created(at),
        Err(_) => resource,
    };
    Resource {
        incarnation: Some(one.status.created_at),
        ..resource
    }
}

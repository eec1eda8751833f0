//! What the observer lists, in deletion order: one list for each type and namespace, to its last page.
//!
//! A namespace that answers an error is unknown, never empty: the official client takes it for empty
//! (`../shared/reference`, api/judges.md section 5).

mod cluster_lists;
mod lists;

use std::collections::BTreeSet;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kubeproof_cloudkit::{CallError, resource_types};
use kubeproof_contract::resource::{Resource, ResourceType};
use kubeproof_contract::scope::{Breadth, Cell, Listed, Listing, Scope};

use super::caller;
use crate::api::Api;
use crate::api::types::Caller;
use crate::cluster;
use crate::spec::HuggingFaceSpec;

/// Lists all resources of one type in a namespace.
type List = for<'a> fn(&'a Api, &'a str) -> BoxFuture<'a, Result<Vec<Resource>, CallError>>;

/// A resource type, and how it is listed.
struct Kind {
    resource_type: ResourceType,
    list: List,
    /// Whether only the caller's own namespace has any.
    is_personal: bool,
}

impl Kind {
    const fn new(name: &'static str, list: List) -> Self {
        Self {
            resource_type: ResourceType::named(name),
            list,
            is_personal: false,
        }
    }

    const fn personal(self) -> Self {
        Self {
            is_personal: true,
            ..self
        }
    }
}

pub(crate) use cluster_lists::all as in_cluster;

/// The resource types.
pub(crate) const ENDPOINT: &str = "inference_endpoint";
pub(crate) const SCHEDULED_JOB: &str = "scheduled_job";
pub(crate) const JOB: &str = "job";
pub(crate) const SPACE: &str = "space";
pub(crate) const MODEL: &str = "model_repository";
pub(crate) const DATASET: &str = "dataset_repository";
pub(crate) const WEBHOOK: &str = "webhook";

/// A schedule goes before the jobs that it starts.
const KINDS: &[Kind] = &[
    Kind::new(ENDPOINT, |api, namespace| {
        lists::endpoints(api, namespace).boxed()
    }),
    Kind::new(SCHEDULED_JOB, |api, namespace| {
        lists::scheduled_jobs(api, namespace).boxed()
    }),
    Kind::new(JOB, |api, namespace| lists::jobs(api, namespace).boxed()),
    Kind::new(SPACE, |api, namespace| {
        lists::spaces(api, namespace).boxed()
    }),
    Kind::new(MODEL, |api, namespace| {
        lists::models(api, namespace).boxed()
    }),
    Kind::new(DATASET, |api, namespace| {
        lists::datasets(api, namespace).boxed()
    }),
    Kind::new(WEBHOOK, |api, namespace| {
        lists::webhooks(api, namespace).boxed()
    })
    .personal(),
];

/// All types: those of the scenario's cluster, then those of the account.
const COUNT: usize = cluster::TYPES.len() + KINDS.len();

const fn types_of_all() -> [ResourceType; COUNT] {
    let (in_cluster, of_account) = (cluster::TYPES, resource_types!(KINDS));
    let mut types = [ResourceType::named(""); COUNT];
    let mut index = 0;
    while index < COUNT {
        types[index] = if index < in_cluster.len() {
            ResourceType::named(in_cluster[index].0)
        } else {
            of_account[index - in_cluster.len()]
        };
        index += 1;
    }
    types
}

static TYPES: [ResourceType; COUNT] = types_of_all();

/// All resource types, in deletion order.
pub(super) fn types() -> &'static [ResourceType] {
    &TYPES
}

/// What a run can leave that no list here shows.
pub(super) fn not_covered() -> Vec<String> {
    [
        "tokens: the service lists none",
        "secrets of endpoints, jobs and Spaces: they end with what has them",
        "collections, discussions and files in repositories: not listed",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// What must be listed. A trial too covers all namespaces that the token reaches, not its scenario's alone: what a
/// provisioner made elsewhere is found.
pub(super) async fn cells(
    api: &Api,
    spec: &HuggingFaceSpec,
    breadth: &Breadth,
) -> Result<Vec<Listing>, CallError> {
    let caller = caller(api).await?;
    let of_cluster = cluster_lists::cells(api, spec)?;
    let scopes: Vec<Scope> = match breadth {
        Breadth::Scenario | Breadth::Account => {
            caller.reached().into_iter().map(Scope::new).collect()
        }
        Breadth::Named(named) => {
            let (in_cluster, in_account) = cluster_lists::split(named, &of_cluster);
            exist(&caller, &in_account)?;
            let mut listings = in_cluster;
            listings.extend(of_account(&caller, &in_account));
            return Ok(listings);
        }
    };
    let mut listings = of_cluster;
    listings.extend(of_account(&caller, &scopes));
    Ok(listings)
}

/// What must be listed in these namespaces of the account.
fn of_account(caller: &Caller, scopes: &[Scope]) -> Vec<Listing> {
    let listings = KINDS.iter().flat_map(|kind| {
        let name = kind.resource_type.name;
        let own = Scope::new(&caller.name);
        let scopes = scopes
            .iter()
            .filter(move |scope| !kind.is_personal || **scope == own);
        scopes.map(move |scope| Listing::of(Cell::new(name, scope)))
    });
    listings.collect()
}

/// Refuses a namespace that the token does not reach: its lists would be refused, or empty, and prove nothing.
fn exist(caller: &Caller, named: &[Scope]) -> Result<(), CallError> {
    let reached = caller.reached();
    match named
        .iter()
        .find(|scope| !reached.contains(&scope.as_str()))
    {
        None => Ok(()),
        Some(unknown) => {
            let known = reached.join(", ");
            let message = format!("the token does not reach `{unknown}` (it reaches {known})");
            Err(CallError::state("hub:WhoAmI", message))
        }
    }
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
pub(super) async fn list(
    api: &Api,
    spec: &HuggingFaceSpec,
    listing: &Listing,
) -> Result<Listed, CallError> {
    let mut all = Vec::new();
    for cell in &listing.cells {
        if let Some(kind) = cluster_lists::kind(cell.resource_type.as_ref()) {
            all.extend(cluster_lists::list(api, spec, kind).await?);
            continue;
        }
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
    let mut seen = BTreeSet::new();
    all.retain(|one| seen.insert(one.key()));
    Ok(all.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_is_the_first_part_of_a_scope() {
        let check = |scope: &str, expected: &str| {
            assert_eq!(namespace_of(&Scope::new(scope)), expected);
        };
        check("acme", "acme");
        check("acme/aws-us-east-1", "acme");
    }

    #[test]
    fn a_namespace_that_the_token_does_not_reach_is_refused_by_its_name() {
        let caller = serde_json::json!({"name": "u", "orgs": [{"name": "acme"}]});
        let caller = serde_json::from_value(caller).expect("a caller");
        assert_eq!(exist(&caller, &[Scope::new("acme")]), Ok(()));
        let refused = exist(&caller, &[Scope::new("other")]).map_err(|error| error.message);
        let message = "the token does not reach `other` (it reaches u, acme)";
        assert_eq!(refused, Err(message.to_owned()));
    }
}

//! Workload identity pools and their providers: whose tokens of others Google accepts. A deleted one can be restored for
//! 30 days, and its name is taken until then.

use jiff::SignedDuration;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::named::{self, Collection, DELETED, Named};
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Outcome, time};

/// An operation on pools and their providers.
macro_rules! pool {
    ($method:literal, $path:literal, $name:literal, $handler:expr) => {
        on(
            $method,
            concat!(
                "/projects/{project}/locations/{location}/workloadIdentityPools",
                $path
            ),
            concat!("iam.projects.locations.workloadIdentityPools.", $name),
            $handler,
        )
    };
}

#[rustfmt::skip]
pub(super) const TABLE: Table = table(&[
    pool!("GET", "", "list", |state, call| named::list(state, call, &POOLS)),
    pool!("POST", "", "create", |state, call| create(state, call, &POOLS)),
    pool!("GET", "/{pool}", "get", |state, call| named::get(state, call, &POOLS)),
    pool!("DELETE", "/{pool}", "delete", |state, call| delete(state, call, &POOLS)),
    pool!("GET", "/{pool}/operations/{operation}", "operations.get", named::get_operation),
    pool!("GET", "/{pool}/providers", "providers.list", |state, call| named::list(state, call, &PROVIDERS)),
    pool!("POST", "/{pool}/providers", "providers.create", |state, call| create(state, call, &PROVIDERS)),
    pool!("GET", "/{pool}/providers/{provider}", "providers.get", |state, call| named::get(state, call, &PROVIDERS)),
    pool!("DELETE", "/{pool}/providers/{provider}", "providers.delete", |state, call| delete(state, call, &PROVIDERS)),
    pool!("GET", "/{pool}/providers/{provider}/operations/{operation}", "providers.operations.get", named::get_operation),
]);

const POOLS: Collection = Collection {
    member: "workloadIdentityPools",
    id: "workloadIdentityPoolId",
    members: &["description", "disabled", "displayName"],
    required: &[],
    page: (1000, 50),
    shown,
};
const PROVIDERS: Collection = Collection {
    member: "workloadIdentityPoolProviders",
    id: "workloadIdentityPoolProviderId",
    members: &[
        "attributeCondition",
        "attributeMapping",
        "description",
        "disabled",
        "displayName",
        "oidc",
    ],
    required: &["oidc"],
    page: (100, 50),
    shown,
};

const ACTIVE: &str = "ACTIVE";
/// A deleted pool or provider can be restored for so many days (discovery document of iam.v1).
const RESTORED_FOR: i64 = 30;

fn shown(state: &State, one: &Named) -> Value {
    let mut document = one.document(state);
    document["state"] = json!(one.state);
    if let Some(ends) = one.ends {
        document["expireTime"] = json!(time(ends));
    }
    document
}

/// The operation of a change of a pool or a provider.
fn done(state: &mut State, one: &Named, of: &Collection) -> Value {
    let what = if one.path.contains("/providers/") {
        "WorkloadIdentityPoolProvider"
    } else {
        "WorkloadIdentityPool"
    };
    let mut response = (of.shown)(state, one);
    response["@type"] = json!(format!("type.googleapis.com/google.iam.v1.{what}"));
    named::operation(state, &one.path, Value::Null, response)
}

fn create(state: &mut State, call: &Call<'_>, of: &Collection) -> Outcome {
    let one = named::create(state, call, of, ACTIVE)?;
    Ok(done(state, &one, of))
}

fn delete(state: &mut State, call: &Call<'_>, of: &Collection) -> Outcome {
    let path = named::path(call);
    let ends = state.now + SignedDuration::from_hours(24 * RESTORED_FOR);
    let one = named::changed(state, &path)?;
    if one.state == DELETED {
        let message = "The resource is already deleted.";
        return Err(ApiError::new(
            400,
            "FAILED_PRECONDITION",
            "failedPrecondition",
            message,
        ));
    }
    (one.state, one.ends) = (DELETED, Some(ends));
    let one = one.clone();
    Ok(done(state, &one, of))
}

/// Adds a pool with a provider, which an owner made for a pipeline.
pub(crate) fn add(state: &mut State, name: &str) {
    let path = format!("locations/global/workloadIdentityPools/{name}");
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let pool = object(json!({"description": "pipelines of the shop"}));
    named::add(state, path.clone(), ACTIVE, pool);
    let provider = json!({"oidc": {"issuerUri": "https://token.actions.example.com"}});
    named::add(
        state,
        format!("{path}/providers/ci"),
        ACTIVE,
        object(provider),
    );
}

/// Pools and providers as an auditor sees them: what is deleted is no longer listed, nor what is in a deleted pool.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    let is_live = |one: &&Named| one.state == ACTIVE;
    let providers = named::of(state, "providers").filter(is_live).filter(|one| {
        let pool = one.path.split("/providers/").next().unwrap_or_default();
        named::at(state, pool).is_ok_and(|pool| pool.state == ACTIVE)
    });
    let pools = named::of(state, "workloadIdentityPools").filter(is_live);
    providers.map(provider).chain(pools.map(pool)).collect()
}

fn provider(one: &Named) -> Resource {
    let pool = one.part(3);
    let id = format!("{pool}/{}", one.name());
    one.resource("workload_identity_provider", &id, "global")
        .in_state(one.state, Lifetime::Alive)
        .with("workload_identity_pool", pool)
}

fn pool(one: &Named) -> Resource {
    one.resource("workload_identity_pool", one.name(), "global")
        .in_state(one.state, Lifetime::Alive)
}

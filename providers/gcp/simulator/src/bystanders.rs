//! Bystanders: resources of other owners and shared ones, which must survive every run.
//!
//! Kept separate so that tests can see what exists before a run.

use jiff::SignedDuration;
use kubeproof_contract::resource::Resource;
use serde_json::json;

use crate::resource_manager::policy;
use crate::state::State;
use crate::{compute, iam};

/// Adds them to a fresh project: the default network of every project among them.
pub(crate) fn add(state: &mut State) {
    let now = state.now;
    state.now = now - SignedDuration::from_hours(24 * 40);
    let default =
        json!({"description": "Default network for the project", "autoCreateSubnetworks": true});
    compute::add(state, "global/networks/default", default);
    project_members(state);
    state.now = now;
}

/// Who uses the project besides: people, a pipeline, and the accounts that Google makes.
fn project_members(state: &mut State) {
    let given = json!({"displayName": "pipeline", "description": "deploys the shop"});
    let empty = serde_json::Map::new();
    let email = format!(
        "ci-deployer@{}.iam.gserviceaccount.com",
        state.setup.project
    );
    iam::add(state, &email, given.as_object().unwrap_or(&empty));
    let (number, domain) = (state.setup.project_number, "gserviceaccount.com");
    let compute = format!("serviceAccount:{number}-compute@developer.{domain}");
    let agent = format!("serviceAccount:service-{number}@container-engine-robot.iam.{domain}");
    policy::add(state, "roles/owner", "user:alice@example.com");
    policy::add(state, "roles/editor", &compute);
    policy::add(state, "roles/container.serviceAgent", &agent);
    let pipeline = format!("serviceAccount:{email}");
    policy::add(state, "roles/container.developer", &pipeline);
    // A policy that is written back without its version loses this.
    let condition = json!({
        "title": "working hours", "expression": "request.time.getHours(\"Europe/Berlin\") < 18",
    });
    let group = "group:on-call@example.com";
    policy::add_with(state, "roles/viewer", group, Some(condition));
}

/// The whole state of a resource as text, including what the inventory does not show.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let whole = [
        compute::canonical(state, resource),
        iam::canonical(state, resource),
    ];
    let whole = whole.concat();
    format!(
        "{:?}|{}|{:?}|{:?}|{whole}",
        resource.name, resource.state, resource.tags, resource.properties
    )
}

//! Bystanders: resources of other owners and shared ones, which must survive every run.
//!
//! Kept separate so that tests can see what exists before a run.

use jiff::SignedDuration;
use kubeproof_contract::resource::Resource;
use serde_json::json;

use crate::state::State;
use crate::{compute, container};

/// Adds them to a fresh project: the default network of every project among them.
pub(crate) fn add(state: &mut State) {
    let now = state.now;
    state.now = now - SignedDuration::from_hours(24 * 40);
    let default =
        json!({"description": "Default network for the project", "autoCreateSubnetworks": true});
    compute::add(state, "global/networks/default", default);
    state.now = now;
}

/// The whole state of a resource as text, including what the inventory does not show.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let whole = match resource.resource_type.as_str() {
        "gke_cluster" => container::canonical(state, resource),
        _ => compute::canonical(state, resource),
    };
    format!(
        "{:?}|{}|{:?}|{:?}|{whole}",
        resource.name, resource.state, resource.tags, resource.properties
    )
}

//! EKS features that the simulator does not have: add-ons, Fargate profiles, identity providers.
//!
//! Their lists are always empty: creating one is an unknown operation.

use super::failure::not_found;
use super::input;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;

/// An empty list of an existing cluster.
pub(super) fn empty(state: &State, call: &Call, member: &str) -> Outcome {
    input::cluster(state, call)?;
    input::paged(state, call, member, Vec::new())
}

pub(super) fn no_addon(state: &State, call: &Call) -> Outcome {
    let cluster = input::cluster(state, call)?;
    let name = input::segment(call, 3);
    Err(not_found(format!(
        "No addon: {name} found in cluster: {}",
        cluster.name
    ))
    .with("clusterName", cluster.name.as_str())
    .with("addonName", name))
}

pub(super) fn no_fargate_profile(state: &State, call: &Call) -> Outcome {
    let cluster = input::cluster(state, call)?;
    let name = input::segment(call, 3);
    Err(
        not_found(format!("No Fargate Profile found with name: {name}."))
            .with("clusterName", cluster.name.as_str())
            .with("fargateProfileName", name),
    )
}

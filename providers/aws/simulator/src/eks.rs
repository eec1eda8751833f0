//! EKS: not built yet.

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// Answers one call.
///
/// # Errors
/// As the service words them; 501 for operations that the simulator does not know.
pub fn answer(_state: &mut State, call: &Call) -> Outcome {
    Err(AwsError::unknown_operation("eks", &call.action))
}

pub mod kubernetes;

/// EKS's store.
#[derive(Clone, Debug, Default)]
pub struct Eks {}

/// What happens later in EKS.
#[derive(Clone, Debug)]
pub enum Event {}

/// Lets an event happen.
pub fn happen(_state: &mut State, event: Event) {
    match event {}
}

/// The operation that a REST request asks for.
pub fn operation(method: &http::Method, path: &str) -> String {
    format!("{method} {path}")
}

/// The shortest time to a ready cluster that the durations allow.
pub fn fastest_ready(_state: &State) -> Option<(std::time::Duration, String)> {
    None
}

/// Adds all EKS resources that exist.
pub fn inventory(_state: &State, _all: &mut Vec<kubeproof_contract::resource::Resource>) {}

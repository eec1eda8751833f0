//! Elastic Load Balancing: not built yet.

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// Answers one call.
///
/// # Errors
/// As the service words them; 501 for operations that the simulator does not know.
pub fn answer(_state: &mut State, call: &Call) -> Outcome {
    Err(AwsError::unknown_operation("elasticloadbalancing", &call.action))
}

/// The store of both load balancing APIs.
#[derive(Clone, Debug, Default)]
pub struct Balancing {}

/// What happens later in load balancing.
#[derive(Clone, Debug)]
pub enum Event {}

/// Lets an event happen.
pub fn happen(_state: &mut State, event: Event) {
    match event {}
}

/// Adds all load balancers and target groups that exist.
pub fn inventory(_state: &State, _all: &mut Vec<kubeproof_contract::resource::Resource>) {}

//! EC2: not built yet.

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// Answers one call.
///
/// # Errors
/// As the service words them; 501 for operations that the simulator does not know.
pub fn answer(_state: &mut State, call: &Call) -> Outcome {
    Err(AwsError::unknown_operation("ec2", &call.action))
}

/// EC2's store.
#[derive(Clone, Debug, Default)]
pub struct Ec2 {}

/// What happens later in EC2.
#[derive(Clone, Debug)]
pub enum Event {}

/// Lets an event happen.
pub fn happen(_state: &mut State, event: Event) {
    match event {}
}

/// The default VPC that every account has.
pub fn create_default_vpc(_state: &mut State) {}

/// Adds all EC2 resources that exist.
pub fn inventory(_state: &State, _all: &mut Vec<kubeproof_contract::resource::Resource>) {}

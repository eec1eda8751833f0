//! CloudTrail: not built yet.

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// Answers one call.
///
/// # Errors
/// As the service words them; 501 for operations that the simulator does not know.
pub fn answer(_state: &mut State, call: &Call) -> Outcome {
    Err(AwsError::unknown_operation("cloudtrail", &call.action))
}

/// The trail of management events.
#[derive(Clone, Debug, Default)]
pub struct Trail {}

/// Records a call in the trail, if it is one that CloudTrail records.
pub fn record(_state: &mut State, _call: &Call, _outcome: &Outcome) {}

//! The operations of a JSON service, each with the function that answers it.

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// What answers a call.
pub type Handler = fn(&mut State, &Call) -> Outcome;

/// The operations of a service, as signatures name both.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The service.
    pub service: &'static str,
    /// Its operations.
    pub operations: &'static [(&'static str, Handler)],
}

impl Table {
    /// The names of the operations.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.operations.iter().map(|(name, _)| *name)
    }

    /// What answers a call.
    ///
    /// # Errors
    /// 501 for operations that the simulator does not know.
    pub fn handler(self, call: &Call) -> Result<Handler, AwsError> {
        let mut all = self.operations.iter();
        let found = all.find(|(name, _)| *name == call.action);
        let found = found.map(|(_, handler)| *handler);
        found.ok_or_else(|| AwsError::unknown_operation(self.service, &call.action))
    }

    /// Answers one call.
    ///
    /// # Errors
    /// The service's own; 501 for operations that the simulator does not know.
    pub fn answer(self, state: &mut State, call: &Call) -> Outcome {
        self.handler(call)?(state, call)
    }
}

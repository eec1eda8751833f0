//! The project itself: which services are enabled.

use std::collections::BTreeSet;

use crate::setup::Setup;
use crate::state::State;
use crate::wire::ApiError;

/// The project's own state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Project {
    /// The services that are enabled and whose enabling has spread.
    pub(crate) services: BTreeSet<String>,
}

impl Project {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            services: setup.services.iter().cloned().collect(),
        }
    }
}

/// Accepts calls of an enabled service.
pub(crate) fn admit(state: &State, service: &str) -> Result<(), ApiError> {
    if state.project.services.contains(service) {
        return Ok(());
    }
    Err(ApiError::service_disabled(
        service,
        &state.setup.project,
        state.setup.project_number,
    ))
}

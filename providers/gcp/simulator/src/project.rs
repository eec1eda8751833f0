//! The project itself: which services are enabled, who may do what, and whether it is billed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kubeproof_simkit::operation::Operations;

use crate::resource_manager::policy::Policy;
use crate::setup::Setup;
use crate::state::State;
use crate::wire::ApiError;

/// The project's own state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Project {
    /// The services that are enabled, and since when they answer: enabling spreads for a while.
    pub(crate) services: BTreeMap<String, Timestamp>,
    /// The services that were called, or have something from before.
    pub(crate) used: BTreeSet<String>,
    /// Enabling and disabling.
    pub(crate) operations: Operations,
    pub(crate) policy: Policy,
}

impl Project {
    pub(crate) fn new(setup: &Setup) -> Self {
        let services = setup.services.iter();
        Self {
            services: services.map(|name| (name.clone(), setup.now)).collect(),
            used: BTreeSet::new(),
            operations: Operations::default(),
            policy: Policy::default(),
        }
    }
}

/// Accepts calls of an enabled service.
pub(crate) fn admit(state: &State, service: &str) -> Result<(), ApiError> {
    let since = state.project.services.get(service);
    if since.is_some_and(|since| *since <= state.now) {
        return Ok(());
    }
    Err(ApiError::service_disabled(
        service,
        &state.setup.project,
        state.setup.project_number,
    ))
}

//! The ground truth: all resources that exist now, in the form that an auditor sees.

use kubeproof_contract::resource::Resource;

use crate::compute;
use crate::state::State;

/// All resources, service by service.
pub(crate) fn all(state: &State) -> Vec<Resource> {
    compute::inventory(state)
}

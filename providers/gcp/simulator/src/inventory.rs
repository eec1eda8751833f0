//! The ground truth: all resources that exist now, in the form that an auditor sees.

use kubeproof_contract::resource::Resource;

use crate::state::State;
use crate::{compute, container};

/// All resources, service by service.
pub(crate) fn all(state: &State) -> Vec<Resource> {
    let mut all = compute::inventory(state);
    all.extend(container::inventory(state));
    all
}

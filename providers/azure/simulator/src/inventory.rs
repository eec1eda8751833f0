//! The ground truth: all resources that exist now, in the form that an auditor sees.

use kubeproof_contract::resource::Resource;

use crate::state::State;
use crate::{arm, authorization, graph, groups, locks};

/// All resources, service by service.
pub(crate) fn all(state: &State) -> Vec<Resource> {
    let mut all = groups::inventory(state);
    all.extend(arm::inventory(state));
    all.extend(authorization::inventory(state));
    all.extend(locks::inventory(state));
    all.extend(graph::inventory(state));
    all
}

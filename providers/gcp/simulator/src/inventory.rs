//! The ground truth: all resources that exist now, in the form that an auditor sees.

use kubeproof_contract::resource::Resource;

use crate::resource_manager::policy;
use crate::state::State;
use crate::{compute, container, dns, file, hub, iam, kms, logging};

/// All resources, service by service.
pub(crate) fn all(state: &State) -> Vec<Resource> {
    let mut all = compute::inventory(state);
    all.extend(container::inventory(state));
    all.extend(file::inventory(state));
    all.extend(dns::inventory(state));
    all.extend(hub::inventory(state));
    all.extend(logging::sinks::inventory(state));
    all.extend(kms::inventory(state));
    all.extend(iam::pools::inventory(state));
    all.extend(iam::inventory(state));
    all.extend(policy::inventory(state));
    all
}

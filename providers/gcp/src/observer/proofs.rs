//! The proofs that a resource belongs to a run.

use kubeproof_contract::observer::OwnershipClaim;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

use crate::spec::GkeSpec;

/// The proofs that a resource belongs to the run.
pub(super) fn of(
    run: &Run,
    _spec: &GkeSpec,
    resource: &Resource,
    _all: &[Resource],
) -> Vec<String> {
    let owner = crate::marks::owner_of(resource).filter(|owner| owner.run == run.id);
    owner
        .map(|owner| format!("{}={}", crate::marks::RUN, owner.run))
        .into_iter()
        .collect()
}

/// The claim that it belongs to another run.
pub(super) fn claim(
    run: &Run,
    _spec: &GkeSpec,
    resource: &Resource,
    _all: &[Resource],
) -> Option<OwnershipClaim> {
    let owner = crate::marks::owner_of(resource).filter(|owner| owner.run != run.id)?;
    Some(OwnershipClaim {
        text: format!("{}={}", crate::marks::RUN, owner.run),
        run: Some(owner.run),
        rests_on: vec![resource.id.clone()],
    })
}

//! What calls say about resources: which change something, which were refused, and which resource each names. Pure.

use kubeproof_contract::call::Actor;
use kubeproof_contract::journal::Call;
use kubeproof_contract::resource::Resource;

/// Whether the cloud refused the call (4xx: not found, mostly).
pub fn refused(call: &Call) -> bool {
    call.status
        .is_some_and(|status| (400..500).contains(&status))
}

/// Whether a mutating call of the provisioner names this resource.
pub fn touches(calls: &[Call], resource: &Resource) -> bool {
    mutating(calls).any(|call| names(call, resource))
}

/// Whether a call names this resource: as the cloud's dialect reads it, else in its path.
pub fn names(call: &Call, resource: &Resource) -> bool {
    let is_it = |part: &str| part == resource.id || Some(part) == resource.name.as_deref();
    if call.names.is_empty() {
        return call.target.split('/').any(is_it);
    }
    call.names.iter().any(|name| is_it(name))
}

/// The provisioner's mutating calls.
pub fn mutating(calls: &[Call]) -> impl Iterator<Item = &Call> {
    calls
        .iter()
        .filter(|call| call.actor == Actor::Provisioner && call.signature.mutating)
}

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

/// A call for tests, without target, status and duration.
#[cfg(test)]
pub fn sample(actor: Actor, operation: &str, mutating: bool) -> Call {
    Call {
        ordinal: 1,
        at: jiff::Timestamp::UNIX_EPOCH,
        actor,
        signature: kubeproof_contract::call::Signature {
            service: "s".to_owned(),
            operation: operation.to_owned(),
            mutating,
        },
        target: String::new(),
        status: None,
        error: None,
        milliseconds: 0,
        request_digest: String::new(),
        response_digest: String::new(),
        names: Vec::new(),
        made: Vec::new(),
        key: None,
        changed: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(mutating: bool) -> Call {
        sample(Actor::Provisioner, "Delete", mutating)
    }

    #[test]
    fn only_a_changing_call_that_names_a_resource_touches_it() {
        let resource = Resource::new("box", "b-1", "r");
        let of = |target: &str, mutating| Call {
            target: target.to_owned(),
            ..call(mutating)
        };
        assert!(touches(&[of("DELETE /boxes/b-1", true)], &resource));
        assert!(!touches(&[of("DELETE /boxes/b-12", true)], &resource));
        assert!(!touches(&[of("GET /boxes/b-1", false)], &resource));
    }

    #[test]
    fn where_the_dialect_says_what_a_call_names_its_path_is_not_asked() {
        let resource = Resource::new("vpc", "vpc-1", "r");
        let of = |target: &str, name: &str| Call {
            target: target.to_owned(),
            names: vec![name.to_owned()],
            ..call(true)
        };
        assert!(touches(&[of("POST /", "vpc-1")], &resource));
        assert!(!touches(&[of("POST /", "vpc-2")], &resource));
        assert!(!touches(
            &[of("DELETE /vpc-1/part", "vpc-1/part")],
            &resource
        ));
    }
}

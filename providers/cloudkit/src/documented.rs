//! The effects that any REST call and any call of an API server can meet, whatever the cloud.
//!
//! An effect that no source documents is pedantic: it is injected only on request.

use kubeproof_contract::call::Signature;
use kubeproof_contract::documented_effects::DocumentedEffect as Documented;
use kubeproof_contract::fault::Effect;

/// Where a cloud documents what any call can meet.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    /// Throttling.
    pub throttle: &'static str,
    /// Server errors of calls that were not applied.
    pub server: &'static str,
    /// Server errors of calls that were applied nevertheless.
    pub server_after: &'static str,
    /// Requests and answers that are lost.
    pub lost: &'static str,
    /// No answer at all.
    pub silent: &'static str,
    /// Credentials that are no longer valid.
    pub expired: &'static str,
    /// Calls that are not permitted.
    pub denied: &'static str,
}

/// What can happen to any call of a cloud's API. What only some calls or some clouds know is added by the cloud.
pub fn rest(call: &Signature, sources: &Sources) -> Vec<Documented> {
    let mut all = vec![
        Documented::lasting(Effect::Throttle(None), sources.throttle),
        Documented::lasting(Effect::ServerErrorBefore, sources.server),
        Documented::lasting(Effect::CredentialsExpire, sources.expired),
        Documented::lasting(Effect::Reject(None), sources.denied),
        Documented::transient(Effect::LostRequest, sources.lost),
        Documented::transient(Effect::Hang, sources.silent),
        Documented::pedantic(Effect::Garbled),
    ];
    if call.mutating {
        all.extend([
            Documented::transient(Effect::LostResponse, sources.lost),
            Documented::transient(Effect::ServerErrorAfter, sources.server_after),
            Documented::transient(Effect::LateApply(30), sources.lost),
        ]);
    } else {
        all.push(Documented::pedantic(Effect::LostResponse));
    }
    all
}

/// What can happen to any call of a Kubernetes API server.
pub fn kubernetes(call: &Signature) -> Vec<Documented> {
    const API: &str = "Kubernetes API conventions: 429 and 500 are to be retried";
    let mut all = vec![
        Documented::transient(Effect::Throttle(None), API),
        Documented::transient(Effect::ServerErrorBefore, API),
        Documented::transient(Effect::LostRequest, API),
        // Priority and fairness answer 429 with Retry-After.
        Documented::transient(Effect::Throttle(Some(5)), API),
        Documented::pedantic(Effect::Garbled),
        Documented::pedantic(Effect::Hang),
    ];
    if call.mutating {
        all.push(Documented::transient(Effect::LostResponse, API));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: Sources = Sources {
        throttle: "a",
        server: "b",
        server_after: "c",
        lost: "d",
        silent: "e",
        expired: "f",
        denied: "g",
    };

    #[test]
    fn only_calls_that_change_something_can_be_applied_unseen() {
        let check = |mutating: bool, effect: &str, expected: bool| {
            let call = Signature {
                service: "sky".to_owned(),
                operation: "x".to_owned(),
                mutating,
            };
            for all in [rest(&call, &SOURCES), kubernetes(&call)] {
                let mut usual = all.iter().filter(|one| !one.pedantic);
                let found = usual.any(|one| one.effect.to_string() == effect);
                assert_eq!(found, expected, "{effect} {mutating}");
                let sourced = |one: &Documented| one.source.is_empty() == one.pedantic;
                assert!(all.iter().all(sourced));
            }
        };
        check(true, "lost-response", true);
        check(false, "lost-response", false);
        check(false, "throttle", true);
        check(true, "garbled", false);
    }
}

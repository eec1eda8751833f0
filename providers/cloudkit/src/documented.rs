//! The effects that any REST call and any call of an API server can meet, whatever the cloud.
//!
//! An effect that no source documents is pedantic: it is injected only on request.

use kubeproof_contract::call::Signature;
use kubeproof_contract::documented_effects::DocumentedEffect as Documented;
use kubeproof_contract::fault::Effect;
use kubeproof_contract::route::Route;

/// A read that does not show yet what was created a moment ago.
const UNSEEN: Effect = Effect::NotYetVisible(5);

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

/// All that can happen to a call of a cloud's API or of a cluster's API server. `also` is what any call of this
/// cloud can meet besides, `of_operation` what only some operations can. Reads that do not show yet what was created are pedantic, where the simulator has them.
pub fn all(
    call: &Signature,
    service: &str,
    (sources, also): (&Sources, Vec<Documented>),
    of_operation: impl Fn(&str) -> Vec<Documented>,
    simulates: impl Fn(&Signature, &Effect) -> bool,
) -> Vec<Documented> {
    match call.service.as_str() {
        "kubernetes" => kubernetes(call),
        own if own == service => {
            let mut all = rest(call, sources);
            all.extend(also);
            if !call.mutating {
                all.push(Documented::pedantic(Effect::StaleRead(None)));
                if simulates(call, &UNSEEN) {
                    all.push(Documented::pedantic(UNSEEN));
                }
            }
            all.extend(of_operation(&call.operation));
            all
        }
        _ => Vec::new(),
    }
}

/// All calls that a fault can target: those of a cloud's API, and those of a cluster's API server.
pub fn calls(service: &str, routes: &[Route]) -> Vec<Signature> {
    let mut all = kubeproof_kubernetes::calls::calls();
    all.extend(routes.iter().map(|route| Signature {
        service: service.to_owned(),
        operation: route.name.to_owned(),
        mutating: route.is_mutating(),
    }));
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

    #[test]
    fn what_some_operations_meet_is_added_and_reads_that_lag_are_pedantic() {
        let call = |service: &str, operation: &str, mutating| Signature {
            service: service.to_owned(),
            operation: operation.to_owned(),
            mutating,
        };
        let quota = |operation: &str| match operation {
            "Make" => vec![Documented::lasting(Effect::Quota, "h")],
            _ => Vec::new(),
        };
        let check = |one: Signature, effect: &str, expected: Option<bool>| {
            let simulates = |one: &Signature, _: &Effect| one.operation == "List";
            let seen = all(&one, "sky", (&SOURCES, Vec::new()), quota, simulates);
            let mut seen = seen.iter();
            let found = seen.find(|known| known.effect.to_string() == effect);
            assert_eq!(
                found.map(|known| known.pedantic),
                expected,
                "{one} {effect}"
            );
        };
        check(call("sky", "Make", true), "quota", Some(false));
        check(call("sky", "Make", true), "stale-read", None);
        check(call("sky", "List", false), "quota", None);
        check(call("sky", "List", false), "stale-read(5)", Some(true));
        check(call("sky", "Get", false), "stale-read(5)", None);
        check(call("sky", "Get", false), "stale-read", Some(true));
        check(
            call("kubernetes", "list-nodes", false),
            "throttle(5)",
            Some(false),
        );
        check(call("sea", "List", false), "throttle", None);
    }

    #[test]
    fn faults_can_target_the_routes_and_the_api_server() {
        let all = calls("sky", &[Route::new("POST", "/boxes", "Make")]);
        let mutating = |name: &str| {
            let mut named = all.iter();
            let found = named.find(|call| call.to_string() == name);
            found.map(|call| call.mutating)
        };
        assert_eq!(mutating("sky:Make"), Some(true));
        assert_eq!(mutating("kubernetes:list-nodes"), Some(false));
    }
}

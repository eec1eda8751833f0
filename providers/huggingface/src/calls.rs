//! The calls that faults can target, and how the simulator carries out a fault that is left to it.
//!
//! What can be carried out at all is here; what the cloud documents of its calls is in `faults`.

use kubeproof_contract::call::Signature;
use kubeproof_contract::fault::Effect;

use crate::routes::SERVICES;

/// How an endpoint can fail after a call was accepted; without a code its container ends.
const OF_ENDPOINTS: &[&str] = &["failed", "no-answer", "no-capacity", "out-of-memory"];
/// How a job can fail after it was accepted; without a code its program ends with an error.
const OF_JOBS: &[&str] = &["error", "hangs", "image-pull"];
/// The call that runs a job.
const RUNS: &str = "hub:RunJob";
/// The calls after which an endpoint starts or changes.
const DEPLOYS: &[&str] = &[
    "endpoints:CreateEndpoint",
    "endpoints:ResumeEndpoint",
    "endpoints:UpdateEndpoint",
];
/// Reads of what callers create.
const READS: &[&str] = &[
    "endpoints:GetEndpoint",
    "endpoints:ListEndpoints",
    "hub:GetJob",
    "hub:ListJobs",
];

/// All calls: the services', then those of a cluster.
pub fn calls() -> Vec<Signature> {
    let mut all: Vec<Signature> = SERVICES
        .iter()
        .flat_map(|service| {
            service.routes.iter().map(|route| Signature {
                service: service.name.to_owned(),
                operation: route.name.to_owned(),
                mutating: route.is_mutating(),
            })
        })
        .collect();
    all.extend(kubeproof_kubernetes::calls::calls());
    all
}

fn is_any(calls: &[&str], call: &Signature) -> bool {
    calls.contains(&call.to_string().as_str())
}

/// Whether a call deploys an endpoint.
pub(crate) fn deploys(call: &Signature) -> bool {
    is_any(DEPLOYS, call)
}

/// Whether a call runs a job.
pub(crate) fn runs_job(call: &Signature) -> bool {
    is_any(&[RUNS], call)
}

/// Whether the simulator carries out an effect on this call, once the call is accepted.
pub(crate) fn simulates(call: &Signature, effect: &Effect) -> bool {
    let is_late = deploys(call) || runs_job(call);
    match effect {
        Effect::AsyncFail(Some(code)) => {
            let codes = if runs_job(call) {
                OF_JOBS
            } else {
                OF_ENDPOINTS
            };
            is_late && codes.contains(&code.as_str())
        }
        Effect::AsyncFail(None) | Effect::AsyncStuck | Effect::AsyncLate(_) => is_late,
        Effect::NotYetVisible(_) => is_any(READS, call),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_simkit::bench::injected;

    use super::*;

    #[test]
    fn what_is_simulated_is_a_call() {
        let all: Vec<String> = calls().iter().map(ToString::to_string).collect();
        for name in DEPLOYS.iter().chain(READS).chain([&RUNS]) {
            assert!(all.iter().any(|call| call == name), "{name}");
        }
    }

    #[test]
    fn an_endpoint_fails_only_in_ways_that_a_rehearsal_has() {
        let check = |text: &str, expected: bool| {
            let all = calls();
            let (call, effect) = injected(&all, text);
            assert_eq!(simulates(call, &effect), expected, "{text}");
        };
        check("endpoints:CreateEndpoint=async-fail(out-of-memory)", true);
        check("endpoints:CreateEndpoint=async-fail(boredom)", false);
        check("hub:RunJob=async-fail(image-pull)", true);
        check("hub:RunJob=async-fail(out-of-memory)", false);
        check("endpoints:UpdateEndpoint=async-stuck", true);
        check("endpoints:DeleteEndpoint=async-stuck", false);
        check("endpoints:GetEndpoint=stale-read(30)", true);
        check("hub:WhoAmI=stale-read(30)", false);
    }
}

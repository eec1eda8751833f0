//! The calls that faults can target, and how the simulator carries out a fault that is left to it.
//!
//! What can be carried out at all is here; what the cloud documents of its calls is in `faults`.

use kubeproof_contract::call::Signature;
use kubeproof_contract::fault::Effect;

use crate::dialect::SERVICE;

/// Reads of lists and single resources that callers create.
const READS: &[&str] = &[
    "GetFirewallRuleset",
    "GetInstance",
    "ListFileSystems",
    "ListFirewallRulesets",
    "ListInstances",
    "ListSshKeys",
];

/// How a launch can fail after it was accepted; without a code it is `unhealthy`.
const FAILURES: &[&str] = &[
    "gpu-driver-missing",
    "install-script",
    "node-never-joins",
    "preempted",
    "unhealthy",
    "unusable",
];

/// Whether the simulator carries out an effect on this call, once the call is accepted.
pub(crate) fn simulates(call: &Signature, effect: &Effect) -> bool {
    let is = |operation: &str| call.service == SERVICE && call.operation == operation;
    match effect {
        Effect::AsyncFail(Some(code)) => is("LaunchInstance") && FAILURES.contains(&code.as_str()),
        Effect::AsyncFail(None) | Effect::AsyncStuck | Effect::AsyncLate(_) => is("LaunchInstance"),
        Effect::NotYetVisible(_) => READS.iter().any(|operation| is(operation)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_cloudkit::documented;

    use super::*;
    use crate::dialect::ROUTES;

    #[test]
    fn what_is_simulated_is_a_call() {
        let all = documented::calls(SERVICE, ROUTES);
        for operation in READS {
            let mut named = all.iter();
            assert!(
                named.any(|call| call.service == SERVICE && call.operation == *operation),
                "{operation}"
            );
        }
    }

    #[test]
    fn a_launch_fails_only_in_ways_that_a_rehearsal_has() {
        let check = |text: &str, expected: bool| {
            let fault: kubeproof_contract::fault::Fault = text.parse().unwrap();
            let all = documented::calls(SERVICE, ROUTES);
            let mut named = all.iter();
            let call = named
                .find(|call| fault.target.names(fault.target.actor, call))
                .unwrap();
            assert_eq!(simulates(call, &fault.effect), expected, "{text}");
        };
        check("lambda:LaunchInstance=async-fail(preempted)", true);
        check("lambda:LaunchInstance=async-fail(boredom)", false);
        check("lambda:AddSshKey=async-stuck", false);
        check("lambda:ListInstances=stale-read(30)", true);
        check("lambda:ListImages=stale-read(30)", false);
    }
}

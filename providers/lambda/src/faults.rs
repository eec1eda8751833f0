//! What can happen to a call of Lambda Cloud, and where it is documented.
//!
//! This guards against false alarms: an effect that is undocumented for a call is pedantic. Sources are rows of
//! the API's error table and public reports of its clients.

use kubeproof_cloudkit::documented::{self, Sources};
use kubeproof_contract::call::Signature;
use kubeproof_contract::documented_effects::DocumentedEffect as Documented;
use kubeproof_contract::fault::Effect;

use crate::calls::simulates;
use crate::dialect::SERVICE;

const THROTTLE: &str =
    "API documentation: one request a second, one launch in 12 s; skypilot issue 2261";
const SERVER: &str = "API error table (global/unknown, global/internal-error); skypilot issue 3410";
const SOURCES: Sources = Sources {
    throttle: THROTTLE,
    server: SERVER,
    server_after: SERVER,
    lost: "a launch has no token and names are not unique: a lost answer hides a machine",
    silent: "public clients send without a timeout (skypilot, lambda_utils.py)",
    expired: "API error table (global/invalid-api-key)",
    denied: "API error table (global/account-inactive)",
};
const QUOTA: &str = "API error table (global/quota-exceeded)";
/// The listing of capacity is only a hint.
const CAPACITY: &str = "API error table (instance-operations/launch/insufficient-capacity)";
const STATES: &str =
    "API documentation of instances: booting, active, unhealthy, terminating, preempted";

/// All effects on a call of this name.
pub(crate) fn of(call: &Signature) -> Vec<Documented> {
    let also = vec![Documented::transient(Effect::Throttle(Some(12)), THROTTLE)];
    documented::all(call, SERVICE, (&SOURCES, also), of_operation, simulates)
}

/// Effects on some operations only.
fn of_operation(operation: &str) -> Vec<Documented> {
    let fail = |code: &str| Documented::transient(Effect::AsyncFail(Some(code.to_owned())), STATES);
    match operation {
        "LaunchInstance" => vec![
            Documented::lasting(Effect::Quota, QUOTA),
            Documented::lasting(Effect::Capacity, CAPACITY),
            fail("unhealthy"),
            fail("preempted"),
            Documented::transient(Effect::AsyncStuck, STATES),
            Documented::transient(Effect::AsyncLate(2), STATES),
        ],
        "CreateFileSystem" | "AddSshKey" | "CreateFirewallRuleset" => {
            vec![Documented::lasting(Effect::Quota, QUOTA)]
        }
        "DeleteFirewallRuleset" => vec![Documented::lasting(
            Effect::Dependency,
            "API error table (firewall-rulesets/firewall-ruleset-in-use)",
        )],
        "DeleteFileSystem" => vec![Documented::lasting(
            Effect::Dependency,
            "API error table (filesystems/filesystem-in-use)",
        )],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(operation: &str, mutating: bool, effect: &str, expected: bool) {
        let call = Signature {
            service: SERVICE.to_owned(),
            operation: operation.to_owned(),
            mutating,
        };
        let all = of(&call).into_iter();
        let mut usual = all.filter(|documented| !documented.pedantic);
        let found = usual.any(|documented| documented.effect.to_string() == effect);
        assert_eq!(found, expected, "{operation} {effect}");
    }

    #[test]
    fn operations_meet_what_the_error_table_names() {
        check("LaunchInstance", true, "capacity", true);
        check("LaunchInstance", true, "lost-response", true);
        check("ListInstances", false, "lost-response", false);
        check("ListInstances", false, "capacity", false);
        check("DeleteFileSystem", true, "dependency", true);
    }

    #[test]
    fn documented_effects_name_their_source_and_others_do_not() {
        let call = Signature {
            service: SERVICE.to_owned(),
            operation: "LaunchInstance".to_owned(),
            mutating: true,
        };
        for documented in of(&call) {
            assert_eq!(documented.source.is_empty(), documented.pedantic);
        }
    }
}

//! What no provisioner can do better on AWS: the cloud itself leaves no way.
//!
//! Apart from what can happen to a call, because this excuses: each line needs its source. Source of the
//! table: EC2 API reference, the actions' parameters, and "Ensuring idempotency in Amazon EC2 API requests".

use kubeproof_contract::fault::{Effect, Fault};

/// Calls that make something and take neither a client token nor a name of one's own, and what they make.
const WITHOUT_TOKEN: &[(&str, &str)] = &[
    ("AllocateAddress", "elastic_ip"),
    ("CreateInternetGateway", "internet_gateway"),
    ("CreateVpc", "vpc"),
];

/// Why a finding is no fault of the provisioner's, if it is none.
///
/// A request of a process that has died may be carried out after its successor has looked. Without a token
/// the successor can neither wait for it, for it knows nothing of it, nor make it the same as its own.
/// Teardown must remove the twin all the same: only the twin itself is excused.
pub(crate) fn limit(faults: &[Fault], oracle: &str, message: &str) -> Option<String> {
    let died = |fault: &Fault| {
        matches!(
            fault.effect,
            Effect::CrashBefore
                | Effect::CrashAfter
                | Effect::Cancel
                | Effect::CancelBefore
                | Effect::CancelTwice
        )
    };
    if oracle != "O2 twins" || !faults.iter().any(died) {
        return None;
    }
    let (call, _) = WITHOUT_TOKEN.iter().find(|(call, makes)| {
        let late = |fault: &Fault| {
            let place = &fault.place;
            let its = place.service == "ec2" && place.operation == *call;
            its && matches!(fault.effect, Effect::LateApply(_))
        };
        faults.iter().any(late) && message.contains(&format!("of type {makes} "))
    })?;
    Some(format!(
        "{call} takes no client token (EC2 API reference): a request of a dead process that is carried out \
         after its successor has looked cannot be told from none"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(faults: &[&str], oracle: &str, message: &str, expected: bool) {
        let faults: Vec<Fault> = faults.iter().map(|text| text.parse().unwrap()).collect();
        let limit = limit(&faults, oracle, message);
        assert_eq!(limit.is_some(), expected, "{faults:?} {message}: {limit:?}");
    }

    #[test]
    fn only_the_twin_of_a_late_request_of_a_dead_process_is_excused() {
        let (late, crash) = (
            "ec2:CreateVpc#1=late-apply(30)",
            "ec2:DescribeVpcs#2=crash-before",
        );
        let vpcs = "2 of type vpc were alive at 2026-11-02T09:05:51Z, the scenario needs at most 1";
        check(&[late, crash], "O2 twins", vpcs, true);
        // Who lives on can look again.
        check(&[late], "O2 twins", vpcs, false);
        check(
            &[late, "ec2:DescribeVpcs#2=throttle"],
            "O2 twins",
            vpcs,
            false,
        );
        // What was lost was never carried out later.
        check(
            &["ec2:CreateVpc#1=lost-response", crash],
            "O2 twins",
            vpcs,
            false,
        );
        // What it left behind is no twin, and another type is not of this call.
        check(
            &[late, crash],
            "O1 orphans",
            "vpc vpc-1 in us-east-1: left behind",
            false,
        );
        check(
            &[late, crash],
            "O2 twins",
            "3 of type elastic_ip were alive at",
            false,
        );
        // A NAT gateway has a token.
        let gateway = "ec2:CreateNatGateway#1=late-apply(30)";
        check(
            &[gateway, crash],
            "O2 twins",
            "3 of type nat_gateway were alive at",
            false,
        );
    }
}

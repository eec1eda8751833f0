//! Findings that no provisioner can avoid on AWS, because the API offers no way to.
//!
//! Each entry excuses a finding and needs a source. Source of the table: EC2 API reference, the actions' parameters,
//! and "Ensuring idempotency in Amazon EC2 API requests".

use kubeproof_contract::fault::{Effect, Fault};

/// Calls that take neither a client token nor a unique name, and what they make.
const WITHOUT_TOKEN: &[(&str, &str)] = &[
    ("AllocateAddress", "elastic_ip"),
    ("CreateInternetGateway", "internet_gateway"),
    ("CreateVpc", "vpc"),
];

/// Why the provisioner is not to blame for a finding; `None` when it is.
///
/// A dead process's request may be applied after its successor has checked what exists. Without a token the
/// successor can neither wait for that request, which it does not know of, nor make its own identical to it.
/// Only the duplicate itself is excused: teardown must still remove it.
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
    if oracle != "O2 duplicates" || !faults.iter().any(died) {
        return None;
    }
    let (call, _) = WITHOUT_TOKEN.iter().find(|(call, makes)| {
        let late = |fault: &Fault| {
            let place = &fault.target;
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
    fn only_the_duplicate_of_a_late_request_of_a_dead_process_is_excused() {
        let (late, crash) = (
            "ec2:CreateVpc#1=late-apply(30)",
            "ec2:DescribeVpcs#2=crash-before",
        );
        let vpcs = "2 of type vpc were alive at 2026-11-02T09:05:51Z, the scenario needs at most 1";
        check(&[late, crash], "O2 duplicates", vpcs, true);
        // A process that lives on can look again.
        check(&[late], "O2 duplicates", vpcs, false);
        check(
            &[late, "ec2:DescribeVpcs#2=throttle"],
            "O2 duplicates",
            vpcs,
            false,
        );
        // A request whose answer was lost is not applied later.
        check(
            &["ec2:CreateVpc#1=lost-response", crash],
            "O2 duplicates",
            vpcs,
            false,
        );
        // A leftover is not a duplicate, and this call does not make another type.
        check(
            &[late, crash],
            "O1 orphans",
            "vpc vpc-1 in us-east-1: left behind",
            false,
        );
        check(
            &[late, crash],
            "O2 duplicates",
            "3 of type elastic_ip were alive at",
            false,
        );
        // A NAT gateway has a token.
        let gateway = "ec2:CreateNatGateway#1=late-apply(30)";
        check(
            &[gateway, crash],
            "O2 duplicates",
            "3 of type nat_gateway were alive at",
            false,
        );
    }
}

//! The calls that faults can be aimed at, and what the simulator does with a fault that is left to it.
//!
//! What can be carried out at all; what AWS documents of its calls is in `faults`.

use kubeproof_contract::call::Signature;
use kubeproof_contract::fault::Effect;

use crate::dialect::only_reads;
use crate::rehearsal;

/// What begins something that ends later, and can end otherwise.
const ASYNCHRONOUS: &[(&str, &str)] = &[
    ("ec2", "CreateNatGateway"),
    ("ec2", "DeleteNatGateway"),
    ("eks", "CreateCluster"),
    ("eks", "CreateNodegroup"),
    ("eks", "DeleteCluster"),
    ("eks", "DeleteNodegroup"),
    ("eks", "UpdateClusterConfig"),
    ("eks", "UpdateClusterVersion"),
    ("eks", "UpdateNodegroupConfig"),
    ("elasticloadbalancing", "CreateLoadBalancer"),
];

/// Lists of what has a time of creation.
const LISTS: &[&str] = &[
    "DescribeAddresses",
    "DescribeDhcpOptions",
    "DescribeInstances",
    "DescribeInternetGateways",
    "DescribeLaunchTemplates",
    "DescribeNatGateways",
    "DescribeNetworkAcls",
    "DescribeNetworkInterfaces",
    "DescribeRouteTables",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVolumes",
    "DescribeVpcs",
];

/// All calls.
pub(crate) fn calls() -> Vec<Signature> {
    let mut all = kubeproof_kubernetes::calls::calls();
    for (service, operations) in rehearsal::operations() {
        all.extend(operations.iter().map(|operation| Signature {
            service: (*service).to_owned(),
            operation: (*operation).to_owned(),
            mutating: !only_reads(operation),
        }));
    }
    all
}

/// Whether the simulator carries an effect out on this call, once it is accepted.
pub(crate) fn simulates(call: &Signature, effect: &Effect) -> bool {
    let of = (call.service.as_str(), call.operation.as_str());
    match effect {
        Effect::AsyncFail(_) | Effect::AsyncStuck | Effect::AsyncLate(_) => {
            ASYNCHRONOUS.contains(&of)
        }
        Effect::Partial => of == ("eks", "CreateNodegroup"),
        Effect::NotYetVisible(_) => call.service == "ec2" && LISTS.contains(&of.1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_simulated_is_a_call() {
        let all = calls();
        let is_call = |service: &str, operation: &str| {
            let mut named = all.iter();
            named.any(|call| call.service == service && call.operation == operation)
        };
        for (service, operation) in ASYNCHRONOUS {
            assert!(is_call(service, operation), "{service}:{operation}");
        }
        for operation in LISTS {
            assert!(is_call("ec2", operation), "{operation}");
        }
    }

    #[test]
    fn reads_are_told_from_changes() {
        let all = calls();
        let mutating = |name: &str| {
            let mut named = all.iter();
            named
                .find(|call| call.to_string() == name)
                .map(|call| call.mutating)
        };
        assert_eq!(mutating("ec2:DescribeVpcs"), Some(false));
        assert_eq!(mutating("eks:CreateCluster"), Some(true));
        assert_eq!(mutating("kubernetes:list-nodes"), Some(false));
    }
}

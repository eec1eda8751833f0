//! The calls that faults can target, and the effects that the simulator carries out by itself.
//!
//! Only what can be injected at all; what AWS documents for its calls is in `faults`.

use kubeproof_contract::call::Signature;
use kubeproof_contract::fault::Effect;

use crate::dialect::only_reads;
use crate::rehearsal;

/// Calls that start something asynchronous, which may still fail later.
const ASYNCHRONOUS: &[(&str, &str)] = &[
    ("ec2", "CreateNatGateway"),
    ("ec2", "DeleteNatGateway"),
    ("eks", "AssociateEncryptionConfig"),
    ("eks", "CreateAddon"),
    ("eks", "CreateCluster"),
    ("eks", "CreateNodegroup"),
    ("eks", "DeleteAddon"),
    ("eks", "DeleteCluster"),
    ("eks", "DeleteNodegroup"),
    ("eks", "UpdateAddon"),
    ("eks", "UpdateClusterConfig"),
    ("eks", "UpdateClusterVersion"),
    ("eks", "UpdateNodegroupConfig"),
    ("elasticloadbalancing", "CreateLoadBalancer"),
];

/// Lists of resources that have a creation time.
const LISTS: &[&str] = &[
    "DescribeAddresses",
    "DescribeDhcpOptions",
    "DescribeEgressOnlyInternetGateways",
    "DescribeFlowLogs",
    "DescribeInstances",
    "DescribeInternetGateways",
    "DescribeLaunchTemplates",
    "DescribeNatGateways",
    "DescribeNetworkAcls",
    "DescribeNetworkInterfaces",
    "DescribeRouteTables",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "DescribeSpotInstanceRequests",
    "DescribeSubnets",
    "DescribeVolumes",
    "DescribeVpcEndpoints",
    "DescribeVpcs",
];

/// Whether AWS accepts a call and reports the lack of capacity later: a node group is made, its scaling group
/// launches nothing, and the group ends `CREATE_FAILED` with `AsgInstanceLaunchFailures` (EKS model,
/// `NodegroupIssueCode`; aws/containers-roadmap issue 2204).
pub(crate) fn lacks_capacity_later(call: &Signature) -> bool {
    (call.service.as_str(), call.operation.as_str()) == ("eks", "CreateNodegroup")
}

/// Why AWS never answers this call with this effect.
///
/// EKS: neither its user guide nor its service model says that a read can miss a cluster or a node group that an
/// earlier answer already showed. The user guide calls only access entries eventually consistent, and means the
/// cluster's API server.
pub(crate) fn cannot_meet(call: &Signature, effect: &Effect) -> Option<&'static str> {
    let of_eks = call.service == "eks" && !call.mutating;
    (of_eks && matches!(effect, Effect::NotYetVisible(_))).then_some(
        "EKS documents no read that misses what was made before: only EC2 and IAM show changes late",
    )
}

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
        Effect::Capacity => lacks_capacity_later(call),
        Effect::NotYetVisible(_) => match of.0 {
            "ec2" => LISTS.contains(&of.1),
            // IAM user guide: "Changes that I make are not always immediately visible".
            "iam" => (of.1.starts_with("Get") || of.1.starts_with("List")) && of.1 != "GetUser",
            _ => false,
        },
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
    fn only_where_aws_documents_it_a_read_misses_what_is_young() {
        let check = |service: &str, operation: &str, expected: bool, refused: bool| {
            let (service, operation) = (service.to_owned(), operation.to_owned());
            let mutating = !only_reads(&operation);
            let call = Signature {
                service,
                operation,
                mutating,
            };
            let young = Effect::NotYetVisible(5);
            assert_eq!(simulates(&call, &young), expected, "{call}");
            assert_eq!(cannot_meet(&call, &young).is_some(), refused, "{call}");
        };
        check("ec2", "DescribeVpcs", true, false);
        check("ec2", "DescribeSpotInstanceRequests", true, false);
        check("ec2", "DescribeRegions", false, false);
        check("iam", "GetRole", true, false);
        check("iam", "ListOpenIDConnectProviders", true, false);
        check("iam", "CreateRole", false, false);
        check("iam", "GetUser", false, false);
        check("eks", "DescribeCluster", false, true);
        check("eks", "ListNodegroups", false, true);
        check("sts", "GetCallerIdentity", false, false);
    }

    /// Calls of the observer that the simulator refuses with 501: deletions of resources that cannot be created
    /// there (their lists are empty) or that AWS keeps by its own rule.
    const NOT_SIMULATED: &[&str] = &[
        "ec2:CancelCapacityReservation",
        "ec2:DeleteDhcpOptions",
        "ec2:DeleteKeyPair",
        "ec2:DeletePlacementGroup",
        "ec2:DeleteSnapshot",
        "ec2:DeleteVpcPeeringConnection",
        // There are no prefix lists, so none has entries.
        "ec2:GetManagedPrefixListEntries",
        "iam:DeleteServiceLinkedRole",
    ];

    fn sources(folder: &std::path::Path, all: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") {
                all.push(path);
            }
        }
    }

    /// The calls that a source names as text: `"ec2:DescribeVpcs"`.
    fn named(source: &str) -> impl Iterator<Item = &str> {
        let texts = source.split('"').skip(1).step_by(2);
        texts.filter(|text| {
            text.split_once(':').is_some_and(|(service, operation)| {
                let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
                !service.is_empty()
                    && service.chars().all(lower)
                    && operation.starts_with(|c: char| c.is_ascii_uppercase())
                    && operation.chars().all(|c| c.is_ascii_alphanumeric())
            })
        })
    }

    #[test]
    fn every_call_of_the_observer_is_simulated_or_refused_by_its_name() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = vec![folder.join("observer.rs")];
        sources(&folder.join("observer"), &mut files);
        sources(&folder.join("cost"), &mut files);
        let simulated: Vec<String> = calls().iter().map(ToString::to_string).collect();
        let mut seen = std::collections::BTreeSet::new();
        for file in &files {
            let source = std::fs::read_to_string(file).unwrap();
            let code = source.split("\nmod tests {").next().unwrap_or_default();
            seen.extend(named(code).map(str::to_owned));
        }
        assert!(seen.len() > 90, "{seen:?}");
        for call in &seen {
            let excused = NOT_SIMULATED.contains(&call.as_str());
            assert!(
                simulated.contains(call) != excused,
                "{call} is neither simulated nor excused, or both"
            );
        }
        for excused in NOT_SIMULATED {
            assert!(
                seen.contains(*excused),
                "{excused} is excused but never called"
            );
        }
    }

    #[test]
    fn reads_are_distinguished_from_changes() {
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

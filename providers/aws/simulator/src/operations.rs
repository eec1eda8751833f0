//! The operations that the simulated AWS knows, by service: what faults can target.
//!
//! In builds with debug assertions every answered call is looked up here, so that none is forgotten.

use crate::wire::table::Table;
use crate::{ec2, eks, events, kms, logs, sqs};

/// The operations of the services without a table of their own.
const OPERATIONS: &[(&str, &[&str])] = &[
    (
        "autoscaling",
        &[
            "DeleteAutoScalingGroup",
            "DescribeAutoScalingGroups",
            "DescribeScalingActivities",
        ],
    ),
    (
        "ce",
        &[
            "GetCostAndUsage",
            "GetDimensionValues",
            "GetTags",
            "ListCostAllocationTags",
            "UpdateCostAllocationTagsStatus",
        ],
    ),
    ("cloudtrail", &["LookupEvents"]),
    (
        "elasticloadbalancing",
        &[
            "CreateLoadBalancer",
            "CreateTargetGroup",
            "DeleteLoadBalancer",
            "DeleteTargetGroup",
            "DescribeLoadBalancers",
            "DescribeTags",
            "DescribeTargetGroups",
        ],
    ),
    (
        "iam",
        &[
            "AddClientIDToOpenIDConnectProvider",
            "AddRoleToInstanceProfile",
            "AttachRolePolicy",
            "CreateInstanceProfile",
            "CreateOpenIDConnectProvider",
            "CreatePolicy",
            "CreatePolicyVersion",
            "CreateRole",
            "CreateServiceLinkedRole",
            "DeleteInstanceProfile",
            "DeleteOpenIDConnectProvider",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteRole",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "GetInstanceProfile",
            "GetOpenIDConnectProvider",
            "GetPolicy",
            "GetPolicyVersion",
            "GetRole",
            "GetRolePolicy",
            "GetUser",
            "ListAttachedRolePolicies",
            "ListEntitiesForPolicy",
            "ListInstanceProfileTags",
            "ListInstanceProfiles",
            "ListInstanceProfilesForRole",
            "ListOpenIDConnectProviderTags",
            "ListOpenIDConnectProviders",
            "ListPolicies",
            "ListPolicyTags",
            "ListPolicyVersions",
            "ListRolePolicies",
            "ListRoleTags",
            "ListRoles",
            "PutRolePolicy",
            "RemoveClientIDFromOpenIDConnectProvider",
            "RemoveRoleFromInstanceProfile",
            "SetDefaultPolicyVersion",
            "SimulatePrincipalPolicy",
            "TagInstanceProfile",
            "TagOpenIDConnectProvider",
            "TagPolicy",
            "TagRole",
            "UntagInstanceProfile",
            "UntagOpenIDConnectProvider",
            "UntagPolicy",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateOpenIDConnectProviderThumbprint",
            "UpdateRole",
            "UpdateRoleDescription",
        ],
    ),
    (
        "pricing",
        &["DescribeServices", "GetAttributeValues", "GetProducts"],
    ),
    (
        "servicequotas",
        &[
            "GetAWSDefaultServiceQuota",
            "GetServiceQuota",
            "ListAWSDefaultServiceQuotas",
            "ListServiceQuotas",
        ],
    ),
    (
        "sts",
        &[
            "AssumeRole",
            "AssumeRoleWithWebIdentity",
            "GetCallerIdentity",
        ],
    ),
    ("tagging", &["GetResources"]),
];

/// The operations of the services that have a table.
fn of_tables() -> [(&'static str, Vec<&'static str>); 6] {
    [
        ("ec2", ec2::operations().collect()),
        ("eks", eks::route::operations().collect()),
        of_table(events::TABLE),
        of_table(kms::TABLE),
        of_table(logs::TABLE),
        of_table(sqs::TABLE),
    ]
}

fn of_table(table: Table) -> (&'static str, Vec<&'static str>) {
    (table.service, table.names().collect())
}

/// The operations of each service, in order.
pub fn operations() -> Vec<(&'static str, Vec<&'static str>)> {
    let listed = OPERATIONS
        .iter()
        .map(|(service, names)| (*service, names.to_vec()));
    let mut all: Vec<_> = listed.collect();
    all.extend(of_tables());
    for (_, names) in &mut all {
        names.sort_unstable();
    }
    all.sort_unstable();
    all
}

/// Whether an operation is one of them.
pub fn is_known(service: &str, operation: &str) -> bool {
    let listed = OPERATIONS.iter().find(|(name, _)| *name == service);
    if let Some((_, names)) = listed {
        return names.contains(&operation);
    }
    let tables = of_tables();
    let of_service = tables.iter().find(|(name, _)| *name == service);
    of_service.is_some_and(|(_, names)| names.contains(&operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_once_and_in_order() {
        let all = operations();
        assert!(all.is_sorted_by(|one, next| one.0 < next.0));
        for (service, names) in &all {
            assert!(names.is_sorted_by(|one, next| one < next), "{service}");
            assert!(names.iter().all(|name| is_known(service, name)));
        }
        assert!(!is_known("ec2", "CreateVPC") && !is_known("foo", "Bar"));
        // EKS has it; here it is answered with 501.
        assert!(!is_known("eks", "ListInsights"));
    }
}

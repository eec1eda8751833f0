//! The names of EKS's operations by method and path: journal, policy and trail need the name of every request.

use http::Method;

/// The operation of a REST request; `METHOD /path` if EKS has no such operation.
pub fn operation(method: &Method, path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    match name(method.as_str(), &segments) {
        Some(name) => name.to_owned(),
        None => format!("{method} {path}"),
    }
}

fn name(method: &str, path: &[&str]) -> Option<&'static str> {
    match path {
        ["clusters", _, rest @ ..] if !rest.is_empty() => below_cluster(method, rest),
        ["clusters"] => pick(
            method,
            &[("POST", "CreateCluster"), ("GET", "ListClusters")],
        ),
        ["clusters", _] => pick(
            method,
            &[("GET", "DescribeCluster"), ("DELETE", "DeleteCluster")],
        ),
        ["cluster-versions"] => pick(method, &[("GET", "DescribeClusterVersions")]),
        ["access-policies"] => pick(method, &[("GET", "ListAccessPolicies")]),
        ["addons", "supported-versions"] => pick(method, &[("GET", "DescribeAddonVersions")]),
        ["addons", "configuration-schemas"] => {
            pick(method, &[("GET", "DescribeAddonConfiguration")])
        }
        ["tags", _] => pick(
            method,
            &[
                ("POST", "TagResource"),
                ("DELETE", "UntagResource"),
                ("GET", "ListTagsForResource"),
            ],
        ),
        _ => None,
    }
}

fn below_cluster(method: &str, path: &[&str]) -> Option<&'static str> {
    match path {
        ["update-config"] => pick(method, &[("POST", "UpdateClusterConfig")]),
        ["updates"] => pick(
            method,
            &[("GET", "ListUpdates"), ("POST", "UpdateClusterVersion")],
        ),
        ["updates", _] => pick(method, &[("GET", "DescribeUpdate")]),
        ["insights"] => pick(method, &[("POST", "ListInsights")]),
        ["encryption-config", "associate"] => {
            pick(method, &[("POST", "AssociateEncryptionConfig")])
        }
        ["node-groups", rest @ ..] => node_groups(method, rest),
        ["access-entries", rest @ ..] => access_entries(method, rest),
        ["addons", rest @ ..] => addons(method, rest),
        ["fargate-profiles", rest @ ..] => fargate_profiles(method, rest),
        ["pod-identity-associations", rest @ ..] => pod_identities(method, rest),
        ["identity-provider-configs", rest @ ..] => identity_providers(method, rest),
        _ => None,
    }
}

fn node_groups(method: &str, path: &[&str]) -> Option<&'static str> {
    match path {
        [] => pick(
            method,
            &[("POST", "CreateNodegroup"), ("GET", "ListNodegroups")],
        ),
        [_] => pick(
            method,
            &[("GET", "DescribeNodegroup"), ("DELETE", "DeleteNodegroup")],
        ),
        [_, "update-config"] => pick(method, &[("POST", "UpdateNodegroupConfig")]),
        [_, "update-version"] => pick(method, &[("POST", "UpdateNodegroupVersion")]),
        _ => None,
    }
}

fn access_entries(method: &str, path: &[&str]) -> Option<&'static str> {
    match path {
        [] => pick(
            method,
            &[("POST", "CreateAccessEntry"), ("GET", "ListAccessEntries")],
        ),
        [_] => pick(
            method,
            &[
                ("GET", "DescribeAccessEntry"),
                ("DELETE", "DeleteAccessEntry"),
                ("POST", "UpdateAccessEntry"),
            ],
        ),
        [_, "access-policies"] => pick(
            method,
            &[
                ("POST", "AssociateAccessPolicy"),
                ("GET", "ListAssociatedAccessPolicies"),
            ],
        ),
        [_, "access-policies", _] => pick(method, &[("DELETE", "DisassociateAccessPolicy")]),
        _ => None,
    }
}

fn addons(method: &str, path: &[&str]) -> Option<&'static str> {
    match path {
        [] => pick(method, &[("POST", "CreateAddon"), ("GET", "ListAddons")]),
        [_] => pick(
            method,
            &[("GET", "DescribeAddon"), ("DELETE", "DeleteAddon")],
        ),
        [_, "update"] => pick(method, &[("POST", "UpdateAddon")]),
        _ => None,
    }
}

fn fargate_profiles(method: &str, path: &[&str]) -> Option<&'static str> {
    match path {
        [] => pick(
            method,
            &[
                ("POST", "CreateFargateProfile"),
                ("GET", "ListFargateProfiles"),
            ],
        ),
        [_] => pick(
            method,
            &[
                ("GET", "DescribeFargateProfile"),
                ("DELETE", "DeleteFargateProfile"),
            ],
        ),
        _ => None,
    }
}

fn pod_identities(method: &str, path: &[&str]) -> Option<&'static str> {
    match path {
        [] => pick(
            method,
            &[
                ("POST", "CreatePodIdentityAssociation"),
                ("GET", "ListPodIdentityAssociations"),
            ],
        ),
        [_] => pick(
            method,
            &[
                ("GET", "DescribePodIdentityAssociation"),
                ("DELETE", "DeletePodIdentityAssociation"),
                ("POST", "UpdatePodIdentityAssociation"),
            ],
        ),
        _ => None,
    }
}

fn identity_providers(method: &str, path: &[&str]) -> Option<&'static str> {
    match path {
        [] => pick(method, &[("GET", "ListIdentityProviderConfigs")]),
        ["associate"] => pick(method, &[("POST", "AssociateIdentityProviderConfig")]),
        ["describe"] => pick(method, &[("POST", "DescribeIdentityProviderConfig")]),
        ["disassociate"] => pick(method, &[("POST", "DisassociateIdentityProviderConfig")]),
        _ => None,
    }
}

fn pick(method: &str, names: &[(&str, &'static str)]) -> Option<&'static str> {
    names
        .iter()
        .find(|(known, _)| *known == method)
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::operation;

    fn check(method: &str, path: &str, expected: &str) {
        let method = method.parse().expect("a method");
        assert_eq!(operation(&method, path), expected);
    }

    #[test]
    fn an_operation_is_named_by_its_method_and_path() {
        check("POST", "/clusters", "CreateCluster");
        check("GET", "/clusters/c", "DescribeCluster");
        check("POST", "/clusters/c/updates", "UpdateClusterVersion");
        check("DELETE", "/clusters/c/node-groups/n", "DeleteNodegroup");
        check(
            "POST",
            "/clusters/c/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx/access-policies",
            "AssociateAccessPolicy",
        );
        check("GET", "/tags/arn%3Aaws", "ListTagsForResource");
    }

    #[test]
    fn a_path_that_eks_does_not_have_names_itself() {
        check("PATCH", "/clusters", "PATCH /clusters");
        check("GET", "/nothing", "GET /nothing");
    }
}

//! Reads the name of an AWS request: service from the credential scope, operation from the protocol.

use bytes::Bytes;
use http::{Method, Request};

/// The call of STS that is not signed: its token stands for the signature.
const UNSIGNED: &str = "AssumeRoleWithWebIdentity";

/// The service that the request is signed for; none when it is not signed, except for [`UNSIGNED`].
pub(super) fn service(request: &Request<Bytes>) -> Option<String> {
    if !request.headers().contains_key(http::header::AUTHORIZATION)
        && std::str::from_utf8(request.body())
            .is_ok_and(|body| parameter(body, "Action").as_deref() == Some(UNSIGNED))
    {
        return Some("sts".to_owned());
    }
    let header = request.headers().get(http::header::AUTHORIZATION);
    let scope = match header.and_then(|value| value.to_str().ok()) {
        Some(value) => value
            .split_once("Credential=")
            .map(|(_, rest)| rest.to_owned()),
        None => parameter(
            request.uri().query().unwrap_or_default(),
            "X-Amz-Credential",
        ),
    }?;
    let scope = scope.split(',').next().unwrap_or_default();
    scope
        .split('/')
        .nth(3)
        .filter(|service| !service.is_empty())
        .map(str::to_owned)
}

/// The operation, in AWS's own spelling, or method and path when it is unknown.
pub(super) fn name(service: &str, request: &Request<Bytes>) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        let target = target.to_str().unwrap_or_default();
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let action = std::str::from_utf8(request.body())
        .ok()
        .and_then(|body| parameter(body, "Action"))
        .or_else(|| parameter(request.uri().query().unwrap_or_default(), "Action"));
    if let Some(action) = action {
        return action;
    }
    let path = request.uri().path();
    let known = if service == "eks" {
        eks(request.method(), path)
    } else {
        None
    };
    known.map_or_else(|| format!("{} {path}", request.method()), str::to_owned)
}

fn parameter(form: &str, key: &str) -> Option<String> {
    form_urlencoded::parse(form.as_bytes())
        .find(|(found, _)| found == key)
        .map(|(_, value)| value.into_owned())
}

/// The operation of an EKS path. Names in paths are percent-encoded, slashes included, so splitting at `/` is safe.
fn eks(method: &Method, path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let name = match (method.as_str(), parts.as_slice()) {
        ("GET", ["cluster-versions"]) => "DescribeClusterVersions",
        ("GET", ["clusters"]) => "ListClusters",
        ("POST", ["clusters"]) => "CreateCluster",
        ("GET", ["clusters", _]) => "DescribeCluster",
        ("DELETE", ["clusters", _]) => "DeleteCluster",
        ("POST", ["clusters", _, "updates"]) => "UpdateClusterVersion",
        ("POST", ["clusters", _, "update-config"]) => "UpdateClusterConfig",
        ("GET", ["clusters", _, "updates"]) => "ListUpdates",
        ("GET", ["clusters", _, "updates", _]) => "DescribeUpdate",
        ("GET", ["clusters", _, "node-groups"]) => "ListNodegroups",
        ("POST", ["clusters", _, "node-groups"]) => "CreateNodegroup",
        ("GET", ["clusters", _, "node-groups", _]) => "DescribeNodegroup",
        ("DELETE", ["clusters", _, "node-groups", _]) => "DeleteNodegroup",
        ("POST", ["clusters", _, "node-groups", _, "update-config"]) => "UpdateNodegroupConfig",
        ("POST", ["clusters", _, "node-groups", _, "update-version"]) => "UpdateNodegroupVersion",
        ("GET", ["clusters", _, "fargate-profiles"]) => "ListFargateProfiles",
        ("GET", ["clusters", _, "addons"]) => "ListAddons",
        ("POST", ["clusters", _, "addons"]) => "CreateAddon",
        ("GET", ["clusters", _, "addons", _]) => "DescribeAddon",
        ("DELETE", ["clusters", _, "addons", _]) => "DeleteAddon",
        ("POST", ["clusters", _, "addons", _, "update"]) => "UpdateAddon",
        ("GET", ["addons", "supported-versions"]) => "DescribeAddonVersions",
        ("POST", ["clusters", _, "encryption-config", "associate"]) => "AssociateEncryptionConfig",
        ("POST", ["clusters", _, "fargate-profiles"]) => "CreateFargateProfile",
        ("DELETE", ["clusters", _, "fargate-profiles", _]) => "DeleteFargateProfile",
        ("GET", ["clusters", _, "access-entries"]) => "ListAccessEntries",
        ("POST", ["clusters", _, "access-entries"]) => "CreateAccessEntry",
        ("GET", ["clusters", _, "access-entries", _]) => "DescribeAccessEntry",
        ("DELETE", ["clusters", _, "access-entries", _]) => "DeleteAccessEntry",
        ("POST", ["clusters", _, "access-entries", _, "access-policies"]) => {
            "AssociateAccessPolicy"
        }
        ("POST", ["clusters", _, "access-entries", _]) => "UpdateAccessEntry",
        ("GET", ["clusters", _, "access-entries", _, "access-policies"]) => {
            "ListAssociatedAccessPolicies"
        }
        ("DELETE", ["clusters", _, "access-entries", _, "access-policies", _]) => {
            "DisassociateAccessPolicy"
        }
        ("GET", ["access-policies"]) => "ListAccessPolicies",
        ("GET", ["clusters", _, "pod-identity-associations"]) => "ListPodIdentityAssociations",
        ("POST", ["clusters", _, "pod-identity-associations"]) => "CreatePodIdentityAssociation",
        ("GET", ["clusters", _, "pod-identity-associations", _]) => {
            "DescribePodIdentityAssociation"
        }
        ("POST", ["clusters", _, "pod-identity-associations", _]) => "UpdatePodIdentityAssociation",
        ("DELETE", ["clusters", _, "pod-identity-associations", _]) => {
            "DeletePodIdentityAssociation"
        }
        ("GET", ["clusters", _, "fargate-profiles", _]) => "DescribeFargateProfile",
        ("GET", ["clusters", _, "identity-provider-configs"]) => "ListIdentityProviderConfigs",
        ("GET", ["tags", _]) => "ListTagsForResource",
        ("POST", ["tags", _]) => "TagResource",
        ("DELETE", ["tags", _]) => "UntagResource",
        _ => return None,
    };
    Some(name)
}

/// Verbs of operations that change nothing.
const READS: &[&str] = &[
    "Describe",
    "List",
    "Get",
    "Lookup",
    "Simulate",
    "Search",
    "Estimate",
    "BatchGet",
    "Filter",
    "AssumeRole",
];

/// Whether the operation can change anything in the account.
pub(super) fn is_mutating(service: &str, operation: &str, request: &Request<Bytes>) -> bool {
    if service == "eks" {
        return request.method() != Method::GET;
    }
    !only_reads(operation)
}

/// Whether an operation only reads, by its verb.
pub(crate) fn only_reads(operation: &str) -> bool {
    READS.iter().any(|verb| operation.starts_with(verb))
}

//! The operations of EKS's REST API, and what answers each: journal, policy and trail need the name of every request.

use http::Method;
use kubeproof_simkit::router::{Operation, Router, on};

use super::{
    access, access_policies, addon_updates, addon_versions, addons, cluster, cluster_create,
    cluster_lifecycle,
};
use super::{
    cluster_update, encryption, fargate, node_group, node_group_create, node_group_lifecycle,
};
use super::{node_group_update, pod_identity, tags, updates, versions};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

type Handler = fn(&mut State, &Call) -> Outcome;

#[rustfmt::skip]
const ROUTER: Router<Handler> = Router::new(&[
    on("POST", "/clusters", "CreateCluster", cluster_create::create),
    on("GET", "/clusters", "ListClusters", |state, call| cluster::list(state, call)),
    on("GET", "/clusters/{}", "DescribeCluster", |state, call| cluster::describe(state, call)),
    on("DELETE", "/clusters/{}", "DeleteCluster", cluster_lifecycle::delete),
    on("POST", "/clusters/{}/update-config", "UpdateClusterConfig", cluster_update::config),
    on("POST", "/clusters/{}/updates", "UpdateClusterVersion", cluster_update::version),
    on("GET", "/clusters/{}/updates", "ListUpdates", |state, call| updates::list(state, call)),
    on("GET", "/clusters/{}/updates/{}", "DescribeUpdate", |state, call| updates::describe(state, call)),
    Operation::not_simulated("POST", "/clusters/{}/insights", "ListInsights"),
    on("POST", "/clusters/{}/encryption-config/associate", "AssociateEncryptionConfig", encryption::associate),
    on("GET", "/cluster-versions", "DescribeClusterVersions", |state, call| versions::describe(state, call)),
    on("POST", "/clusters/{}/node-groups", "CreateNodegroup", node_group_create::create),
    on("GET", "/clusters/{}/node-groups", "ListNodegroups", |state, call| node_group::list(state, call)),
    on("GET", "/clusters/{}/node-groups/{}", "DescribeNodegroup", |state, call| node_group::describe(state, call)),
    on("DELETE", "/clusters/{}/node-groups/{}", "DeleteNodegroup", node_group_lifecycle::delete),
    on("POST", "/clusters/{}/node-groups/{}/update-config", "UpdateNodegroupConfig", node_group_update::config),
    Operation::not_simulated("POST", "/clusters/{}/node-groups/{}/update-version", "UpdateNodegroupVersion"),
    on("POST", "/clusters/{}/access-entries", "CreateAccessEntry", access::create),
    on("GET", "/clusters/{}/access-entries", "ListAccessEntries", |state, call| access::list(state, call)),
    on("GET", "/clusters/{}/access-entries/{}", "DescribeAccessEntry", access::describe),
    on("DELETE", "/clusters/{}/access-entries/{}", "DeleteAccessEntry", access::delete),
    on("POST", "/clusters/{}/access-entries/{}", "UpdateAccessEntry", access::update),
    on("POST", "/clusters/{}/access-entries/{}/access-policies", "AssociateAccessPolicy", access_policies::associate),
    on("GET", "/clusters/{}/access-entries/{}/access-policies", "ListAssociatedAccessPolicies", access_policies::list_associated),
    on("DELETE", "/clusters/{}/access-entries/{}/access-policies/{}", "DisassociateAccessPolicy", access_policies::disassociate),
    on("GET", "/access-policies", "ListAccessPolicies", |state, call| access_policies::list(state, call)),
    on("POST", "/clusters/{}/pod-identity-associations", "CreatePodIdentityAssociation", pod_identity::create),
    on("GET", "/clusters/{}/pod-identity-associations", "ListPodIdentityAssociations", |state, call| pod_identity::list(state, call)),
    on("GET", "/clusters/{}/pod-identity-associations/{}", "DescribePodIdentityAssociation", |state, call| pod_identity::describe(state, call)),
    on("DELETE", "/clusters/{}/pod-identity-associations/{}", "DeletePodIdentityAssociation", pod_identity::delete),
    on("POST", "/clusters/{}/pod-identity-associations/{}", "UpdatePodIdentityAssociation", pod_identity::update),
    on("POST", "/clusters/{}/addons", "CreateAddon", addons::create),
    on("GET", "/clusters/{}/addons", "ListAddons", |state, call| addons::list(state, call)),
    on("GET", "/clusters/{}/addons/{}", "DescribeAddon", |state, call| addons::describe(state, call)),
    on("DELETE", "/clusters/{}/addons/{}", "DeleteAddon", addon_updates::delete),
    on("POST", "/clusters/{}/addons/{}/update", "UpdateAddon", addon_updates::update),
    on("GET", "/addons/supported-versions", "DescribeAddonVersions", |state, call| addon_versions::describe(state, call)),
    Operation::not_simulated("GET", "/addons/configuration-schemas", "DescribeAddonConfiguration"),
    on("POST", "/clusters/{}/fargate-profiles", "CreateFargateProfile", fargate::create),
    on("GET", "/clusters/{}/fargate-profiles", "ListFargateProfiles", |state, call| fargate::list(state, call)),
    on("GET", "/clusters/{}/fargate-profiles/{}", "DescribeFargateProfile", |state, call| fargate::describe(state, call)),
    on("DELETE", "/clusters/{}/fargate-profiles/{}", "DeleteFargateProfile", fargate::delete),
    on("GET", "/clusters/{}/identity-provider-configs", "ListIdentityProviderConfigs", |state, call| addons::empty(state, call, "identityProviderConfigs")),
    Operation::not_simulated("POST", "/clusters/{}/identity-provider-configs/associate", "AssociateIdentityProviderConfig"),
    Operation::not_simulated("POST", "/clusters/{}/identity-provider-configs/describe", "DescribeIdentityProviderConfig"),
    Operation::not_simulated("POST", "/clusters/{}/identity-provider-configs/disassociate", "DisassociateIdentityProviderConfig"),
    on("POST", "/tags/{}", "TagResource", tags::tag),
    on("DELETE", "/tags/{}", "UntagResource", tags::untag),
    on("GET", "/tags/{}", "ListTagsForResource", tags::list),
]);

/// The names of the operations that are simulated.
pub fn operations() -> impl Iterator<Item = &'static str> {
    ROUTER.names().filter(|name| ROUTER.handler(name).is_some())
}

/// The operation of a REST request; `METHOD /path` if EKS has no such operation.
pub fn operation(method: &Method, path: &str) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let clean: String = segments.flat_map(|segment| ["/", segment]).collect();
    match ROUTER.find(method.as_str(), &clean) {
        Some(found) => found.name.to_owned(),
        None => format!("{method} {path}"),
    }
}

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    let handler = ROUTER.handler(&call.action);
    let handler = handler.ok_or_else(|| AwsError::unknown_operation("eks", &call.action))?;
    handler(state, call)
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

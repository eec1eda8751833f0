//! The rows of the checklist that describe a provisioned cluster, evaluated by reading the subscription.

use kubeproof_cloudkit::checks::{Rows, cluster_ready, kubeconfig_works};
use kubeproof_contract::check::Check;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::run::Run;

use super::own_access;
use crate::api::Api;
use crate::spec::AksSpec;

/// The provider's rows, with titles. `azure.cost`, `azure.teardown` and `azure.partial_failure` are judged by the harness.
pub const CHECKLIST: &[(&str, &str)] = &[
    (
        "credentials.load",
        "credentials found in the documented order, a .env file first",
    ),
    ("credentials.no_prompt", "nothing asks interactively"),
    (
        "azure.resource_group",
        "the run's resource group Succeeded, and that of the nodes",
    ),
    (
        "azure.network",
        "virtual network and subnet Succeeded, as asked",
    ),
    (
        "azure.cluster",
        "cluster Succeeded, location, version and tier as asked",
    ),
    (
        "azure.node_pools",
        "node pools Succeeded; size, count and autoscaling as asked",
    ),
    (
        "azure.identity",
        "managed identity or service principal with exactly the role assignments needed",
    ),
    ("azure.credentials", "kubeconfig obtained, works without az"),
    ("azure.ready", "API answers and every node is Ready"),
    ("azure.cost", "estimate against bill within the tolerance"),
    ("azure.teardown", "every resource type empty again"),
    (
        "azure.partial_failure",
        "after each forced failure: unwound or cleaned by teardown, and a retry succeeds without duplicates",
    ),
];

/// The same rows, as `cloudkit` judges them.
pub(super) const ROWS: Rows = Rows(CHECKLIST);

/// Rows that are not evaluated yet: unknown, so that nothing passes because of them.
const MISSING: [&str; 5] = [
    "azure.resource_group",
    "azure.network",
    "azure.cluster",
    "azure.node_pools",
    "azure.identity",
];

/// All rows.
pub(super) async fn all(
    api: &Api,
    spec: &AksSpec,
    run: &Run,
    provisioned: &Provisioned,
) -> Vec<Check> {
    let transport = &api.connection().transport;
    let missing = MISSING.map(|id| ROWS.unknown(id, "this row is not evaluated yet"));
    let mut checks = Vec::from(missing);
    let own = own_access(api, spec, run).await;
    let handed = &provisioned.access;
    checks.push(kubeconfig_works(ROWS, "azure.credentials", handed, transport.clone()).await);
    let nodes = usize::try_from(spec.nodes()).unwrap_or(usize::MAX);
    checks.push(cluster_ready(ROWS, "azure.ready", &own, transport.clone(), nodes).await);
    checks
}

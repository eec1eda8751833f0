//! The rows of the checklist that describe a provisioned cluster, evaluated by reading the project.

use kubeproof_cloudkit::checks::{Rows, cluster_ready, kubeconfig_works};
use kubeproof_contract::check::Check;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::run::Run;

use super::own_access;
use crate::api::Api;
use crate::spec::GkeSpec;

/// The provider's rows, with titles. `gcp.cost`, `gcp.teardown` and `gcp.partial_failure` are judged by the harness.
pub const CHECKLIST: &[(&str, &str)] = &[
    (
        "credentials.load",
        "credentials found in the documented order, a .env file first",
    ),
    ("credentials.no_prompt", "nothing asks interactively"),
    (
        "gcp.project",
        "the project exists, is active, and is billed",
    ),
    (
        "gcp.apis",
        "the APIs of Kubernetes Engine, Compute Engine and IAM are enabled",
    ),
    (
        "gcp.network",
        "network, subnetwork with secondary ranges, routes and firewall rules as asked",
    ),
    (
        "gcp.cluster",
        "cluster RUNNING, location, version and channel as asked",
    ),
    (
        "gcp.node_pools",
        "node pools RUNNING; machine type, count and autoscaling as asked",
    ),
    (
        "gcp.credentials",
        "kubeconfig obtained, works without gcloud",
    ),
    ("gcp.ready", "API answers and every node is Ready"),
    ("gcp.cost", "estimate against bill within the tolerance"),
    ("gcp.teardown", "every resource type empty again"),
    (
        "gcp.partial_failure",
        "after each forced failure: unwound or cleaned by teardown, and a retry succeeds without duplicates",
    ),
];

/// The same rows, as `cloudkit` judges them.
pub(super) const ROWS: Rows = Rows(CHECKLIST);

/// All rows.
pub(super) async fn all(
    api: &Api,
    spec: &GkeSpec,
    run: &Run,
    provisioned: &Provisioned,
) -> Vec<Check> {
    let transport = &api.connection().transport;
    let mut checks = [
        "gcp.project",
        "gcp.apis",
        "gcp.network",
        "gcp.cluster",
        "gcp.node_pools",
    ]
    .map(|id| ROWS.unknown(id, "not judged yet"))
    .to_vec();
    let handed = &provisioned.access;
    checks.push(kubeconfig_works(ROWS, "gcp.credentials", handed, transport.clone()).await);
    let own = own_access(api, spec, run).await;
    let nodes = usize::try_from(spec.nodes()).unwrap_or(usize::MAX);
    checks.push(cluster_ready(ROWS, "gcp.ready", &own, transport.clone(), nodes).await);
    checks
}

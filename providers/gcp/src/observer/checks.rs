//! The rows of the checklist that describe a provisioned cluster, evaluated by reading the project.

mod cluster;
mod network;
mod node_pools;

use std::collections::BTreeSet;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::checks::{Findings, Rows, cluster_ready, handed_version, kubeconfig_works};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provisioner::{HandedOver, KubernetesAccess, Provisioned};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;

use super::preflight::Judged;
use super::{READ, own_access};
use crate::api::Api;
use crate::api::types::{BillingInfo, EnabledApis, Project, last};
use crate::spec::{GkeSpec, Mode};

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

/// The APIs that a cluster and its audit need.
const NEEDED_APIS: &[&str] = &[
    "container.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
];

/// The API that the billing export is read with. New projects have it enabled, others may not.
const BIGQUERY: &str = "bigquery.googleapis.com";

/// The APIs that a trial of this scenario needs.
pub(super) fn needed_apis(spec: &GkeSpec) -> Vec<&'static str> {
    let bills = spec.billing_export.as_ref().map(|_| BIGQUERY);
    NEEDED_APIS.iter().copied().chain(bills).collect()
}

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
    let mut checks = of_project(api, spec).await;
    let cluster = cluster::read(api, spec, run).await;
    let own = own_access(api, spec, run).await;
    checks.push(ROWS.row(
        "gcp.network",
        network::judge(api, spec, run, &cluster).await,
    ));
    checks.push(
        ROWS.row(
            "gcp.cluster",
            cluster
                .as_ref()
                .map_err(Clone::clone)
                .map(|found| cluster::judge(spec, run, found.as_ref())),
        ),
    );
    checks.push(match spec.mode {
        Mode::Autopilot => {
            ROWS.skipped("gcp.node_pools", "Autopilot makes nodes as pods need them")
        }
        Mode::Standard => ROWS.row(
            "gcp.node_pools",
            node_pools::judge(api, spec, run, &cluster).await,
        ),
    });
    checks.push(credentials(&own, &provisioned.access, transport).await);
    checks.push(ready(&own, transport, spec).await);
    checks
}

async fn of_project(api: &Api, spec: &GkeSpec) -> Vec<Check> {
    let id = spec.project.0.as_str();
    let judged = match super::project(api, id).await {
        Ok(found) => project(api, &found).await,
        Err(error) => Err(error),
    };
    let findings = |(wrong, seen): (Vec<String>, String)| Findings {
        wrong,
        seen: vec![seen],
    };
    let apis = enabled(api, id, NEEDED_APIS).await.map(|enabled| {
        let mut found = Findings::default();
        for name in NEEDED_APIS {
            found.require(enabled.contains(*name), || format!("{name} is not enabled"));
        }
        found.note(format!("enabled: {}", NEEDED_APIS.join(", ")));
        found
    });
    vec![
        ROWS.row("gcp.project", judged.map(findings)),
        ROWS.row("gcp.apis", apis),
    ]
}

/// Whether the project is active and billed.
pub(super) async fn project(api: &Api, project: &Project) -> Judged {
    let id = project.project_id.as_str();
    let call = RestCall::new("projects.getBillingInfo", std::slice::from_ref(&id));
    let billing: BillingInfo = api.billing.call(READ, call).await?;
    let mut wrong = Vec::new();
    if project.lifecycle_state != "ACTIVE" {
        wrong.push(format!("project {id} is {}", project.lifecycle_state));
    }
    if !billing.billing_enabled {
        wrong.push(format!(
            "project {id} is not billed: link a billing account to it"
        ));
    }
    let account = billing.billing_account_name;
    Ok((
        wrong,
        format!("project {id} is ACTIVE, billed to {account}"),
    ))
}

/// Those of these APIs that are enabled.
pub(super) async fn enabled(
    api: &Api,
    project: &str,
    names: &[&str],
) -> Result<BTreeSet<String>, CallError> {
    let full: Vec<String> = names
        .iter()
        .map(|name| format!("projects/{project}/services/{name}"))
        .collect();
    let query: Vec<(&str, &str)> = full.iter().map(|name| ("names", name.as_str())).collect();
    let parameters = [project];
    let call = RestCall::new("services.batchGet", &parameters).with_query(&query);
    let found: EnabledApis = api.services.call(READ, call).await?;
    let enabled = found.services.iter().filter(|one| one.state == "ENABLED");
    Ok(enabled
        .filter_map(|one| last(&one.name).map(str::to_owned))
        .collect())
}

/// Whether a version is the one that was asked for: all of it, or one that goes on after it.
pub(super) fn is_version(version: &str, asked: &str) -> bool {
    let rest = version.strip_prefix(asked);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

/// The access that was handed over leads to the run's cluster, trusts its authority, and works.
async fn credentials(
    own: &Result<KubernetesAccess, ObserverError>,
    handed: &HandedOver,
    transport: &SharedTransport,
) -> Check {
    let id = "gcp.credentials";
    let works = kubeconfig_works(ROWS, id, handed, transport.clone()).await;
    let Ok(handed) = handed else {
        return works;
    };
    let own = match own {
        Ok(own) => own,
        Err(error) if works.verdict == Verdict::Pass => return ROWS.unknown(id, error),
        Err(_) => return works,
    };
    let mut wrong = Vec::new();
    if handed.server != own.server {
        let (theirs, ours) = (&handed.server, &own.server);
        wrong.push(format!("the kubeconfig leads to {theirs}, not to {ours}"));
    }
    if handed.certificate_authority_pem != own.certificate_authority_pem {
        wrong.push("the kubeconfig trusts another authority than the cluster's".to_owned());
    }
    if wrong.is_empty() {
        return works;
    }
    ROWS.judged(id, &wrong, "")
}

/// Readiness through the observer's own access. Autopilot has nodes only once there are pods.
async fn ready(
    own: &Result<KubernetesAccess, ObserverError>,
    transport: &SharedTransport,
    spec: &GkeSpec,
) -> Check {
    let id = "gcp.ready";
    let nodes = usize::try_from(spec.nodes()).unwrap_or(usize::MAX);
    match (spec.mode, own) {
        (Mode::Autopilot, Ok(access)) => {
            let access = Ok(access.clone());
            match handed_version(ROWS, id, &access, transport.clone()).await {
                Ok(seen) => {
                    let seen = format!("{seen}; nodes come with pods");
                    ROWS.check(id, Verdict::Pass, seen)
                }
                Err(check) => check,
            }
        }
        _ => cluster_ready(ROWS, id, own, transport.clone(), nodes).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_meant_by_its_whole_beginning() {
        let check = |asked: &str, expected: bool| {
            assert_eq!(is_version("1.34.1-gke.2037001", asked), expected, "{asked}");
        };
        check("1.34", true);
        check("1.34.1", true);
        check("1.34.1-gke.2037001", true);
        check("1.3", false);
        check("1.34.1-gke.20", false);
        check("1.35", false);
    }
}

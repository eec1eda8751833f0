//! The rows of the checklist that describe a provisioned cluster, evaluated by reading the account.

use std::collections::BTreeSet;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::checks::{Rows, gpus_allocatable, nodes_ready};
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;

use super::own_access;
use crate::api::Api;
use crate::api::types::{Instance, Ruleset};
use crate::spec::LambdaSpec;

/// The provider's rows, with titles.
pub const CHECKLIST: &[(&str, &str)] = &[
    (
        "credentials.load",
        "credentials found in the documented order, a .env file first",
    ),
    ("credentials.no_prompt", "nothing asks interactively"),
    (
        "lambda.instances",
        "launched, active, type and region as asked",
    ),
    (
        "lambda.kubernetes",
        "Kubernetes installed on them, API answers, every node Ready",
    ),
    (
        "lambda.gpu",
        "nodes offer nvidia.com/gpu, and a Job sees the GPUs",
    ),
    (
        "lambda.network",
        "firewall rules allow the API server and no more than asked",
    ),
    (
        "lambda.cost",
        "estimate against the meter within the tolerance: Lambda Cloud has no billing API",
    ),
    ("lambda.teardown", "every resource type empty again"),
    (
        "lambda.partial_failure",
        "after each forced failure: unwound or cleaned by teardown, and a retry succeeds without duplicates",
    ),
];

const ROWS: Rows = Rows(CHECKLIST);

/// All rows.
pub(super) async fn all(
    api: &Api,
    spec: &LambdaSpec,
    run: &Run,
    provisioned: &Provisioned,
) -> Vec<Check> {
    let listed: Result<Vec<Instance>, CallError> = api.get("ListInstances", &[]).await;
    let own = own_access(api, run).await;
    let mut checks = match listed {
        Ok(mut nodes) => {
            nodes.retain(|one| one.belongs_to(run) && one.status != "terminated");
            vec![
                instances(spec, run, &nodes),
                network(api, spec, &nodes).await,
            ]
        }
        Err(error) => ["lambda.instances", "lambda.network"]
            .map(|id| ROWS.unknown(id, &error))
            .to_vec(),
    };
    let transport = &api.connection().transport;
    checks.push(kubernetes(&own, provisioned, transport, spec.nodes()).await);
    checks.push(gpus(&own, transport, spec).await);
    checks
}

fn instances(spec: &LambdaSpec, run: &Run, nodes: &[Instance]) -> Check {
    let mut wrong = Vec::new();
    if nodes.len() != spec.nodes() {
        wrong.push(format!(
            "{} instances, asked for {}",
            nodes.len(),
            spec.nodes()
        ));
    }
    let mut regions = BTreeSet::new();
    for node in nodes {
        let id = &node.id;
        if node.status != "active" {
            wrong.push(format!("{id} is {}", node.status));
        }
        if node.instance_type.name != spec.instance_type.0 {
            wrong.push(format!("{id} is a {}", node.instance_type.name));
        }
        if !run.owns(&node.tags()) {
            wrong.push(format!("{id} does not carry the run's tag"));
        }
        if !spec
            .regions
            .0
            .iter()
            .any(|region| region.0 == node.region.name)
        {
            wrong.push(format!("{id} is in {}", node.region.name));
        }
        regions.insert(node.region.name.clone());
    }
    if regions.len() > 1 {
        wrong.push(format!("the nodes are in {} regions", regions.len()));
    }
    let regions: Vec<String> = regions.into_iter().collect();
    let kind = &spec.instance_type.0;
    let seen = format!("{} × {kind} active in {}", nodes.len(), regions.join(", "));
    ROWS.judged("lambda.instances", &wrong, seen)
}

async fn network(api: &Api, spec: &LambdaSpec, nodes: &[Instance]) -> Check {
    let all: Vec<Ruleset> = match api.get("ListFirewallRulesets", &[]).await {
        Ok(all) => all,
        Err(error) => return ROWS.unknown("lambda.network", error),
    };
    let asked = format!("tcp:6443-6443:{}", spec.api_allowed_from.0);
    let peers: Vec<String> = nodes
        .iter()
        .filter_map(|node| Some(format!("all:all:{}/32", node.private_ip.as_ref()?)))
        .collect();
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for node in nodes {
        let ids: Vec<&str> = node
            .firewall_rulesets
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        let rules: BTreeSet<String> = all
            .iter()
            .filter(|set| ids.contains(&set.id.as_str()))
            .flat_map(|set| set.rules.iter().map(crate::api::types::FirewallRule::key))
            .collect();
        if !rules.contains(&asked) {
            wrong.push(format!(
                "{}: no rule lets the API server be reached ({asked})",
                node.id
            ));
        }
        let more = rules
            .iter()
            .filter(|rule| **rule != asked && !peers.contains(rule));
        wrong.extend(more.map(|rule| format!("{}: {rule} was not asked for", node.id)));
        seen.extend(rules);
    }
    let seen: Vec<String> = seen.into_iter().collect();
    let seen = format!(
        "{}; the account's own rules hold besides and were left alone",
        seen.join(", ")
    );
    ROWS.judged("lambda.network", &wrong, seen)
}

/// The cluster as the observer sees it, and the kubeconfig that was handed over: it must lead to the same server,
/// trust the same authority, and work.
async fn kubernetes(
    own: &Result<KubernetesAccess, ObserverError>,
    provisioned: &Provisioned,
    transport: &SharedTransport,
    nodes: usize,
) -> Check {
    let id = "lambda.kubernetes";
    let own = match own {
        Ok(own) => own,
        Err(error) => return ROWS.unknown(id, error),
    };
    let (mut wrong, mut seen) = match nodes_ready(own, transport.clone(), nodes).await {
        Ok(found) => found,
        Err(error) => return ROWS.of_failure(id, &error),
    };
    match &provisioned.access {
        Err(reason) if wrong.is_empty() => return ROWS.skipped(id, reason),
        Err(_) => {}
        Ok(handed) => {
            if handed.server != own.server {
                let (theirs, ours) = (&handed.server, &own.server);
                wrong.push(format!("the kubeconfig leads to {theirs}, not to {ours}"));
            }
            if handed.certificate_authority_pem != own.certificate_authority_pem {
                wrong.push("the kubeconfig trusts another authority than the run's".to_owned());
            }
            if let Err(error) = nodes_ready(handed, transport.clone(), nodes).await {
                let row = ROWS.of_failure(id, &error);
                if row.verdict == Verdict::Fail {
                    wrong.push(format!("the kubeconfig does not work: {error}"));
                } else if wrong.is_empty() {
                    return row;
                }
            }
        }
    }
    seen.push_str("; the client trusts only the authority made for this run");
    ROWS.judged(id, &wrong, seen)
}

async fn gpus(
    own: &Result<KubernetesAccess, ObserverError>,
    transport: &SharedTransport,
    spec: &LambdaSpec,
) -> Check {
    let id = "lambda.gpu";
    if spec.gpus() == 0 {
        return ROWS.skipped(id, format!("{} has no GPU", spec.instance_type.0));
    }
    gpus_allocatable(ROWS, id, own, transport.clone(), spec.gpus()).await
}

//! The rows of the checklist that describe a provisioned cluster, evaluated by reading the account.

use std::collections::BTreeSet;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::checks::{Rows, cluster_handed_over, gpus_allocatable};
use kubeproof_cloudkit::machines::rows::{AskedMachines, SeenMachine, as_asked, rules_as_asked};
use kubeproof_contract::check::Check;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::run::Run;
use kubeproof_kubernetes::machines::API_PORT;

use super::own_access;
use crate::api::Api;
use crate::api::types::{FirewallRule, Instance, Ruleset};
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

pub(super) const ROWS: Rows = Rows(CHECKLIST);

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
    let accesses = (&own, &provisioned.access);
    let note = "the client trusts only the authority made for this run";
    let id = "lambda.kubernetes";
    checks.push(cluster_handed_over(ROWS, id, accesses, transport, spec.nodes(), note).await);
    let gpus = (spec.instance_type.0.as_str(), spec.gpus());
    checks.push(gpus_allocatable(ROWS, "lambda.gpu", &own, transport.clone(), gpus).await);
    checks
}

fn instances(spec: &LambdaSpec, run: &Run, nodes: &[Instance]) -> Check {
    let asked = AskedMachines {
        count: spec.nodes(),
        kind: &spec.instance_type.0,
        regions: &spec.regions(),
        running: "active",
    };
    let seen: Vec<SeenMachine<'_>> = nodes
        .iter()
        .map(|node| SeenMachine {
            id: &node.id,
            state: &node.status,
            kind: &node.instance_type.name,
            region: &node.region.name,
            is_marked: run.owns(&node.tags),
        })
        .collect();
    let (wrong, seen) = as_asked(&asked, &seen);
    ROWS.judged("lambda.instances", &wrong, seen)
}

async fn network(api: &Api, spec: &LambdaSpec, nodes: &[Instance]) -> Check {
    let all: Vec<Ruleset> = match api.get("ListFirewallRulesets", &[]).await {
        Ok(all) => all,
        Err(error) => return ROWS.unknown("lambda.network", error),
    };
    let asked = format!("tcp:{API_PORT}-{API_PORT}:{}", spec.api_allowed_from.0);
    let peers = nodes
        .iter()
        .filter_map(|node| Some(format!("all:all:{}/32", node.private_ip.as_ref()?)))
        .collect();
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for node in nodes {
        let ids = node.firewall_rulesets.iter().map(|one| one.id.as_str());
        let ids: Vec<&str> = ids.collect();
        let own = all.iter().filter(|set| ids.contains(&set.id.as_str()));
        let rules: BTreeSet<String> = own
            .flat_map(|set| set.rules.iter().map(FirewallRule::key))
            .collect();
        wrong.extend(rules_as_asked(&node.id, &rules, &asked, &peers));
        seen.extend(rules);
    }
    let seen: Vec<String> = seen.into_iter().collect();
    let seen = format!(
        "{}; the account's own rules hold besides and were left alone",
        seen.join(", ")
    );
    ROWS.judged("lambda.network", &wrong, seen)
}

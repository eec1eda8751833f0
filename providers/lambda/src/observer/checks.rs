//! The rows of the checklist that describe a provisioned cluster, evaluated by reading the account.

use std::collections::BTreeSet;

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::run::Run;
use kubeproof_kubernetes::client::client;
use kubeproof_kubernetes::{gpu, ready};

use super::own_access;
use crate::api::Api;
use crate::api::error::CallError;
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

fn title(id: &str) -> &'static str {
    CHECKLIST
        .iter()
        .find(|(known, _)| *known == id)
        .map_or("", |(_, title)| title)
}

fn judged(id: &str, wrong: &[String], seen: impl Into<String>) -> Check {
    Check::judged(id, title(id), wrong, seen)
}

fn unknown(id: &str, why: impl Into<String>) -> Check {
    Check::new(id, title(id), Verdict::Unknown, why)
}

/// All rows.
pub(super) async fn all(
    api: &Api,
    spec: &LambdaSpec,
    run: &Run,
    provisioned: &Provisioned,
) -> Vec<Check> {
    let listed: Result<Vec<Instance>, CallError> = api.get("ListInstances", "/instances").await;
    let nodes: Vec<Instance> = match listed {
        Ok(all) => all
            .into_iter()
            .filter(|one| one.belongs_to(run) && one.status != "terminated")
            .collect(),
        Err(error) => {
            let ids = [
                "lambda.instances",
                "lambda.network",
                "lambda.kubernetes",
                "lambda.gpu",
            ];
            return ids.map(|id| unknown(id, error.to_string())).to_vec();
        }
    };
    let mut checks = vec![
        instances(spec, run, &nodes),
        network(api, spec, &nodes).await,
    ];
    checks.extend(cluster(api, spec, run, provisioned).await);
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
    judged("lambda.instances", &wrong, seen)
}

async fn network(api: &Api, spec: &LambdaSpec, nodes: &[Instance]) -> Check {
    let all: Vec<Ruleset> = match api.get("ListFirewallRulesets", "/firewall-rulesets").await {
        Ok(all) => all,
        Err(error) => return unknown("lambda.network", error.to_string()),
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
    judged("lambda.network", &wrong, seen)
}

async fn cluster(api: &Api, spec: &LambdaSpec, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
    let both = |why: String| {
        vec![
            unknown("lambda.kubernetes", why.clone()),
            unknown("lambda.gpu", why),
        ]
    };
    let access = match own_access(api, run).await {
        Ok(access) => access,
        Err(error) => {
            let wrong = [error.to_string()];
            return vec![
                judged("lambda.kubernetes", &wrong, ""),
                judged("lambda.gpu", &wrong, ""),
            ];
        }
    };
    let transport = api.connection().transport.clone();
    let handed = match &provisioned.access {
        Ok(handed) => handed,
        Err(reason) => return both(reason.clone()),
    };
    let (own, theirs) = match (
        client(&access, transport.clone()),
        client(handed, transport),
    ) {
        (Ok(own), Ok(theirs)) => (own, theirs),
        (Err(error), _) | (_, Err(error)) => return both(error.to_string()),
    };
    let mut wrong = Vec::new();
    // The kubeconfig handed over must lead to the same server, trust the same authority, and work.
    if handed.server != access.server {
        wrong.push(format!(
            "the kubeconfig leads to {}, not to {}",
            handed.server, access.server
        ));
    }
    if handed.certificate_authority_pem != access.certificate_authority_pem {
        wrong.push("the kubeconfig trusts another authority than the run's".to_owned());
    }
    if let Err(error) = ready::ready(&theirs, spec.nodes()).await {
        wrong.push(format!("the kubeconfig does not work: {error}"));
    }
    let seen = match ready::ready(&own, spec.nodes()).await {
        Ok(seen) => seen,
        Err(error) => return both(error.to_string()),
    };
    if !seen.is_ready() {
        let (ready, asked) = (seen.ready, seen.expected);
        wrong.push(format!("{ready} nodes are Ready, asked for {asked}"));
        wrong.extend(seen.problems.clone());
    }
    let message = format!(
        "{} answers, {} of {} nodes Ready: {}; the client trusts only the authority made for this run",
        seen.version,
        seen.ready,
        seen.expected,
        seen.nodes.join(", ")
    );
    vec![
        judged("lambda.kubernetes", &wrong, message),
        gpus(&own, spec).await,
    ]
}

async fn gpus(own: &kubeproof_kubernetes::Client, spec: &LambdaSpec) -> Check {
    let asked = spec.gpus();
    if asked == 0 {
        let why = format!("{} has no GPU", spec.instance_type.0);
        return Check::new("lambda.gpu", title("lambda.gpu"), Verdict::Skipped, why);
    }
    let offered = match gpu::offered(own).await {
        Ok(offered) => offered,
        Err(error) => return unknown("lambda.gpu", error.to_string()),
    };
    let mut wrong: Vec<String> = offered
        .iter()
        .filter(|(_, count)| **count != asked)
        .map(|(node, count)| format!("{node} offers {count} of {asked} GPUs"))
        .collect();
    if offered.is_empty() {
        wrong.push("the cluster has no nodes".to_owned());
    }
    let seen: Vec<String> = offered
        .iter()
        .map(|(node, count)| format!("{node} offers {count}"))
        .collect();
    let seen = format!(
        "{}; the job of the scenario counts them (job.execution)",
        seen.join(", ")
    );
    judged("lambda.gpu", &wrong, seen)
}

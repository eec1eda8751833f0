//! The provider's rows of the checklist, judged by what engine and API server report.
//!
//! Two accesses on purpose: the provisioner's must work, and the observer's own sees the nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use kubeproof_cloudkit::checks::{Rows, cluster_ready, handed_version};
use kubeproof_contract::check::Check;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;

use super::inventory::{ROLE_LABEL, cluster_of, containers, name_of};
use super::{KindObserver, access};
use crate::settings;
use crate::spec::KindSpec;

/// The rows of the checklist that belong to this provider. `kind.teardown` and `kind.partial_failure`
/// are judged by the harness.
pub const CHECKLIST: &[(&str, &str)] = &[
    ("credentials.load", "credentials found, a .env file first"),
    ("credentials.no_prompt", "nothing asks interactively"),
    (
        "kind.cluster",
        "nodes as asked for, each running the image asked for",
    ),
    ("kind.ready", "API answers and every node is Ready"),
    (
        "kind.cluster_info",
        "the access handed over works, and the cluster's properties are returned",
    ),
    (
        "kind.teardown",
        "no container, network, volume or kubeconfig entry left",
    ),
    (
        "kind.partial_failure",
        "after each forced failure nothing is left, and a retry works",
    ),
];

/// The shortest prefix of a container's id that identifies it.
const SHORT_ID: usize = 12;

const ROWS: Rows = Rows(CHECKLIST);

/// Checks the cluster of a run.
pub async fn look(account: &KindObserver, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
    let nodes = nodes(account, run).await;
    let own = access::read(&account.engine, &run.name("")).await;
    let transport = &account.connection.transport;
    let mut checks = vec![cluster(account, &nodes)];
    checks.extend(of_server(&account.spec, transport, &own, run, provisioned, &nodes).await);
    checks
}

/// The rows that the API server answers: through the observer's own access, and through the one handed over.
async fn of_server(
    spec: &KindSpec,
    transport: &SharedTransport,
    own: &Result<KubernetesAccess, ObserverError>,
    run: &Run,
    provisioned: &Provisioned,
    nodes: &Result<Vec<Node>, ObserverError>,
) -> [Check; 2] {
    let ready = cluster_ready(ROWS, "kind.ready", own, Arc::clone(transport), spec.nodes());
    let info = info(transport, run, provisioned, nodes);
    [ready.await, info.await]
}

/// A node as the engine reports it.
struct Node {
    id: String,
    name: String,
    role: String,
    image: String,
    state: String,
}

async fn nodes(account: &KindObserver, run: &Run) -> Result<Vec<Node>, ObserverError> {
    let name = run.name("");
    let all = containers(&account.engine).await?;
    let ours = all
        .into_iter()
        .filter(|container| cluster_of(container.labels.as_ref()).as_deref() == Some(&name));
    Ok(ours
        .map(|container| Node {
            id: container.id.clone().unwrap_or_default(),
            name: name_of(&container),
            role: container
                .labels
                .and_then(|mut labels| labels.remove(ROLE_LABEL))
                .unwrap_or_default(),
            image: container.image.unwrap_or_default(),
            state: container
                .state
                .map(|state| state.to_string())
                .unwrap_or_default(),
        })
        .collect())
}

fn cluster(account: &KindObserver, nodes: &Result<Vec<Node>, ObserverError>) -> Check {
    let id = "kind.cluster";
    let nodes = match nodes {
        Ok(nodes) => nodes,
        Err(error) => return ROWS.unknown(id, error),
    };
    let mut wrong = Vec::new();
    for (role, expected) in [
        ("control-plane", 1),
        ("worker", account.spec.nodes().saturating_sub(1)),
    ] {
        let count = nodes.iter().filter(|node| node.role == role).count();
        if count != expected {
            wrong.push(format!(
                "{count} nodes are of the role {role}, asked for {expected}"
            ));
        }
    }
    let image = settings::image(&account.spec);
    for node in nodes {
        if node.state != "running" {
            wrong.push(format!("{} is {}", node.name, node.state));
        }
        if let Some(image) = image.as_ref().filter(|image| **image != node.image) {
            wrong.push(format!(
                "{} runs {}, asked for {image}",
                node.name, node.image
            ));
        }
    }
    let seen: Vec<String> = nodes
        .iter()
        .map(|node| format!("{} ({}, {})", node.name, node.role, node.image))
        .collect();
    ROWS.judged(id, &wrong, seen.join(", "))
}

/// The provisioner's own access gets an answer, and what it reports as made exists.
async fn info(
    transport: &SharedTransport,
    run: &Run,
    provisioned: &Provisioned,
    nodes: &Result<Vec<Node>, ObserverError>,
) -> Check {
    let id = "kind.cluster_info";
    let handed = &provisioned.access;
    let version = match handed_version(ROWS, id, handed, Arc::clone(transport)).await {
        Ok(version) => version,
        Err(check) => return check,
    };
    let mut wrong = Vec::new();
    if let Ok(nodes) = nodes {
        wrong.extend(not_there(run, &provisioned.made, nodes));
    }
    let said: Vec<String> = provisioned
        .made
        .iter()
        .map(|(name, id)| format!("{name} {}", id.get(..12).unwrap_or(id)))
        .collect();
    let said = match said.join(", ") {
        none if none.is_empty() => "nothing".to_owned(),
        said => said,
    };
    ROWS.judged(id, &wrong, format!("{version}; said to be made: {said}"))
}

/// What the provisioner reports as made but does not exist: nodes by their names or ids, the cluster by its name.
/// Reporting what was made is optional.
fn not_there(run: &Run, made: &BTreeMap<String, String>, nodes: &[Node]) -> Option<String> {
    let cluster = run.name("");
    let is_there = |text: &str| {
        let of_node = |node: &Node| {
            let short = text.len() >= SHORT_ID && node.id.starts_with(text);
            node.name == text || short
        };
        text == cluster || nodes.iter().any(of_node)
    };
    let missing: Vec<&String> = made
        .iter()
        .filter(|(name, id)| !is_there(name) && !is_there(id))
        .map(|(name, _)| name)
        .collect();
    let there: Vec<&String> = nodes.iter().map(|node| &node.name).collect();
    (!missing.is_empty()).then(|| format!("it says it made {missing:?}, there is {there:?}"))
}

#[cfg(test)]
mod tests;

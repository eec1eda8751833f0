//! The provider's rows of the checklist, judged by what engine and API server report.
//!
//! Two accesses on purpose: the provisioner's must work, and the observer's own sees the nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::run::Run;
use kubeproof_kubernetes::error::Cause;
use kubeproof_kubernetes::{KubernetesError, client, ready as readiness};

use super::inventory::{ROLE_LABEL, cluster_of, containers, name_of};
use super::{KindObserver, access};
use crate::settings;

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

fn title(id: &str) -> &'static str {
    let row = CHECKLIST.iter().find(|(row, _)| *row == id);
    row.map_or("", |(_, title)| title)
}

/// Checks the cluster of a run.
pub async fn look(account: &KindObserver, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
    let nodes = nodes(account, run).await;
    vec![
        cluster(account, &nodes),
        ready(account, run).await,
        info(account, provisioned, &nodes).await,
    ]
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
        Err(error) => return Check::new(id, title(id), Verdict::Unknown, error.to_string()),
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
    Check::judged(id, title(id), &wrong, seen.join(", "))
}

async fn ready(account: &KindObserver, run: &Run) -> Check {
    let id = "kind.ready";
    let nodes = account.spec.nodes();
    let access = match access::read(&account.engine, &run.name("")).await {
        Ok(access) => access,
        Err(error) => return Check::new(id, title(id), Verdict::Unknown, error.to_string()),
    };
    let transport = Arc::clone(&account.connection.transport);
    let looked = async { readiness::ready(&client(&access, transport)?, nodes).await }.await;
    match looked {
        Ok(seen) => {
            let mut wrong = seen.problems.clone();
            if seen.ready != nodes || seen.nodes.len() != nodes {
                let (ready, all) = (seen.ready, seen.nodes.len());
                wrong.push(format!(
                    "{ready} of {all} nodes are Ready, asked for {nodes}"
                ));
            }
            let names = seen.nodes.join(", ");
            let evidence = format!("{}, {} nodes Ready: {names}", seen.version, seen.ready);
            Check::judged(id, title(id), &wrong, evidence)
        }
        Err(error) => failed(id, &error),
    }
}

/// The provisioner's own access gets an answer, and what it reports as made exists.
async fn info(
    account: &KindObserver,
    provisioned: &Provisioned,
    nodes: &Result<Vec<Node>, ObserverError>,
) -> Check {
    let id = "kind.cluster_info";
    let transport = Arc::clone(&account.connection.transport);
    let access = match &provisioned.access {
        Ok(access) => access,
        Err(reason) => return Check::new(id, title(id), Verdict::Skipped, reason.clone()),
    };
    let client = match client(access, transport) {
        Ok(client) => client,
        Err(error) => return failed(id, &error),
    };
    let version = match client.apiserver_version().await {
        Ok(version) => version,
        Err(error) => return failed(id, &KubernetesError::of_call("GET /version", &error)),
    };
    let mut wrong = Vec::new();
    if let Ok(nodes) = nodes {
        wrong.extend(not_there(&account.connection.run, &provisioned.made, nodes));
    }
    let said: Vec<String> = provisioned
        .made
        .iter()
        .map(|(name, id)| format!("{name} {}", id.get(..12).unwrap_or(id)))
        .collect();
    let seen = format!(
        "{} answers GET /version: {} ({}); said to be made: {}",
        access.server,
        version.git_version,
        version.platform,
        if said.is_empty() {
            "nothing".to_owned()
        } else {
            said.join(", ")
        }
    );
    Check::judged(id, title(id), &wrong, seen)
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

/// A refusal by the server is a failure; no answer at all is unknown.
fn failed(id: &str, error: &KubernetesError) -> Check {
    let verdict = match error.cause {
        Cause::NoAnswer | Cause::Timeout | Cause::Status(429 | 500..) => Verdict::Unknown,
        _ => Verdict::Fail,
    };
    Check::new(id, title(id), verdict, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reported_as_made_is_optional_and_must_exist_when_reported() {
        let run = Run::new("r1", "me", "2026-11-23T10:00:00Z".parse().unwrap());
        let node = |name: &str, id: char| Node {
            id: id.to_string().repeat(64),
            name: name.to_owned(),
            role: String::new(),
            image: String::new(),
            state: String::new(),
        };
        let nodes = [node("kp-r1-control-plane", 'a'), node("kp-r1-worker", 'b')];
        let check = |said: &[(&str, &str)], expected: &[&str]| {
            let made: BTreeMap<String, String> = said
                .iter()
                .map(|(name, id)| ((*name).to_owned(), (*id).to_owned()))
                .collect();
            let wrong = not_there(&run, &made, &nodes);
            assert_eq!(wrong.is_none(), expected.is_empty(), "{wrong:?}");
            for part in expected {
                assert!(wrong.as_ref().unwrap().contains(part), "{wrong:?}");
            }
        };
        check(&[], &[]);
        check(&[("cluster", "kp-r1")], &[]);
        check(&[("node", "aaaaaaaaaaaa")], &[]);
        check(&[("kp-r1-control-plane", "x"), ("kp-r1-worker", "y")], &[]);
        check(
            &[("one-more", "000000000000")],
            &["one-more", "kp-r1-worker"],
        );
        check(&[("node", "a")], &["node"]);
        check(&[("cluster", "kp-r2")], &["cluster"]);
    }
}

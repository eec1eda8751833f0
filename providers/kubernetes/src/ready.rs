//! Readiness: whether the API server answers, and how many nodes are Ready.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};
use tokio::time::Instant;

use crate::attempt::{attempt, list_all};
use crate::error::{Cause, KubernetesError};

/// How long a fresh cluster may reject a valid caller: access is granted with a delay.
const ACCESS_DELAY: Duration = Duration::from_mins(2);

/// The state of a cluster's server and nodes at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The server's version, such as `v1.34.1`.
    pub version: String,
    /// The names of all nodes.
    pub nodes: Vec<String>,
    /// How many of them are Ready and take pods.
    pub ready: usize,
    /// How many were requested.
    pub expected: usize,
    /// What is wrong, per node.
    pub problems: Vec<String>,
}

impl Readiness {
    /// Whether at least the requested number of nodes is Ready, and no node has a problem.
    pub fn is_ready(&self) -> bool {
        self.ready >= self.expected && self.problems.is_empty()
    }
}

/// Checks the server and its nodes once.
///
/// # Errors
/// If the server does not answer or denies access.
pub async fn ready(client: &kube::Client, nodes: usize) -> Result<Readiness, KubernetesError> {
    let info = attempt("read the server's version", || client.apiserver_version()).await?;
    let api: Api<Node> = Api::all(client.clone());
    let all = list_all("list the nodes", &api, &ListParams::default()).await?;
    let mut readiness = Readiness {
        version: info.git_version,
        nodes: Vec::new(),
        ready: 0,
        expected: nodes,
        problems: Vec::new(),
    };
    for node in &all {
        let name = node.metadata.name.clone().unwrap_or_default();
        let problems = problems(node);
        if problems.is_empty() {
            readiness.ready += 1;
        }
        readiness
            .problems
            .extend(problems.into_iter().map(|what| format!("{name}: {what}")));
        readiness.nodes.push(name);
    }
    Ok(readiness)
}

fn problems(node: &Node) -> Vec<String> {
    let mut found = Vec::new();
    let conditions = node
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref());
    let conditions = conditions.unwrap_or_default();
    if !conditions
        .iter()
        .any(|condition| condition.type_ == "Ready")
    {
        found.push("has no Ready condition".to_owned());
    }
    for condition in conditions {
        let wanted = if condition.type_ == "Ready" {
            "True"
        } else {
            "False"
        };
        if condition.status != wanted {
            let reason = condition.reason.as_deref().unwrap_or("no reason");
            let message = condition.message.as_deref().unwrap_or_default();
            found.push(format!(
                "{}={} {reason} {message}",
                condition.type_, condition.status
            ));
        }
    }
    if node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true) {
        found.push("takes no pods (it is cordoned)".to_owned());
    }
    found
}

/// Checks every `interval` until the cluster is ready, for at most `limit`.
///
/// # Errors
/// If it is not ready in time, with the result of the last check; if the server keeps denying access.
pub async fn wait_ready(
    client: &kube::Client,
    nodes: usize,
    limit: Duration,
    interval: Duration,
) -> Result<Readiness, KubernetesError> {
    let what = format!("wait for {nodes} Ready nodes");
    let start = Instant::now();
    loop {
        let last = match ready(client, nodes).await {
            Ok(readiness) if readiness.is_ready() => return Ok(readiness),
            Ok(readiness) => format!(
                "{} of {} nodes Ready; {}",
                readiness.ready,
                readiness.expected,
                if readiness.problems.is_empty() {
                    format!("nodes: [{}]", readiness.nodes.join(", "))
                } else {
                    readiness.problems.join("; ")
                }
            ),
            Err(error) if !error.is_transient() && start.elapsed() >= ACCESS_DELAY.min(limit) => {
                return Err(error);
            }
            Err(error) => error.to_string(),
        };
        if start.elapsed() + interval > limit {
            let message = format!("not ready after {} s: {last}", start.elapsed().as_secs());
            let next = "check the node group's health and the nodes' conditions";
            return Err(KubernetesError::new(&what, Cause::Timeout, message, next));
        }
        // With a pause of zero, paused time would never reach the limit.
        tokio::time::sleep(interval.max(Duration::from_millis(100))).await;
    }
}

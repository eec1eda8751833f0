//! Rows `aws.kubeconfig` and `aws.ready`: asked of the cluster's own API.
//!
//! Two accesses on purpose: the provisioner's must work, and the observer's own sees the nodes.

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provisioner::KubernetesAccess;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_kubernetes::error::Cause;
use kubeproof_kubernetes::{KubernetesError, client, ready as readiness};

use super::{title, unknown};

/// `aws.kubeconfig`: the access that the provisioner hands over gets an answer, without any CLI. A provisioner may
/// hand over none; the row is then skipped.
pub async fn kubeconfig(
    handed: &Result<KubernetesAccess, String>,
    transport: SharedTransport,
) -> Check {
    let id = "aws.kubeconfig";
    let access = match handed {
        Ok(access) => access,
        Err(reason) => return Check::new(id, title(id), Verdict::Skipped, reason.clone()),
    };
    let client = match client(access, transport) {
        Ok(client) => client,
        Err(error) => return failed(id, &error),
    };
    match client.apiserver_version().await {
        Ok(version) => {
            let seen = format!(
                "{} answers GET /version: {}",
                access.server, version.git_version
            );
            Check::new(id, title(id), Verdict::Pass, seen)
        }
        Err(error) => failed(id, &KubernetesError::of_call("GET /version", &error)),
    }
}

/// `aws.ready`: the API answers, and exactly as many nodes as the scenario asks for are Ready.
pub async fn ready(
    access: Result<KubernetesAccess, ObserverError>,
    transport: SharedTransport,
    nodes: usize,
) -> Check {
    let id = "aws.ready";
    let access = match access {
        Ok(access) => access,
        Err(error) => return unknown(id, &error),
    };
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

/// A refusal by the server is a failure; no answer at all is unknown.
fn failed(id: &str, error: &KubernetesError) -> Check {
    let verdict = match error.cause {
        Cause::NoAnswer | Cause::Timeout | Cause::Status(429 | 500..) => Verdict::Unknown,
        _ => Verdict::Fail,
    };
    Check::new(id, title(id), verdict, error.to_string())
}

//! Check rows that mean the same for every cloud.
//!
//! One meaning of each verdict: what the server refuses is a *fail*; no answer, or an observer without access, is
//! *unknown*; nothing handed over is *skipped*; more nodes than asked for are as wrong as fewer.

use std::fmt::Display;

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provisioner::{HandedOver, KubernetesAccess};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_kubernetes::error::Cause;
use kubeproof_kubernetes::{KubernetesError, client, gpu, ready};
use serde::de::DeserializeOwned;

use crate::credentials::KeyVariable;
use crate::rest::{RestApi, RestClient};

/// The rows of a provider's checklist: id and title.
#[derive(Clone, Copy, Debug)]
pub struct Rows(pub &'static [(&'static str, &'static str)]);

impl Rows {
    /// The title of a row; empty when there is none of this id.
    pub fn title(self, id: &str) -> &'static str {
        let row = self.0.iter().find(|(known, _)| *known == id);
        row.map_or("", |(_, title)| title)
    }

    /// The check of a row.
    pub fn check(self, id: &str, verdict: Verdict, evidence: impl Into<String>) -> Check {
        Check::new(id, self.title(id), verdict, evidence)
    }

    /// The check of a row that is wrong.
    pub fn failed(self, id: &str, why: impl Display) -> Check {
        self.check(id, Verdict::Fail, why.to_string())
    }

    /// The check of a row that could not be evaluated.
    pub fn unknown(self, id: &str, why: impl Display) -> Check {
        self.check(id, Verdict::Unknown, why.to_string())
    }

    /// The check of a row with nothing to evaluate.
    pub fn skipped(self, id: &str, why: impl Display) -> Check {
        self.check(id, Verdict::Skipped, why.to_string())
    }

    /// *Pass* when nothing is wrong.
    pub fn judged(self, id: &str, wrong: &[String], seen: impl Into<String>) -> Check {
        Check::judged(id, self.title(id), wrong, seen)
    }

    /// The check of a row that a judgement was made of, or could not be.
    pub fn row(self, id: &str, judged: Result<Findings, impl Display>) -> Check {
        match judged {
            Ok(found) => self.judged(id, &found.wrong, found.seen.join("; ")),
            Err(error) => self.unknown(id, error),
        }
    }

    /// The check of a row whose cluster failed a call: what the server refuses is wrong; without an answer nothing
    /// is known.
    pub fn of_failure(self, id: &str, error: &KubernetesError) -> Check {
        let verdict = match error.cause {
            Cause::NoAnswer | Cause::Timeout | Cause::Status(429 | 500..) => Verdict::Unknown,
            _ => Verdict::Fail,
        };
        self.check(id, verdict, error.to_string())
    }
}

/// What a judgement has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is wrong, a sentence each.
    pub wrong: Vec<String>,
    /// What was seen, for the row's evidence.
    pub seen: Vec<String>,
}

impl Findings {
    /// Notes what is wrong unless the condition holds.
    pub fn require(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(otherwise());
        }
    }

    /// Notes what was found.
    pub fn note(&mut self, what: impl Into<String>) {
        self.seen.push(what.into());
    }
}

/// The first row of a preflight: a cloud's credentials, found or not.
pub const CREDENTIALS: &str = "credentials.load";

/// The rows on credentials that were found in this source, without a prompt.
pub fn credentials_found(rows: Rows, source: impl Into<String>) -> Vec<Check> {
    let no_prompt = "only files and variables are read";
    vec![
        rows.check(CREDENTIALS, Verdict::Pass, source),
        rows.check("credentials.no_prompt", Verdict::Pass, no_prompt),
    ]
}

/// The rows on the one key of a cloud: found without a prompt, and accepted, as the answer to a read shows.
///
/// # Errors
/// With the only row that can be told without an accepted key.
pub async fn key_accepted<A: RestApi, T: DeserializeOwned + Send>(
    rows: Rows,
    key: &KeyVariable,
    api: &RestClient<A>,
    read: &'static str,
) -> Result<(T, Vec<Check>), Check> {
    let found = key.find(api.connection());
    let (_, source) = found.map_err(|error| rows.failed(CREDENTIALS, error))?;
    match api.get(read, &[]).await {
        Ok(answer) => Ok((answer, credentials_found(rows, source))),
        // A rejected key, or a cloud that does not answer, shows nothing about the provisioner.
        Err(error) => Err(rows.unknown(CREDENTIALS, format!("{source}: {error}"))),
    }
}

/// What is wrong with a cluster and what was seen, or the error that kept us from seeing it.
pub type Seen = Result<(Vec<String>, String), KubernetesError>;

/// Whether the API answers and as many nodes as asked for are Ready, no more and no fewer.
///
/// # Errors
/// When the server refuses, or does not answer.
pub async fn nodes_ready(
    access: &KubernetesAccess,
    transport: SharedTransport,
    nodes: usize,
) -> Seen {
    let seen = ready::ready(&client(access, transport)?, nodes).await?;
    let mut wrong = seen.problems.clone();
    if seen.ready != nodes || seen.nodes.len() != nodes {
        let (ready, all) = (seen.ready, seen.nodes.len());
        wrong.push(format!(
            "{ready} of {all} nodes are Ready, asked for {nodes}"
        ));
    }
    let names = seen.nodes.join(", ");
    let evidence = format!("{}, {} nodes Ready: {names}", seen.version, seen.ready);
    Ok((wrong, evidence))
}

/// A row on readiness, seen through the observer's own access.
pub async fn cluster_ready(
    rows: Rows,
    id: &str,
    own: &Result<KubernetesAccess, ObserverError>,
    transport: SharedTransport,
    nodes: usize,
) -> Check {
    let access = match own {
        Ok(access) => access,
        Err(error) => return rows.unknown(id, error),
    };
    match nodes_ready(access, transport, nodes).await {
        Ok((wrong, evidence)) => rows.judged(id, &wrong, evidence),
        Err(error) => rows.of_failure(id, &error),
    }
}

/// A row on a cluster, seen through the observer's own access, and on the access that was handed over: it must lead to
/// the same server, trust the same authority, and work. `note` is what a pass shows besides.
pub async fn cluster_handed_over(
    rows: Rows,
    id: &str,
    (own, handed): (&Result<KubernetesAccess, ObserverError>, &HandedOver),
    transport: &SharedTransport,
    nodes: usize,
    note: &str,
) -> Check {
    let own = match own {
        Ok(own) => own,
        Err(error) => return rows.unknown(id, error),
    };
    let (mut wrong, seen) = match nodes_ready(own, transport.clone(), nodes).await {
        Ok(found) => found,
        Err(error) => return rows.of_failure(id, &error),
    };
    match handed {
        Err(reason) if wrong.is_empty() => return rows.skipped(id, reason),
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
                let row = rows.of_failure(id, &error);
                if row.verdict == Verdict::Fail {
                    wrong.push(format!("the kubeconfig does not work: {error}"));
                } else if wrong.is_empty() {
                    return row;
                }
            }
        }
    }
    rows.judged(id, &wrong, format!("{seen}; {note}"))
}

/// What the server behind the access that the provisioner handed over says of itself: version and platform. A
/// provisioner that hands over none is not wrong.
///
/// # Errors
/// With the finished row, when nothing was handed over, the server refuses, or it does not answer.
pub async fn handed_version(
    rows: Rows,
    id: &str,
    handed: &HandedOver,
    transport: SharedTransport,
) -> Result<String, Check> {
    let access = match handed {
        Ok(access) => access,
        Err(reason) => return Err(rows.skipped(id, reason)),
    };
    let client = client(access, transport).map_err(|error| rows.of_failure(id, &error))?;
    match client.apiserver_version().await {
        Ok(version) => Ok(format!(
            "{} answers GET /version: {} ({})",
            access.server, version.git_version, version.platform
        )),
        Err(error) => {
            let error = KubernetesError::of_call("GET /version", &error);
            Err(rows.of_failure(id, &error))
        }
    }
}

/// A row on the access that the provisioner handed over: it gets an answer, without any CLI.
pub async fn kubeconfig_works(
    rows: Rows,
    id: &str,
    handed: &HandedOver,
    transport: SharedTransport,
) -> Check {
    match handed_version(rows, id, handed, transport).await {
        Ok(seen) => rows.check(id, Verdict::Pass, seen),
        Err(check) => check,
    }
}

/// A row on GPUs: every node, which is a machine of this kind, offers as many as it has. None: skipped.
pub async fn gpus_allocatable(
    rows: Rows,
    id: &str,
    own: &Result<KubernetesAccess, ObserverError>,
    transport: SharedTransport,
    (kind, per_node): (&str, u32),
) -> Check {
    if per_node == 0 {
        return rows.skipped(id, format!("{kind} has no GPU"));
    }
    let access = match own {
        Ok(access) => access,
        Err(error) => return rows.unknown(id, error),
    };
    let offered = async { gpu::offered(&client(access, transport)?).await }.await;
    let offered = match offered {
        Ok(offered) => offered,
        Err(error) => return rows.of_failure(id, &error),
    };
    let mut wrong: Vec<String> = offered
        .iter()
        .filter(|(_, count)| **count != per_node)
        .map(|(node, count)| format!("{node} offers {count} of {per_node} GPUs"))
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
    rows.judged(id, &wrong, seen)
}

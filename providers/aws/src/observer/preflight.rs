//! Preflight: credentials, identity, zones, version, quotas and name, before anything is created.
//!
//! It judges the account, not a cluster, and changes nothing.

mod capacity;
mod quotas;
mod usage;

use std::collections::BTreeSet;

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::run::{RUN_TAG, Run};

use super::clients::{Clients, failed, pages};
use crate::credentials;
use crate::spec::EksSpec;

/// The preflight's rows, in order.
pub const ROWS: &[(&str, &str)] = &[
    ("credentials.load", "credentials found, a .env file first"),
    ("credentials.no_prompt", "nothing asks interactively"),
    ("aws.preflight.identity", "the cloud knows the caller"),
    (
        "aws.preflight.zones",
        "enough zones offer the instance types",
    ),
    ("aws.preflight.version", "EKS offers the Kubernetes version"),
    ("aws.preflight.quotas", "no quota would be exceeded"),
    ("aws.preflight.name", "the cluster's name is free"),
];

fn row(id: &str, verdict: Verdict, evidence: impl Into<String>) -> Check {
    let title = ROWS
        .iter()
        .find(|(known, _)| *known == id)
        .map_or("", |(_, title)| title);
    Check::new(id, title, verdict, evidence)
}

/// What an account has of what a scenario needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Enough: what was found.
    Enough(String),
    /// Too little: what is missing.
    Lacking(String),
}

/// A row from a judgement; unknown when it could not be read.
fn judged(id: &str, judgement: Result<Judgement, ObserverError>) -> Check {
    match judgement {
        Ok(Judgement::Enough(seen)) => row(id, Verdict::Pass, seen),
        Ok(Judgement::Lacking(wrong)) => row(id, Verdict::Fail, wrong),
        Err(error) => row(id, Verdict::Unknown, error.to_string()),
    }
}

/// All rows, and the account id if the cloud told it.
pub async fn checks(
    spec: &EksSpec,
    connection: &Connection,
    clients: &Clients,
) -> (Vec<Check>, Option<String>) {
    let mut checks = Vec::new();
    match credentials::source(connection).await {
        Ok(source) => {
            checks.push(row(
                "credentials.load",
                Verdict::Pass,
                format!("source: {source}"),
            ));
        }
        Err(error) => {
            checks.push(row("credentials.load", Verdict::Fail, error.to_string()));
            checks.push(no_prompt());
            // Without credentials every further call would fail in the same way.
            return (checks, None);
        }
    }
    checks.push(no_prompt());
    let mut account = None;
    let identity = identity(clients, &mut account).await;
    let identity = judged("aws.preflight.identity", identity);
    let known = identity.verdict == Verdict::Pass;
    checks.push(identity);
    if known {
        let zones = capacity::zones(spec, clients).await;
        let version = version(spec, clients).await;
        let quotas = quotas::judge(spec, clients, zones.as_ref()).await;
        checks.push(judged(
            "aws.preflight.zones",
            zones.map(|zones| zones.judgement),
        ));
        checks.push(judged("aws.preflight.version", version));
        checks.push(judged("aws.preflight.quotas", quotas));
        checks.push(judged(
            "aws.preflight.name",
            name(&connection.run, clients).await,
        ));
    }
    (checks, account)
}

/// Passes by construction: sources that could prompt are not compiled in.
fn no_prompt() -> Check {
    let seen = "sources: .env file, environment, profile files, web identity, container, instance \
                metadata; browser log-ins (SSO) and external processes are not compiled in";
    row("credentials.no_prompt", Verdict::Pass, seen)
}

/// Who the caller is. Also notes the account id.
async fn identity(
    clients: &Clients,
    account: &mut Option<String>,
) -> Result<Judgement, ObserverError> {
    match clients.sts.get_caller_identity().send().await {
        Ok(answer) => {
            *account = answer.account().map(str::to_owned);
            let (id, arn) = (answer.account(), answer.arn());
            let (id, arn) = (id.unwrap_or_default(), arn.unwrap_or_default());
            Ok(Judgement::Enough(format!("account {id}, {arn}")))
        }
        // A key that the cloud rejects is not the provisioner's fault.
        Err(error) => Err(failed("sts:GetCallerIdentity", &error)),
    }
}

async fn version(spec: &EksSpec, clients: &Clients) -> Result<Judgement, ObserverError> {
    let stream = clients
        .eks
        .describe_cluster_versions()
        .into_paginator()
        .send();
    let pages = pages("eks:DescribeClusterVersions", stream).await?;
    let offered: Vec<_> = pages
        .iter()
        .flat_map(aws_sdk_eks::operation::describe_cluster_versions::DescribeClusterVersionsOutput::cluster_versions)
        .collect();
    let asked = spec.kubernetes_version.0.as_str();
    let Some(found) = offered
        .iter()
        .find(|one| one.cluster_version() == Some(asked))
    else {
        let known: BTreeSet<&str> = offered
            .iter()
            .filter_map(|one| one.cluster_version())
            .collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Ok(Judgement::Lacking(format!(
            "EKS does not offer Kubernetes {asked}; offered: {known}"
        )));
    };
    let status = found.version_status().map_or("", |status| status.as_str());
    // The surcharge of extended support is in the estimate.
    let words = format!("Kubernetes {asked} is offered {status}");
    Ok(Judgement::Enough(words.trim_end().to_owned()))
}

/// The cluster's name is free, or taken by this very run (then provisioning converges).
async fn name(run: &Run, clients: &Clients) -> Result<Judgement, ObserverError> {
    let name = run.name("");
    let stream = clients.eks.list_clusters().into_paginator().send();
    let pages = pages("eks:ListClusters", stream).await?;
    if !pages
        .iter()
        .flat_map(aws_sdk_eks::operation::list_clusters::ListClustersOutput::clusters)
        .any(|known| *known == name)
    {
        let free = format!("no cluster is named {name}");
        return Ok(Judgement::Enough(free));
    }
    let cluster = super::view::cluster(clients, run).await?;
    let own = cluster
        .as_ref()
        .and_then(|cluster| cluster.tags())
        .is_some_and(|tags| tags.get(RUN_TAG) == Some(&run.id));
    Ok(if own {
        Judgement::Enough(format!("cluster {name} exists and carries this run's tag"))
    } else {
        Judgement::Lacking(format!(
            "a cluster named {name} exists and does not carry this run's tag"
        ))
    })
}

//! The rows of the checklist that describe a provisioned cluster, evaluated by reading the subscription.

mod cluster;
mod groups;
mod identity;
mod network;
mod node_pools;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::checks::{Findings, Rows, cluster_ready, kubeconfig_works};
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provisioner::{HandedOver, KubernetesAccess, Provisioned};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;

use super::own_access;
use crate::api::Api;
use crate::spec::AksSpec;
use cluster::Seen;
use node_pools::Pool;

/// The provider's rows, with titles. `azure.cost`, `azure.teardown` and `azure.partial_failure` are judged by the harness.
pub const CHECKLIST: &[(&str, &str)] = &[
    (
        "credentials.load",
        "credentials found in the documented order, a .env file first",
    ),
    ("credentials.no_prompt", "nothing asks interactively"),
    (
        "azure.resource_group",
        "the run's resource group Succeeded, and that of the nodes",
    ),
    (
        "azure.network",
        "virtual network and subnet Succeeded, as asked",
    ),
    (
        "azure.cluster",
        "cluster Succeeded, location, version and tier as asked",
    ),
    (
        "azure.node_pools",
        "node pools Succeeded; size, count and autoscaling as asked",
    ),
    (
        "azure.identity",
        "managed identity or service principal with exactly the role assignments needed",
    ),
    ("azure.credentials", "kubeconfig obtained, works without az"),
    ("azure.ready", "API answers and every node is Ready"),
    ("azure.cost", "estimate against bill within the tolerance"),
    ("azure.teardown", "every resource type empty again"),
    (
        "azure.partial_failure",
        "after each forced failure: unwound or cleaned by teardown, and a retry succeeds without duplicates",
    ),
];

/// The same rows, as `cloudkit` judges them.
pub(super) const ROWS: Rows = Rows(CHECKLIST);

/// What all rows are judged by.
struct Reading<'a> {
    api: &'a Api,
    spec: &'a AksSpec,
    run: &'a Run,
    cluster: Result<Option<Seen>, CallError>,
    pools: Result<Vec<Pool>, CallError>,
}

/// The id of the subnet that the scenario names.
pub(super) fn existing_subnet(spec: &AksSpec) -> String {
    network::existing_id(spec)
}

/// All rows.
pub(super) async fn all(
    api: &Api,
    spec: &AksSpec,
    run: &Run,
    provisioned: &Provisioned,
) -> Vec<Check> {
    let transport = &api.connection().transport;
    let cluster = cluster::read(api, spec, run).await;
    let pools = match &cluster {
        Ok(Some(found)) => node_pools::read(api, spec, found).await,
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(error.clone()),
    };
    let reading = Reading {
        api,
        spec,
        run,
        cluster,
        pools,
    };
    let own = own_access(api, spec, run).await;
    let nodes = usize::try_from(spec.nodes()).unwrap_or(usize::MAX);
    let cluster = reading.cluster.as_ref().map_err(Clone::clone);
    vec![
        ROWS.row(
            "azure.resource_group",
            groups::judge(api, spec, run, &reading.cluster).await,
        ),
        ROWS.row("azure.network", reading.network().await),
        ROWS.row(
            "azure.cluster",
            cluster.map(|found| cluster::judge(spec, run, found.as_ref())),
        ),
        ROWS.row("azure.node_pools", reading.node_pools().await),
        ROWS.row("azure.identity", reading.identity().await),
        credentials(&own, &provisioned.access, transport).await,
        cluster_ready(ROWS, "azure.ready", &own, transport.clone(), nodes).await,
    ]
}

impl Reading<'_> {
    /// The cluster with its pools, or what is wrong without one.
    fn whole(&self) -> Result<Result<(&Seen, &[Pool]), Findings>, CallError> {
        let cluster = self.cluster.as_ref().map_err(Clone::clone)?;
        let Some(cluster) = cluster else {
            return Ok(Err(Findings {
                wrong: vec!["there is no cluster".to_owned()],
                ..Findings::default()
            }));
        };
        let pools = self.pools.as_ref().map_err(Clone::clone)?;
        Ok(Ok((cluster, pools)))
    }

    async fn network(&self) -> Result<Findings, CallError> {
        match self.whole()? {
            Ok(whole) => network::judge(self.api, self.spec, self.run, whole).await,
            Err(none) => Ok(none),
        }
    }

    async fn node_pools(&self) -> Result<Findings, CallError> {
        match self.whole()? {
            Ok((cluster, pools)) => node_pools::judge(self.api, self.spec, cluster, pools).await,
            Err(none) => Ok(none),
        }
    }

    async fn identity(&self) -> Result<Findings, CallError> {
        match self.whole()? {
            Ok(whole) => identity::judge(self.api, self.spec, self.run, whole).await,
            Err(none) => Ok(none),
        }
    }
}

/// Whether a version is the one that was asked for: all of it, or one that goes on after it.
pub(super) fn is_version(version: &str, asked: &str) -> bool {
    let rest = version.strip_prefix(asked);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The group in an id, whatever its case.
fn group_of(id: &str) -> &str {
    let word = "/resourcegroups/";
    let at = id.to_ascii_lowercase().find(word);
    let rest = at.and_then(|at| id.get(at + word.len()..));
    let name = rest.and_then(|rest| rest.split('/').next());
    name.unwrap_or_default()
}

/// How long the id of the resource is that this one is a part of.
fn outer_length(id: &str) -> usize {
    let outer = id
        .rsplit_once('/')
        .and_then(|(rest, _)| rest.rsplit_once('/'));
    outer.map_or(id.len(), |(outer, _)| outer.len())
}

/// The access that was handed over leads to the run's cluster, trusts its authority, and works.
async fn credentials(
    own: &Result<KubernetesAccess, ObserverError>,
    handed: &HandedOver,
    transport: &SharedTransport,
) -> Check {
    let id = "azure.credentials";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_meant_by_its_whole_beginning() {
        let check = |asked: &str, expected: bool| {
            assert_eq!(is_version("1.34.1", asked), expected, "{asked}");
        };
        check("1.34", true);
        check("1.34.1", true);
        check("1.3", false);
        check("1.34.10", false);
    }

    #[test]
    fn parts_of_an_id_are_found_whatever_its_case() {
        let id = "/subscriptions/s/RESOURCEGROUPS/Mine/providers/A/vnets/v/subnets/n";
        assert_eq!(group_of(id), "Mine");
        assert_eq!(group_of("/subscriptions/s"), "");
        assert!(id[..outer_length(id)].ends_with("/vnets/v"));
    }
}

//! The reference provisioner: instances of one type in one region, k3s on them, all of the run's own.
//!
//! Everything is found by tag and name alone, so a new process can take over or tear down without any
//! state from the one before.

pub(crate) mod launch;
pub(crate) mod network;
pub(crate) mod ready;
pub(crate) mod teardown;

use std::collections::BTreeMap;

use async_trait::async_trait;
use kubeproof_contract::Decimal;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::run::Run;

use crate::api::Api;
use crate::api::error::CallError;
use crate::api::types::{Instance, Offers};
use crate::cluster_ca::{self, ClusterCa};
use crate::prices;
use crate::spec::LambdaSpec;

/// What the work needs: the client, the specification, and the deliberate defects of a wrong provisioner.
#[derive(Debug)]
pub struct Session {
    pub(crate) api: Api,
    pub(crate) spec: LambdaSpec,
    pub(crate) defects: Defects,
}

/// What a wrong provisioner does differently; all `false` in the correct one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Defects {
    /// A launch without an answer is repeated without checking for its instance.
    pub(crate) blind_launch: bool,
    /// Nothing is unwound when the instances do not become ready.
    pub(crate) no_unwind: bool,
    /// Instances launched in a region without enough capacity are left there.
    pub(crate) failover_keeps: bool,
    /// Instance ids are read from the wrong place, so nothing is terminated.
    pub(crate) ids_from_nowhere: bool,
    /// SSH keys are deleted by name.
    pub(crate) keys_by_name: bool,
}

impl Session {
    pub(crate) fn run(&self) -> &Run {
        &self.api.connection().run
    }

    /// The name of a node.
    pub(crate) fn node(&self, index: usize) -> String {
        self.run().name(&format!("node-{index}"))
    }

    /// The run's instances that are not gone.
    pub(crate) async fn instances(&self) -> Result<Vec<Instance>, CallError> {
        let all: Vec<Instance> = self.api.get("ListInstances", "/instances").await?;
        let mine = |one: &Instance| one.status != "terminated" && one.belongs_to(self.run());
        Ok(all.into_iter().filter(mine).collect())
    }
}

#[derive(Debug)]
pub struct LambdaProvisioner {
    pub(crate) session: Session,
}

impl LambdaProvisioner {
    /// The correct one.
    pub fn new(spec: LambdaSpec, connection: Connection) -> Self {
        Self::with(spec, connection, Defects::default())
    }

    pub(crate) fn with(spec: LambdaSpec, connection: Connection, defects: Defects) -> Self {
        let api = Api::new(connection);
        Self {
            session: Session { api, spec, defects },
        }
    }
}

#[async_trait]
impl Provisioner for LambdaProvisioner {
    fn name(&self) -> String {
        "reference".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        let price = prices::exact(&self.session.spec.instance_type.0)?;
        Some(ClaimedRate {
            usd_per_hour: price.usd * Decimal::from(self.session.spec.nodes()),
            source: price.source.clone(),
        })
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = &self.session;
        match work(session).await {
            Ok(provisioned) => Ok(provisioned),
            Err(error) if session.defects.no_unwind => {
                Err(ProvisionerError::new(error.to_string()))
            }
            Err(error) => match teardown::everything(session).await {
                Ok(()) => Err(ProvisionerError::new(format!("{error}; unwound"))),
                Err(stuck) => Err(ProvisionerError::left(
                    format!("{error}; unwinding stuck: {stuck}"),
                    teardown::left(session).await,
                )),
            },
        }
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        match teardown::everything(&self.session).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let left = teardown::left(&self.session).await;
                Err(ProvisionerError::left(error.to_string(), left))
            }
        }
    }
}

async fn work(session: &Session) -> Result<Provisioned, CallError> {
    let offers: Offers = session
        .api
        .get("ListInstanceTypes", "/instance-types")
        .await?;
    let kind = &session.spec.instance_type.0;
    let Some(offer) = offers.get(kind) else {
        let known: Vec<&str> = offers.keys().map(String::as_str).collect();
        let message = format!(
            "unknown instance type `{kind}` (expected one of {})",
            known.join(", ")
        );
        return Err(CallError::internal("ListInstanceTypes", message));
    };
    let cents = offer.instance_type.price_cents_per_hour;
    let progress = &session.api.connection().progress;
    progress.report(&format!("{kind} costs {cents} US cents an hour"));
    let internal = |message: String| CallError::internal("cluster CA", message);
    let (cluster_ca, is_new) = cluster_ca::ensure(session.api.connection()).map_err(internal)?;
    let usable = launch::usable(session, is_new).await?;
    let listed: Vec<&str> = offer
        .regions_with_capacity_available
        .iter()
        .map(|region| region.name.as_str())
        .collect();
    let nodes = launch::somewhere(session, &cluster_ca, usable, &listed).await?;
    ready::active(session, &nodes).await?;
    ready::kubernetes(session, &cluster_ca, &nodes).await?;
    provisioned(session, &cluster_ca, &nodes)
}

fn provisioned(
    session: &Session,
    cluster_ca: &ClusterCa,
    nodes: &[Instance],
) -> Result<Provisioned, CallError> {
    let connection = session.api.connection();
    let ip = nodes
        .first()
        .and_then(|server| server.ip.clone())
        .unwrap_or_default();
    let access = cluster_ca
        .access(connection, &ip, "kubeproof-provisioner")
        .map_err(|message| CallError::internal("cluster CA", message))?;
    let made: BTreeMap<String, String> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| (session.node(index), node.id.clone()))
        .collect();
    Ok(Provisioned {
        access: Ok(access),
        made,
    })
}

//! The reference provisioner: instances of one type in one region, k3s on them, all of the run's own.
//!
//! Everything is found by tag and name alone, so a new process takes over or tears down without any
//! memory of the one before.

pub(crate) mod launch;
pub(crate) mod network;
pub(crate) mod ready;
pub(crate) mod teardown;

use std::collections::BTreeMap;

use async_trait::async_trait;
use kubeproof_contract::Decimal;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::run::Run;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::types::{Instance, Offers};
use crate::prices;
use crate::spec::LambdaSpec;
use crate::trust::{self, Trust};

/// What the work needs: the client, the order, and the deliberate defects of a wrong provisioner.
#[derive(Debug)]
pub struct Session {
    pub(crate) api: Api,
    pub(crate) spec: LambdaSpec,
    pub(crate) wrong: Wrong,
}

/// What a wrong provisioner does otherwise; all `false` in the right one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wrong {
    /// A launch without an answer is repeated without looking.
    pub(crate) blind_launch: bool,
    /// Nothing is unwound when the instances do not become ready.
    pub(crate) no_unwind: bool,
    /// What was launched in a region without enough capacity stays there.
    pub(crate) failover_keeps: bool,
    /// Instance ids are read from where they are not, so nothing is terminated.
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
    pub(crate) async fn instances(&self) -> Result<Vec<Instance>, Problem> {
        let all: Vec<Instance> = self.api.get("ListInstances", "/instances").await?;
        let mine = |one: &Instance| one.status != "terminated" && one.belongs_to(self.run());
        Ok(all.into_iter().filter(mine).collect())
    }
}

/// The provisioner.
#[derive(Debug)]
pub struct LambdaProvisioner {
    pub(crate) session: Session,
}

impl LambdaProvisioner {
    /// The right one.
    pub fn new(spec: LambdaSpec, connection: Connection) -> Self {
        Self::with(spec, connection, Wrong::default())
    }

    pub(crate) fn with(spec: LambdaSpec, connection: Connection, wrong: Wrong) -> Self {
        let api = Api::new(connection);
        Self {
            session: Session { api, spec, wrong },
        }
    }
}

#[async_trait]
impl Provisioner for LambdaProvisioner {
    fn name(&self) -> String {
        "reference".to_owned()
    }

    fn claim(&self) -> Option<Claim> {
        let price = prices::exact(&self.session.spec.instance_type.0)?;
        Some(Claim {
            usd_per_hour: price.usd * Decimal::from(self.session.spec.nodes()),
            source: price.source.clone(),
        })
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = &self.session;
        match work(session).await {
            Ok(provisioned) => Ok(provisioned),
            Err(problem) if session.wrong.no_unwind => {
                Err(ProvisionerError::new(problem.to_string()))
            }
            Err(problem) => match teardown::everything(session).await {
                Ok(()) => Err(ProvisionerError::new(format!("{problem}; unwound"))),
                Err(stuck) => Err(ProvisionerError::left(
                    format!("{problem}; unwinding stuck: {stuck}"),
                    teardown::left(session).await,
                )),
            },
        }
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        match teardown::everything(&self.session).await {
            Ok(()) => Ok(()),
            Err(problem) => {
                let left = teardown::left(&self.session).await;
                Err(ProvisionerError::left(problem.to_string(), left))
            }
        }
    }
}

async fn work(session: &Session) -> Result<Provisioned, Problem> {
    let offers: Offers = session
        .api
        .get("ListInstanceTypes", "/instance-types")
        .await?;
    let kind = &session.spec.instance_type.0;
    let Some(offer) = offers.get(kind) else {
        let known: Vec<&str> = offers.keys().map(String::as_str).collect();
        let message = format!(
            "there is no instance type {kind}; there are {}",
            known.join(", ")
        );
        return Err(Problem::ours("ListInstanceTypes", message));
    };
    let cents = offer.instance_type.price_cents_per_hour;
    let voice = &session.api.connection().voice;
    voice.say(&format!("{kind} costs {cents} US cents an hour"));
    let ours = |message: String| Problem::ours("trust", message);
    let (trust, is_new) = trust::ensure(session.api.connection()).map_err(ours)?;
    let usable = launch::usable(session, is_new).await?;
    let listed: Vec<&str> = offer
        .regions_with_capacity_available
        .iter()
        .map(|region| region.name.as_str())
        .collect();
    let nodes = launch::somewhere(session, &trust, usable, &listed).await?;
    ready::active(session, &nodes).await?;
    ready::kubernetes(session, &trust, &nodes).await?;
    provisioned(session, &trust, &nodes)
}

fn provisioned(
    session: &Session,
    trust: &Trust,
    nodes: &[Instance],
) -> Result<Provisioned, Problem> {
    let connection = session.api.connection();
    let ip = nodes
        .first()
        .and_then(|server| server.ip.clone())
        .unwrap_or_default();
    let access = trust
        .access(connection, &ip, "kubeproof-provisioner")
        .map_err(|message| Problem::ours("trust", message))?;
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

//! The reference provisioner: instances of one type in one region, k3s on them, all of the run's own.
//!
//! Everything is found by tag and name alone, so a new process can take over or tear down without any
//! state from the one before.

pub(crate) mod launch;
pub(crate) mod network;
pub(crate) mod ready;
pub(crate) mod teardown;

use std::sync::Arc;

use async_trait::async_trait;
use kubeproof_cloudkit::{CallError, Session};
use kubeproof_contract::Decimal;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::run::Run;
use kubeproof_kubernetes::machines::{ClusterCaError, cluster_ca};

use crate::api::types::{Instance, Offers};
use crate::api::{self, Api};
use crate::prices;
use crate::spec::LambdaSpec;

/// One piece of work: a client of its own, and what is asked for.
#[derive(Debug)]
pub(crate) struct Work {
    api: Api,
    spec: LambdaSpec,
}

impl Work {
    fn session(&self) -> &Session {
        self.api.session()
    }

    fn run(&self) -> &Run {
        self.session().run()
    }

    fn report(&self, text: &str) {
        self.api.connection().progress.report(text);
    }

    /// The name of a node.
    fn node(&self, index: usize) -> String {
        self.run().name(&format!("node-{index}"))
    }

    /// The run's instances that are not gone.
    async fn instances(&self) -> Result<Vec<Instance>, CallError> {
        let all: Vec<Instance> = self.api.get("ListInstances", &[]).await?;
        let mine = |one: &Instance| one.status != "terminated" && one.belongs_to(self.run());
        Ok(all.into_iter().filter(mine).collect())
    }
}

#[derive(Debug)]
pub struct LambdaProvisioner {
    api: Api,
    spec: LambdaSpec,
}

impl LambdaProvisioner {
    pub fn new(spec: LambdaSpec, connection: &Connection) -> Self {
        Self {
            api: api::client(connection),
            spec,
        }
    }

    fn work(&self) -> Work {
        Work {
            api: self.api.renewed(),
            spec: self.spec.clone(),
        }
    }
}

#[async_trait]
impl Provisioner for LambdaProvisioner {
    fn name(&self) -> String {
        "reference".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        let price = prices::exact(&self.spec.instance_type.0)?;
        Some(ClaimedRate {
            usd_per_hour: price.usd * Decimal::from(self.spec.nodes()),
            source: price.source.clone(),
        })
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let error = match provision(&self.work()).await {
            Ok(provisioned) => return Ok(provisioned),
            Err(error) => error,
        };
        Err(match teardown::everything(&self.work()).await {
            Ok(()) => ProvisionerError::new(format!("{error}; unwound")),
            Err(stuck) => ProvisionerError {
                message: format!("{error}; unwinding stuck: {}", stuck.message),
                ..stuck
            },
        })
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        teardown::everything(&self.work()).await
    }
}

async fn provision(work: &Work) -> Result<Provisioned, CallError> {
    let offers: Offers = work.api.get("ListInstanceTypes", &[]).await?;
    let kind = &work.spec.instance_type.0;
    let Some(offer) = offers.get(kind) else {
        let known: Vec<&str> = offers.keys().map(String::as_str).collect();
        let known = known.join(", ");
        let message = format!("unknown instance type `{kind}` (expected one of {known})");
        return Err(CallError::state("lambda:ListInstanceTypes", message));
    };
    let cents = offer.instance_type.price_cents_per_hour;
    work.report(&format!("{kind} costs {cents} US cents an hour"));
    let (cluster_ca, is_new) = cluster_ca::ensure(work.api.connection()).map_err(of_ca)?;
    let usable = launch::usable(work, is_new).await?;
    let nodes = launch::somewhere(work, &cluster_ca, usable.as_ref(), &offer.regions()).await?;
    ready::active(work, &nodes).await?;
    ready::kubernetes(work, &cluster_ca, &nodes).await?;
    let made = nodes.iter().enumerate();
    Ok(Provisioned {
        access: Ok(ready::access(work, &cluster_ca, &nodes)?),
        made: made
            .map(|(index, node)| (work.node(index), node.id.clone()))
            .collect(),
    })
}

fn of_ca(error: ClusterCaError) -> CallError {
    let message = error.to_string();
    CallError {
        source: Some(Arc::new(Box::new(error))),
        ..CallError::state("cluster CA", message)
    }
}

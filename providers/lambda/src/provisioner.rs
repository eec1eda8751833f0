//! The reference provisioner: instances of one type in one region, k3s on them, all of the run's own.
//!
//! Everything is found by tag and name alone, so a new process can take over or tear down without any
//! state from the one before.

mod launch;
mod machines;
mod network;
mod teardown;

use std::time::Duration;

use async_trait::async_trait;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::cluster::{ClusterWait, cluster_ready};
use kubeproof_cloudkit::machines::{ClusterOrder, access, node_name, running, usable};
use kubeproof_contract::Decimal;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::run::Run;
use kubeproof_kubernetes::machines::cloud_init::{ASK_AMAZON, K3s};
use kubeproof_kubernetes::machines::cluster_ca;

use crate::api::types::Offers;
use crate::api::{self, Api};
use crate::prices;
use crate::spec::LambdaSpec;

/// How long k3s and the device plugin may take on machines that run.
const WAIT: ClusterWait<'_> = ClusterWait {
    nodes: 0,
    gpus: 0,
    nodes_limit: Duration::from_mins(15),
    gpus_limit: Duration::from_mins(8),
    pause_seconds: 10,
    hint: "the instance is active, its log is in /var/log/cloud-init-output.log",
};

/// One piece of work: a client of its own, and what is asked for.
#[derive(Debug)]
struct Work {
    api: Api,
    spec: LambdaSpec,
}

impl Work {
    fn run(&self) -> &Run {
        self.api.session().run()
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
    let connection = work.api.connection();
    let progress = &connection.progress;
    progress.report(&format!("{kind} costs {cents} US cents an hour"));
    let (cluster_ca, is_new) = cluster_ca::ensure(connection)?;
    let usable = usable(work, is_new).await?;
    let order = ClusterOrder {
        nodes: work.spec.nodes(),
        k3s: K3s {
            version: &work.spec.kubernetes_version.0,
            with_gpus: work.spec.gpus() > 0,
            address_from: ASK_AMAZON,
        },
        cluster_ca: &cluster_ca,
    };
    let nodes = launch::somewhere(work, order, usable.as_ref(), &offer.regions()).await?;
    running(work, &nodes).await?;
    let access = access(work, &cluster_ca, &nodes)?;
    let wait = ClusterWait {
        nodes: nodes.len(),
        gpus: work.spec.gpus(),
        ..WAIT
    };
    cluster_ready(work.api.session(), &access, wait).await?;
    let made = nodes.into_iter().enumerate();
    Ok(Provisioned {
        access: Ok(access),
        made: made
            .map(|(index, node)| (node_name(work.api.session(), index), node.id))
            .collect(),
    })
}

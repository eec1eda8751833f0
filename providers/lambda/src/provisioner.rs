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
use kubeproof_cloudkit::cluster::ClusterWait;
use kubeproof_cloudkit::machines::{ClusterOrder, serving, usable};
use kubeproof_contract::Decimal;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::run::Run;
use kubeproof_kubernetes::machines::cloud_init::{ASK_AMAZON, K3s};
use kubeproof_kubernetes::machines::cluster_ca;

use crate::api::types::{Offers, offered};
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

/// The provisioner. Each piece of its work is one too, with a client of its own.
#[derive(Debug)]
pub struct LambdaProvisioner {
    api: Api,
    spec: LambdaSpec,
}

impl LambdaProvisioner {
    pub fn new(spec: LambdaSpec, connection: &Connection) -> Self {
        let api = api::client(connection);
        Self { api, spec }
    }

    fn renewed(&self) -> Self {
        Self {
            api: self.api.renewed(),
            spec: self.spec.clone(),
        }
    }

    fn run(&self) -> &Run {
        self.api.session().run()
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
        match provision(&self.renewed()).await {
            Ok(provisioned) => Ok(provisioned),
            Err(error) => Err(ProvisionerError::unwound(error, self.teardown().await)),
        }
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        teardown::everything(&self.renewed()).await
    }
}

async fn provision(work: &LambdaProvisioner) -> Result<Provisioned, CallError> {
    let offers: Offers = work.api.get("ListInstanceTypes", &[]).await?;
    let kind = &work.spec.instance_type.0;
    let unknown = |error| CallError::unmade("lambda:ListInstanceTypes", error);
    let offer = offered(&offers, kind).map_err(unknown)?;
    let cents = offer.instance_type.price_cents_per_hour;
    let connection = work.api.connection();
    let progress = &connection.progress;
    progress.report(&format!("{kind} costs {cents} US cents an hour"));
    let (cluster_ca, is_new) = cluster_ca::ensure(connection)?;
    let usable = usable(work, is_new).await?;
    let gpus = work.spec.gpus();
    let order = ClusterOrder {
        nodes: work.spec.nodes(),
        k3s: K3s {
            version: &work.spec.kubernetes_version.0,
            with_gpus: gpus > 0,
            address_from: ASK_AMAZON,
        },
        cluster_ca: &cluster_ca,
    };
    let nodes = launch::somewhere(work, order, usable.as_ref(), &offer.regions()).await?;
    serving(work, &cluster_ca, nodes, ClusterWait { gpus, ..WAIT }).await
}

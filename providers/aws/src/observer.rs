//! The observer of an AWS account: preflight, checklist, inventory, proofs and bill.
//!
//! Independent of the provisioner: it uses the AWS SDKs over the connection's transport, finds everything by name, tag
//! or what is reported as made, and trusts no provisioner's word.

pub mod checks;
pub mod claims;
pub mod clients;
pub mod created_by;
mod json_call;
pub mod prefix_lists;
pub mod preflight;
pub mod proofs;
pub mod resources;
mod trail;
pub mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_cloudkit::checks::{cluster_ready, kubeconfig_works};
use kubeproof_contract::prelude::*;
use kubeproof_kubernetes::workload;

use crate::observer::checks::ROWS;
use crate::observer::clients::{Clients, failed, observer_error};
use crate::observer::resources::{CATALOGUE, TYPES};
use crate::observer::view::View;
use crate::spec::EksSpec;
use crate::{cost, kubeconfig, sdk};

/// The region of Cost Explorer's one endpoint.
const BILLING_REGION: &str = "us-east-1";

/// The observer of one account for one scenario and run.
#[derive(Clone, Debug)]
pub struct EksObserver {
    spec: EksSpec,
    connection: Connection,
    clients: Clients,
    leftovers: bool,
    /// The account id, once a call has shown it.
    learned: Arc<LearnedSoFar>,
}

impl EksObserver {
    /// The observer of the account behind a connection.
    pub fn new(spec: EksSpec, connection: Connection) -> Self {
        let clients = Clients::new(&connection, &spec.region.0);
        Self {
            spec,
            connection,
            clients,
            leftovers: false,
            learned: Arc::default(),
        }
    }

    /// The same, for a scenario whose job leaves a load balancer and a volume for teardown.
    #[must_use]
    pub fn with_leftovers(self, leftovers: bool) -> Self {
        Self { leftovers, ..self }
    }

    fn learn_account(&self, id: Option<&str>) {
        if let Some(id) = id {
            self.learned.account(id);
        }
    }

    async fn enabled_regions(&self) -> Result<Vec<Scope>, ObserverError> {
        let call = "ec2:DescribeRegions";
        let answer = self.clients.ec2.describe_regions().send().await;
        let answer = answer.map_err(|error| failed(call, &error))?;
        let names = answer.regions().iter().filter_map(|it| it.region_name());
        let mut regions: Vec<Scope> = names.map(Scope::new).collect();
        if regions.is_empty() {
            return Err(observer_error(call, "no region is enabled"));
        }
        regions.sort();
        Ok(regions)
    }

    /// The observer's own access to the cluster of the run.
    async fn kubernetes(&self, run: &Run) -> Result<KubernetesAccess, ObserverError> {
        let cluster = view::cluster(&self.clients, run).await?;
        let name = run.name("");
        let cluster = cluster.ok_or_else(|| {
            observer_error("eks:DescribeCluster", format!("there is no cluster {name}"))
        })?;
        kubeconfig::access(&self.clients.config, &self.connection, &cluster)
            .await
            .map_err(|error| observer_error("eks:DescribeCluster", error.to_string()))
    }
}

#[async_trait]
impl Observer for EksObserver {
    async fn preflight(&self) -> Vec<Check> {
        let (checks, account) =
            preflight::checks(&self.spec, &self.connection, &self.clients).await;
        self.learn_account(account.as_deref());
        checks
    }

    async fn account_id(&self) -> Result<Option<String>, ObserverError> {
        let answer = self.clients.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| failed("sts:GetCallerIdentity", &error))?;
        self.learn_account(answer.account());
        Ok(answer.account().map(str::to_owned))
    }

    fn learned(&self) -> Learned {
        self.learned.all()
    }

    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
        let view = View::of(&self.clients, run, &provisioned.made).await;
        let mut checks = checks::of_cloud(&self.spec, run, &view);
        let transport = &self.connection.transport;
        let handed = &provisioned.access;
        checks.push(kubeconfig_works(ROWS, "aws.kubeconfig", handed, transport.clone()).await);
        let (own, nodes) = (self.kubernetes(run).await, self.spec.nodes());
        checks.push(cluster_ready(ROWS, "aws.ready", &own, transport.clone(), nodes).await);
        checks
    }

    async fn workload(
        &self,
        run: &Run,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        let access = self.kubernetes(run).await.map_err(WorkloadError::failed)?;
        workload::through(&access, transport)
    }
}

#[async_trait]
impl Lister for EksObserver {
    async fn cells(&self, breadth: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        Ok(match breadth {
            Breadth::Scenario => CATALOGUE.listings(&[Scope::new(&self.spec.region.0)]),
            Breadth::Account => CATALOGUE.listings(&self.enabled_regions().await?),
            Breadth::Named(scopes) => CATALOGUE.listings(scopes),
        })
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        &TYPES
    }

    fn not_covered(&self) -> Vec<String> {
        resources::not_covered()
    }

    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError> {
        CATALOGUE.list(&self.clients, listing).await
    }

    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        CATALOGUE.complete(&self.clients, resources).await
    }
}

#[async_trait]
impl Ownership for EksObserver {
    fn proofs(&self, run: &Run, resource: &Resource, inventory: &[Resource]) -> Vec<String> {
        proofs::of(run, resource, inventory)
    }

    fn ownership_claim(
        &self,
        run: &Run,
        resource: &Resource,
        inventory: &[Resource],
    ) -> Option<OwnershipClaim> {
        claims::of(run, resource, inventory)
    }

    async fn created_by(
        &self,
        run: &Run,
        resources: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError> {
        created_by::look_up(&self.clients, run, resources).await
    }
}

#[async_trait]
impl Billing for EksObserver {
    async fn billed(&self, run: &Run, from: Timestamp) -> Result<Billed, ObserverError> {
        let config = sdk::config(&self.connection, BILLING_REGION);
        let client = aws_sdk_costexplorer::Client::new(&config);
        let plan = cost::billed::Plan {
            region: self.spec.region.0.clone(),
            gateways: cost::nat_gateways(&self.spec),
            addresses: cost::public_addresses(&self.spec)
                + u32::from(self.leftovers) * u32::from(self.spec.availability_zones.0),
            balancers: u32::from(self.leftovers),
        };
        let now = self.connection.clock.now();
        cost::billed::read(&client, run, &plan, from, now).await
    }

    fn billing_final_after(&self, at: Timestamp) -> Timestamp {
        cost::billed::final_after(at)
    }
}

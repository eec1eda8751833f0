//! The observer of an AWS account: preflight, checklist, inventory, proofs, deletion and cost.
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

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_cloudkit::checks::{cluster_ready, kubeconfig_works};
use kubeproof_contract::check::Check;
use kubeproof_contract::cost::{Billed, Estimate};
use kubeproof_contract::observer::{
    Billing, Creation, Deleter, Listing, Observer, ObserverError, Ownership, OwnershipClaim, Plan,
};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_contract::resource::{MonthlyCost, Resource, ResourceType};
use kubeproof_contract::run::Run;

use crate::observer::checks::ROWS;
use crate::observer::clients::{Clients, failed, observer_error};
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
        }
    }

    /// The same, for a scenario whose job leaves a load balancer and a volume for teardown.
    #[must_use]
    pub fn with_leftovers(self, leftovers: bool) -> Self {
        Self { leftovers, ..self }
    }

    /// What is estimated.
    fn input(&self) -> cost::EstimateInput<'_> {
        cost::EstimateInput {
            spec: &self.spec,
            leftovers: self.leftovers,
            today: self.connection.clock.now(),
        }
    }

    /// The clients for a region; global types go through the scenario's own.
    fn clients_for(&self, region: &str) -> Clients {
        if region == self.clients.region || region == "global" {
            self.clients.clone()
        } else {
            Clients::new(&self.connection, region)
        }
    }
}

/// The type of this name, or the observer's error.
fn known(name: &str) -> Result<&'static dyn resources::Type, ObserverError> {
    resources::find(name)
        .ok_or_else(|| observer_error("list", format!("`{name}` is not a resource type of AWS")))
}

#[async_trait]
impl Observer for EksObserver {
    async fn preflight(&self) -> Vec<Check> {
        preflight::checks(&self.spec, &self.connection, &self.clients).await
    }

    async fn account_id(&self) -> Result<Option<String>, ObserverError> {
        let answer = self.clients.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| failed("sts:GetCallerIdentity", &error))?;
        Ok(answer.account().map(str::to_owned))
    }

    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
        let view = View::of(&self.clients, run, &provisioned.made).await;
        let mut checks = checks::of_cloud(&self.spec, run, &view);
        let transport = &self.connection.transport;
        let handed = &provisioned.access;
        checks.push(kubeconfig_works(ROWS, "aws.kubeconfig", handed, transport.clone()).await);
        let (own, nodes) = (self.kubernetes(run).await, self.nodes_expected());
        checks.push(cluster_ready(ROWS, "aws.ready", &own, transport.clone(), nodes).await);
        checks
    }

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
impl Listing for EksObserver {
    fn regions(&self) -> Vec<String> {
        vec![self.spec.region.0.clone()]
    }

    async fn enabled_regions(&self) -> Result<Vec<String>, ObserverError> {
        let call = "ec2:DescribeRegions";
        let answer = self.clients.ec2.describe_regions().send().await;
        let answer = answer.map_err(|error| failed(call, &error))?;
        let names = answer.regions().iter().filter_map(|it| it.region_name());
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        if names.is_empty() {
            return Err(observer_error(call, "no region is enabled"));
        }
        names.sort();
        Ok(names)
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        resources::resource_types()
    }

    fn not_covered(&self) -> Vec<String> {
        resources::not_covered()
    }

    async fn list(
        &self,
        resource_type: &str,
        region: &str,
    ) -> Result<Vec<Resource>, ObserverError> {
        known(resource_type)?.list(&self.clients_for(region)).await
    }

    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        resources::complete(|region| self.clients_for(region), resources).await
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

impl Plan for EksObserver {
    fn nodes_expected(&self) -> usize {
        self.spec.nodes()
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        resources::monthly_cost(resource, &self.spec.region.0)
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        let (zones, network) = (self.spec.availability_zones.0, &self.spec.network);
        let nat = usize::from(network.nat_gateways(zones));
        let own = usize::from(network.makes_vpc());
        [
            ("vpc", own),
            ("internet_gateway", own),
            ("nat_gateway", nat),
            ("elastic_ip", nat),
            ("subnet", usize::from(zones * network.subnets_per_zone())),
            ("eks_cluster", 1),
            ("eks_nodegroup", self.spec.node_groups.0.len()),
            // A group's template, and the copy of it that EKS makes.
            ("launch_template", 2 * self.spec.node_groups.0.len()),
            ("iam_role", 2),
        ]
        .map(|(name, most)| (name.to_owned(), most))
        .into()
    }

    fn estimate(&self, start: Option<Timestamp>, duration_minutes: u32) -> Estimate {
        cost::estimate(&self.input(), start, duration_minutes)
    }

    fn estimate_between(&self, from: Timestamp, to: Timestamp) -> Estimate {
        cost::estimate_between(&self.input(), from, to)
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

#[async_trait]
impl Deleter for EksObserver {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let clients = self.clients_for(&resource.region);
        known(&resource.resource_type)?
            .delete(&clients, resource)
            .await
    }
}

//! What the observer reads of a run, before any of it is judged.
//!
//! A run is found by the cluster with the expected name and what that cluster refers to, by the run's tag, and by what
//! the provisioner reports as made. What could not be read is kept as its error.

pub mod nodes;
pub mod roles;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    Address, Filter, InternetGateway, NatGateway, NatGatewayState, RouteTable, SecurityGroup,
    Subnet, Tag, Vpc,
};
use aws_sdk_eks::types::{Cluster, Nodegroup};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::{RUN_TAG, Run};

use super::clients::{Clients, failed, is_gone, pages};
use super::prefix_lists;
use nodes::NodeView;
use roles::RoleView;

/// Something that was read, or why it could not be.
pub type Observation<T> = Result<T, ObserverError>;

/// Everything that the checks use.
#[derive(Clone, Debug)]
pub struct View {
    /// Ids of what the provisioner reports as made.
    pub made: BTreeSet<String>,
    /// The cluster's VPC, and those with the run's tag or reported as made.
    pub vpcs: Observation<Vec<Vpc>>,
    /// Subnets of those VPCs.
    pub subnets: Observation<Vec<Subnet>>,
    /// Internet gateways of those VPCs, and those with the run's tag or reported as made.
    pub internet_gateways: Observation<Vec<InternetGateway>>,
    /// NAT gateways in those VPCs that are not deleted.
    pub nat_gateways: Observation<Vec<NatGateway>>,
    /// All addresses of the account.
    pub addresses: Observation<Vec<Address>>,
    /// Route tables of those VPCs.
    pub route_tables: Observation<Vec<RouteTable>>,
    /// Security groups of those VPCs.
    pub security_groups: Observation<Vec<SecurityGroup>>,
    /// The ranges in each prefix list that rules of those groups name.
    pub prefix_lists: Observation<BTreeMap<String, Vec<String>>>,
    /// The cluster of the run's name, if there is one.
    pub cluster: Observation<Option<Cluster>>,
    /// Its managed node groups.
    pub node_groups: Observation<Vec<Nodegroup>>,
    /// The instances of its nodes.
    pub nodes: Observation<Vec<NodeView>>,
    /// The role that the cluster uses.
    pub cluster_role: Observation<Option<RoleView>>,
    /// The roles that the node groups use, each once.
    pub node_roles: Observation<Vec<RoleView>>,
}

impl View {
    /// Reads the account.
    pub async fn of(clients: &Clients, run: &Run, made: &BTreeMap<String, String>) -> Self {
        let made: BTreeSet<String> = made.values().cloned().collect();
        let cluster = cluster(clients, run).await;
        let vpcs = vpcs(clients, run, &made, &cluster).await;
        let ids: Observation<Vec<String>> = vpcs
            .as_ref()
            .map(|vpcs| vpcs.iter().filter_map(|vpc| vpc.vpc_id.clone()).collect())
            .map_err(Clone::clone);
        let parts = futures::join!(
            subnets(clients, &ids),
            internet_gateways(clients, (run, &made), &ids),
            nat_gateways(clients, &ids),
            addresses(clients),
            route_tables(clients, &ids),
            security_groups(clients, &ids),
        );
        let (subnets, internet_gateways, nat_gateways, addresses, route_tables, security_groups) =
            parts;
        let node_groups = node_groups(clients, &cluster).await;
        let (nodes, cluster_role, node_roles, prefix_lists) = futures::join!(
            nodes::read(clients, run, &cluster),
            roles::of_cluster(clients, &cluster),
            roles::of_node_groups(clients, &node_groups),
            prefix_lists::look(clients, &security_groups),
        );
        Self {
            made,
            vpcs,
            subnets,
            internet_gateways,
            nat_gateways,
            addresses,
            route_tables,
            security_groups,
            prefix_lists,
            cluster,
            node_groups,
            nodes,
            cluster_role,
            node_roles,
        }
    }

    /// Whether something with this id and these tags is the run's, by its tag or the provisioner's report.
    pub fn is_said(&self, run: &Run, id: Option<&str>, tags: &[Tag]) -> bool {
        is_tagged(run, tags) || id.is_some_and(|id| self.made.contains(id))
    }
}

/// Whether EC2's tags contain the run's.
pub fn is_tagged(run: &Run, tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| tag.key() == Some(RUN_TAG) && tag.value() == Some(&run.id))
}

/// The filter for resources in these VPCs; `None` when there is no VPC, and so nothing to list.
fn in_vpcs(ids: &Observation<Vec<String>>) -> Observation<Option<Filter>> {
    let ids = ids.clone()?;
    let filter = Filter::builder().name("vpc-id");
    Ok((!ids.is_empty()).then(|| filter.set_values(Some(ids)).build()))
}

/// The VPC that a cluster is in.
pub fn vpc_of(cluster: &Cluster) -> Option<&str> {
    cluster.resources_vpc_config()?.vpc_id()
}

async fn vpcs(
    clients: &Clients,
    run: &Run,
    made: &BTreeSet<String>,
    cluster: &Observation<Option<Cluster>>,
) -> Observation<Vec<Vpc>> {
    let cluster = cluster.clone()?;
    let of_cluster = cluster.as_ref().and_then(vpc_of);
    let stream = clients.ec2.describe_vpcs().into_paginator().send();
    let pages = pages("ec2:DescribeVpcs", stream).await?;
    let all = pages
        .into_iter()
        .flat_map(|page| page.vpcs.unwrap_or_default());
    let is_ours = |vpc: &Vpc| {
        let id = vpc.vpc_id();
        (id.is_some() && id == of_cluster)
            || is_tagged(run, vpc.tags())
            || id.is_some_and(|id| made.contains(id))
    };
    Ok(all.filter(is_ours).collect())
}

async fn subnets(clients: &Clients, vpcs: &Observation<Vec<String>>) -> Observation<Vec<Subnet>> {
    let Some(filter) = in_vpcs(vpcs)? else {
        return Ok(Vec::new());
    };
    let stream = clients
        .ec2
        .describe_subnets()
        .filters(filter)
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeSubnets", stream).await?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.subnets.unwrap_or_default())
        .collect())
}

async fn internet_gateways(
    clients: &Clients,
    (run, made): (&Run, &BTreeSet<String>),
    vpcs: &Observation<Vec<String>>,
) -> Observation<Vec<InternetGateway>> {
    let vpcs = vpcs.clone()?;
    let call = clients.ec2.describe_internet_gateways();
    let pages = pages("ec2:DescribeInternetGateways", call.into_paginator().send()).await?;
    let all = pages
        .into_iter()
        .flat_map(|page| page.internet_gateways.unwrap_or_default());
    let is_ours = |gateway: &InternetGateway| {
        let mut attached = gateway.attachments().iter().filter_map(|to| to.vpc_id());
        attached.any(|id| vpcs.iter().any(|own| own == id))
            || is_tagged(run, gateway.tags())
            || gateway
                .internet_gateway_id()
                .is_some_and(|id| made.contains(id))
    };
    Ok(all.filter(is_ours).collect())
}

async fn nat_gateways(
    clients: &Clients,
    vpcs: &Observation<Vec<String>>,
) -> Observation<Vec<NatGateway>> {
    let Some(filter) = in_vpcs(vpcs)? else {
        return Ok(Vec::new());
    };
    let stream = clients
        .ec2
        .describe_nat_gateways()
        .filter(filter)
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeNatGateways", stream).await?;
    let all = pages
        .into_iter()
        .flat_map(|page| page.nat_gateways.unwrap_or_default());
    Ok(all
        .filter(|gateway| gateway.state() != Some(&NatGatewayState::Deleted))
        .collect())
}

async fn addresses(clients: &Clients) -> Observation<Vec<Address>> {
    let answer = clients.ec2.describe_addresses().send().await;
    let answer = answer.map_err(|error| failed("ec2:DescribeAddresses", &error))?;
    Ok(answer.addresses.unwrap_or_default())
}

async fn route_tables(
    clients: &Clients,
    vpcs: &Observation<Vec<String>>,
) -> Observation<Vec<RouteTable>> {
    let Some(filter) = in_vpcs(vpcs)? else {
        return Ok(Vec::new());
    };
    let stream = clients
        .ec2
        .describe_route_tables()
        .filters(filter)
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeRouteTables", stream).await?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.route_tables.unwrap_or_default())
        .collect())
}

async fn security_groups(
    clients: &Clients,
    vpcs: &Observation<Vec<String>>,
) -> Observation<Vec<SecurityGroup>> {
    let Some(filter) = in_vpcs(vpcs)? else {
        return Ok(Vec::new());
    };
    let stream = clients
        .ec2
        .describe_security_groups()
        .filters(filter)
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeSecurityGroups", stream).await?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.security_groups.unwrap_or_default())
        .collect())
}

/// The cluster of the run's name, if there is one.
///
/// # Errors
/// When it could not be read.
pub async fn cluster(clients: &Clients, run: &Run) -> Observation<Option<Cluster>> {
    match clients
        .eks
        .describe_cluster()
        .name(run.name(""))
        .send()
        .await
    {
        Ok(answer) => Ok(answer.cluster),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(failed("eks:DescribeCluster", &error)),
    }
}

async fn node_groups(
    clients: &Clients,
    cluster: &Observation<Option<Cluster>>,
) -> Observation<Vec<Nodegroup>> {
    let Some(cluster) = cluster.clone()? else {
        return Ok(Vec::new());
    };
    let name = cluster.name().unwrap_or_default();
    let stream = clients
        .eks
        .list_nodegroups()
        .cluster_name(name)
        .into_paginator()
        .send();
    let mut groups = Vec::new();
    for page in pages("eks:ListNodegroups", stream).await? {
        for group in page.nodegroups() {
            let call = clients
                .eks
                .describe_nodegroup()
                .cluster_name(name)
                .nodegroup_name(group);
            match call.send().await {
                Ok(answer) => groups.extend(answer.nodegroup),
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(failed("eks:DescribeNodegroup", &error)),
            }
        }
    }
    Ok(groups)
}

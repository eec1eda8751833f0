//! What the observer sees of a run: gathered first, so that judging it is a pure function.
//!
//! Everything is found from the run's tag and the run's natural name, never from what the
//! provisioner says. What could not be read is kept as the error that it was.

use aws_sdk_ec2::types::{
    Address, Filter, InternetGateway, NatGateway, NatGatewayState, RouteTable, SecurityGroup,
    Subnet, Tag, Vpc,
};
use aws_sdk_eks::types::{Cluster, Nodegroup};
use kubeproof_contract::account::ObserverError;
use kubeproof_contract::run::{RUN_TAG, Run};

use super::clients::{Clients, failed, is_gone, pages};
use super::nodes_seen::{self, NodeSeen};
use super::role_seen::{self, RoleSeen};

/// Something that was looked for, or why it could not be.
pub type Seen<T> = Result<T, ObserverError>;

/// All that the checks look at.
#[derive(Clone, Debug)]
pub struct View {
    /// VPCs with the run's tag.
    pub vpcs: Seen<Vec<Vpc>>,
    /// Subnets of those VPCs.
    pub subnets: Seen<Vec<Subnet>>,
    /// Internet gateways with the run's tag.
    pub internet_gateways: Seen<Vec<InternetGateway>>,
    /// NAT gateways in those VPCs that are not deleted.
    pub nat_gateways: Seen<Vec<NatGateway>>,
    /// Addresses with the run's tag.
    pub addresses: Seen<Vec<Address>>,
    /// Route tables of those VPCs.
    pub route_tables: Seen<Vec<RouteTable>>,
    /// Security groups of those VPCs.
    pub security_groups: Seen<Vec<SecurityGroup>>,
    /// The cluster of the run's name, if there is one.
    pub cluster: Seen<Option<Cluster>>,
    /// Its managed node groups.
    pub node_groups: Seen<Vec<Nodegroup>>,
    /// The instances of its nodes.
    pub nodes: Seen<Vec<NodeSeen>>,
    /// The role that the cluster uses.
    pub cluster_role: Seen<Option<RoleSeen>>,
    /// The roles that the node groups use, each once.
    pub node_roles: Seen<Vec<RoleSeen>>,
}

impl View {
    /// Looks at the account.
    pub async fn of(clients: &Clients, run: &Run) -> Self {
        let vpcs = vpcs(clients, run).await;
        let ids: Seen<Vec<String>> = vpcs
            .as_ref()
            .map(|vpcs| vpcs.iter().filter_map(|vpc| vpc.vpc_id.clone()).collect())
            .map_err(Clone::clone);
        let looks = futures::join!(
            subnets(clients, &ids),
            internet_gateways(clients, run),
            nat_gateways(clients, &ids),
            addresses(clients, run),
            route_tables(clients, &ids),
            security_groups(clients, &ids),
        );
        let (subnets, internet_gateways, nat_gateways, addresses, route_tables, security_groups) =
            looks;
        let cluster = cluster(clients, run).await;
        let node_groups = node_groups(clients, &cluster).await;
        let (nodes, cluster_role, node_roles) = futures::join!(
            nodes_seen::look(clients, run, &cluster),
            role_seen::of_cluster(clients, &cluster),
            role_seen::of_node_groups(clients, &node_groups),
        );
        Self {
            vpcs,
            subnets,
            internet_gateways,
            nat_gateways,
            addresses,
            route_tables,
            security_groups,
            cluster,
            node_groups,
            nodes,
            cluster_role,
            node_roles,
        }
    }
}

/// The run's tag among EC2's.
pub fn is_tagged(run: &Run, tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| tag.key() == Some(RUN_TAG) && tag.value() == Some(&run.id))
}

fn of_run(run: &Run) -> Filter {
    Filter::builder()
        .name(format!("tag:{RUN_TAG}"))
        .values(&run.id)
        .build()
}

/// The filter for things in these VPCs; `None` when there is no VPC, and so nothing to look for.
fn in_vpcs(ids: &Seen<Vec<String>>) -> Seen<Option<Filter>> {
    let ids = ids.clone()?;
    let filter = Filter::builder().name("vpc-id");
    Ok((!ids.is_empty()).then(|| filter.set_values(Some(ids)).build()))
}

async fn vpcs(clients: &Clients, run: &Run) -> Seen<Vec<Vpc>> {
    let stream = clients
        .ec2
        .describe_vpcs()
        .filters(of_run(run))
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeVpcs", stream).await?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.vpcs.unwrap_or_default())
        .collect())
}

async fn subnets(clients: &Clients, vpcs: &Seen<Vec<String>>) -> Seen<Vec<Subnet>> {
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

async fn internet_gateways(clients: &Clients, run: &Run) -> Seen<Vec<InternetGateway>> {
    let call = clients
        .ec2
        .describe_internet_gateways()
        .filters(of_run(run));
    let pages = pages("ec2:DescribeInternetGateways", call.into_paginator().send()).await?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.internet_gateways.unwrap_or_default())
        .collect())
}

async fn nat_gateways(clients: &Clients, vpcs: &Seen<Vec<String>>) -> Seen<Vec<NatGateway>> {
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

async fn addresses(clients: &Clients, run: &Run) -> Seen<Vec<Address>> {
    let answer = clients
        .ec2
        .describe_addresses()
        .filters(of_run(run))
        .send()
        .await;
    let answer = answer.map_err(|error| failed("ec2:DescribeAddresses", &error))?;
    Ok(answer.addresses.unwrap_or_default())
}

async fn route_tables(clients: &Clients, vpcs: &Seen<Vec<String>>) -> Seen<Vec<RouteTable>> {
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

async fn security_groups(clients: &Clients, vpcs: &Seen<Vec<String>>) -> Seen<Vec<SecurityGroup>> {
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
/// When it could not be found out.
pub async fn cluster(clients: &Clients, run: &Run) -> Seen<Option<Cluster>> {
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

async fn node_groups(clients: &Clients, cluster: &Seen<Option<Cluster>>) -> Seen<Vec<Nodegroup>> {
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

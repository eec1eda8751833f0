//! Lists what exists of the run, by tags and unique names: for the end of a teardown, and for the error of a failed
//! provision.

use std::time::Duration;

use aws_sdk_ec2::types::{Address, InternetGateway, NatGatewayState};
use futures::future::join_all;
use futures::try_join;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::error::all;

use crate::provisioner::iam_roles;
use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{filter, of_run, tag};
use crate::provisioner::teardown::{balancers, logs, volumes};
use crate::provisioner::{cluster, nodes, templates};

/// What exists of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leftovers {
    ids: Vec<String>,
    marker: Option<Marker>,
}

/// The run's marker: the role that is made first and removed last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Marker {
    name: String,
    /// When it was made, in seconds since 1970.
    made_at: i64,
}

impl Leftovers {
    /// Whether nothing exists, not even the marker.
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.marker.is_none()
    }

    /// Whether nothing but the run's marker exists.
    pub(crate) fn is_only_the_marker(&self) -> bool {
        self.ids.is_empty() && self.marker.is_some()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        let marker = self.marker.iter().map(|marker| &marker.name);
        self.ids.iter().chain(marker).cloned().collect()
    }

    /// The age of the run's marker, if there is one.
    pub(crate) fn age(&self, session: &Session) -> Option<Duration> {
        let now = session.connection.clock.now().as_second();
        let marker = self.marker.as_ref()?;
        let seconds = u64::try_from(now.saturating_sub(marker.made_at));
        Some(Duration::from_secs(seconds.unwrap_or_default()))
    }
}

/// Lists everything of the run, concurrently.
///
/// # Errors
/// When any listing fails: the result would be incomplete.
pub(crate) async fn list(session: &Session) -> Result<Leftovers, CallError> {
    let (marker, nodes_role, compute, vpcs, addresses, nats, gateways) = try_join!(
        role(session, &iam_roles::CLUSTER),
        role(session, &iam_roles::NODES),
        compute(session),
        vpcs_with_content(session),
        address_ids(session),
        nat_gateways(session),
        gateway_ids(session),
    )?;
    let (volumes, balancers, logs, templates) = try_join!(
        volumes::list(session),
        balancers::list(session),
        logs::list(session),
        templates::list(session)
    )?;
    let balancers = balancers
        .into_iter()
        .map(|balancer| balancer.id().to_owned())
        .collect();
    let mut ids: Vec<String> = [
        compute,
        nodes_role.into_iter().map(|role| role.name).collect(),
        nats,
        addresses,
        gateways,
        vpcs,
        volumes,
        balancers,
        logs,
        templates,
    ]
    .concat();
    ids.dedup();
    Ok(Leftovers { ids, marker })
}

/// Whether the run's marker does not exist.
///
/// # Errors
/// When it could not be read.
pub(crate) async fn is_unmarked(session: &Session) -> Result<bool, CallError> {
    Ok(role(session, &iam_roles::CLUSTER).await?.is_none())
}

async fn role(session: &Session, role: &iam_roles::Role) -> Result<Option<Marker>, CallError> {
    let name = session.run().name(role.part);
    let request = session.iam.get_role().role_name(&name);
    match send!(session, "iam:GetRole", IDEMPOTENT, request) {
        Ok(answer) => {
            let ours = answer
                .role()
                .filter(|role| iam_roles::is_ours(session.run(), role.tags()));
            let made_at = ours.map(|role| role.create_date().secs());
            Ok(made_at.map(|made_at| Marker { name, made_at }))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn compute(session: &Session) -> Result<Vec<String>, CallError> {
    let Some(known) = cluster::describe(session).await? else {
        return Ok(Vec::new());
    };
    if !cluster::is_ours(session, &known) {
        return Ok(Vec::new());
    }
    let name = known.name().unwrap_or_default();
    let groups = nodes::list(session).await?;
    let mut ids: Vec<String> = groups
        .iter()
        .map(|group| format!("{name}/{group}"))
        .collect();
    ids.push(name.to_owned());
    Ok(ids)
}

/// Ids of the run's VPCs.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn vpcs(session: &Session) -> Result<Vec<String>, CallError> {
    let request = session.ec2.describe_vpcs().filters(of_run(session.run()));
    let vpcs = pages!(session, "ec2:DescribeVpcs", request, vpcs)?;
    Ok(vpcs
        .iter()
        .filter_map(|vpc| vpc.vpc_id().map(str::to_owned))
        .collect())
}

async fn vpcs_with_content(session: &Session) -> Result<Vec<String>, CallError> {
    let vpcs = vpcs(session).await?;
    let contents = all(join_all(vpcs.iter().map(|vpc| content(session, vpc))).await)?;
    Ok(contents.into_iter().flatten().chain(vpcs).collect())
}

/// Tagged resources inside a VPC. They cannot outlive it, so without a VPC there is nothing to list.
async fn content(session: &Session, vpc: &str) -> Result<Vec<String>, CallError> {
    let run = session.run();
    let here = filter("vpc-id", vpc);
    let subnets = session
        .ec2
        .describe_subnets()
        .filters(here.clone())
        .filters(of_run(run));
    let tables = session
        .ec2
        .describe_route_tables()
        .filters(here.clone())
        .filters(of_run(run));
    let groups = session
        .ec2
        .describe_security_groups()
        .filters(here)
        .filters(of_run(run));
    let (subnets, tables, groups) = try_join!(
        async { pages!(session, "ec2:DescribeSubnets", subnets, subnets) },
        async { pages!(session, "ec2:DescribeRouteTables", tables, route_tables) },
        async {
            pages!(
                session,
                "ec2:DescribeSecurityGroups",
                groups,
                security_groups
            )
        },
    )?;
    let subnets = subnets.iter().filter_map(|subnet| subnet.subnet_id());
    let tables = tables.iter().filter_map(|table| table.route_table_id());
    let groups = groups.iter().filter_map(|group| group.group_id());
    Ok(subnets
        .chain(tables)
        .chain(groups)
        .map(str::to_owned)
        .collect())
}

/// The run's elastic addresses.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn addresses(session: &Session) -> Result<Vec<Address>, CallError> {
    let request = session
        .ec2
        .describe_addresses()
        .filters(of_run(session.run()));
    let answer = send!(session, "ec2:DescribeAddresses", IDEMPOTENT, request)?;
    Ok(answer.addresses.unwrap_or_default())
}

/// Allocation ids of the run's elastic addresses.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn address_ids(session: &Session) -> Result<Vec<String>, CallError> {
    let overlooked = |name: &str| session.overlooked.iter().any(|one| one == name);
    Ok(addresses(session)
        .await?
        .iter()
        .filter(|address| !tag(address.tags(), "Name").is_some_and(overlooked))
        .filter_map(|address| address.allocation_id().map(str::to_owned))
        .collect())
}

/// Ids of the run's NAT gateways, failed ones included; deleted ones, which stay visible, are left out.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn nat_gateways(session: &Session) -> Result<Vec<String>, CallError> {
    let request = session
        .ec2
        .describe_nat_gateways()
        .filter(of_run(session.run()));
    let gateways = pages!(session, "ec2:DescribeNatGateways", request, nat_gateways)?;
    Ok(gateways
        .iter()
        .filter(|gateway| gateway.state() != Some(&NatGatewayState::Deleted))
        .filter_map(|gateway| gateway.nat_gateway_id().map(str::to_owned))
        .collect())
}

/// The run's internet gateways.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn internet_gateways(
    session: &Session,
) -> Result<Vec<InternetGateway>, CallError> {
    let request = session
        .ec2
        .describe_internet_gateways()
        .filters(of_run(session.run()));
    pages!(
        session,
        "ec2:DescribeInternetGateways",
        request,
        internet_gateways
    )
}

async fn gateway_ids(session: &Session) -> Result<Vec<String>, CallError> {
    let gateways = internet_gateways(session).await?;
    let ids = gateways
        .iter()
        .filter_map(|gateway| gateway.internet_gateway_id());
    Ok(ids.map(str::to_owned).collect())
}

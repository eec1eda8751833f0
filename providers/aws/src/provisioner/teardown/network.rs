//! Deletes the run's VPCs with everything in them, no matter who made it.

use std::time::Duration;

use aws_sdk_ec2::types::{InternetGateway, RouteTable};
use futures::future::join_all;
use futures::join;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::leftovers;
use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::filter;
use crate::provisioner::teardown::{HOPELESS, interfaces};

pub(crate) mod groups;

/// Longest wait for what depends on a resource to be gone.
const FREE_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Deletes the run's VPCs, and internet gateways that were never attached. `free`: nothing is known to stay in the
/// VPCs, so it is worth waiting for the rest.
pub(crate) async fn delete(session: &Session, free: bool) -> CallErrors {
    let mut errors = CallErrors::default();
    if let Some(vpcs) = errors.keep(leftovers::vpcs(session).await) {
        let contents = join_all(vpcs.iter().map(|vpc| one(session, vpc, free))).await;
        errors = errors.join(contents);
    }
    let gateways = leftovers::internet_gateways(session).await;
    for gateway in errors.keep(gateways).unwrap_or_default() {
        errors.keep(internet_gateway(session, &gateway, in_use_limit(&errors)).await);
    }
    errors
}

fn in_use_limit(errors: &CallErrors) -> Duration {
    if errors.is_empty() {
        FREE_WITHIN
    } else {
        HOPELESS
    }
}

/// Deletes one VPC with everything in it.
pub(crate) async fn one(session: &Session, vpc: &str, free: bool) -> CallErrors {
    let mut errors = CallErrors::default();
    let within = if free {
        interfaces::GONE_WITHIN
    } else {
        HOPELESS
    };
    errors.keep(interfaces::clear(session, vpc, within).await);
    let within = in_use_limit(&errors);
    let (tables, groups, gateways) = join!(
        route_tables(session, vpc, within),
        groups::delete(session, vpc, within),
        gateways(session, vpc, within),
    );
    errors = errors.join([tables, groups, gateways]);
    let subnets = subnets(session, vpc, in_use_limit(&errors)).await;
    errors = errors.join([subnets]);
    let policy = RetryPolicy::while_in_use(in_use_limit(&errors));
    errors.keep(delete_vpc(session, vpc, policy).await);
    errors
}

/// Deletes an empty VPC; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn delete_vpc(
    session: &Session,
    vpc: &str,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let request = session.ec2.delete_vpc().vpc_id(vpc);
    ignore_not_found(send!(session, "ec2:DeleteVpc", policy, request))
}

async fn route_tables(session: &Session, vpc: &str, within: Duration) -> CallErrors {
    let mut errors = CallErrors::default();
    let request = session
        .ec2
        .describe_route_tables()
        .filters(filter("vpc-id", vpc));
    let tables = pages!(session, "ec2:DescribeRouteTables", request, route_tables);
    let tables = errors.keep(tables).unwrap_or_default();
    errors
        .for_each(&tables, |table| route_table(session, table, within))
        .await;
    errors
}

/// The main table goes with the VPC.
async fn route_table(
    session: &Session,
    table: &RouteTable,
    within: Duration,
) -> Result<(), CallError> {
    if table
        .associations()
        .iter()
        .any(|association| association.main() == Some(true))
    {
        return Ok(());
    }
    for id in table
        .associations()
        .iter()
        .filter_map(|one| one.route_table_association_id())
    {
        let request = session.ec2.disassociate_route_table().association_id(id);
        let call = "ec2:DisassociateRouteTable";
        ignore_not_found(send!(session, call, IDEMPOTENT, request))?;
    }
    let request = session
        .ec2
        .delete_route_table()
        .route_table_id(table.route_table_id().unwrap_or_default());
    let policy = RetryPolicy::while_in_use(within);
    ignore_not_found(send!(session, "ec2:DeleteRouteTable", policy, request))
}

async fn gateways(session: &Session, vpc: &str, within: Duration) -> CallErrors {
    let mut errors = CallErrors::default();
    let request = session
        .ec2
        .describe_internet_gateways()
        .filters(filter("attachment.vpc-id", vpc));
    let gateways = pages!(
        session,
        "ec2:DescribeInternetGateways",
        request,
        internet_gateways
    );
    for gateway in errors.keep(gateways).unwrap_or_default() {
        errors.keep(internet_gateway(session, &gateway, within).await);
    }
    errors
}

async fn internet_gateway(
    session: &Session,
    gateway: &InternetGateway,
    within: Duration,
) -> Result<(), CallError> {
    let id = gateway.internet_gateway_id().unwrap_or_default();
    let policy = RetryPolicy::while_in_use(within);
    for vpc in gateway
        .attachments()
        .iter()
        .filter_map(|attachment| attachment.vpc_id())
    {
        let request = session
            .ec2
            .detach_internet_gateway()
            .internet_gateway_id(id)
            .vpc_id(vpc);
        let call = "ec2:DetachInternetGateway";
        ignore_not_found(send!(session, call, policy, request))?;
    }
    delete_gateway(session, id, policy).await
}

/// Deletes an unattached internet gateway; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn delete_gateway(
    session: &Session,
    id: &str,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let request = session
        .ec2
        .delete_internet_gateway()
        .internet_gateway_id(id);
    ignore_not_found(send!(session, "ec2:DeleteInternetGateway", policy, request))
}

async fn subnets(session: &Session, vpc: &str, within: Duration) -> CallErrors {
    let mut errors = CallErrors::default();
    let request = session
        .ec2
        .describe_subnets()
        .filters(filter("vpc-id", vpc));
    let subnets = errors.keep(pages!(session, "ec2:DescribeSubnets", request, subnets));
    let subnets = subnets.unwrap_or_default();
    let ids = subnets.iter().filter_map(|subnet| subnet.subnet_id());
    let delete = |id| async move {
        let request = session.ec2.delete_subnet().subnet_id(id);
        let policy = RetryPolicy::while_in_use(within);
        ignore_not_found(send!(session, "ec2:DeleteSubnet", policy, request))
    };
    errors.for_each(ids, delete).await;
    errors
}

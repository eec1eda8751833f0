//! Subnets and route tables of the run's VPCs, no matter who made them.

use aws_sdk_ec2::types::RouteTable;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::filter_any;

/// The subnets in these VPCs.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn subnets(
    session: &Session,
    vpcs: Vec<String>,
) -> Result<Vec<String>, CallError> {
    if vpcs.is_empty() {
        return Ok(Vec::new());
    }
    let here = filter_any("vpc-id", &vpcs);
    let request = session.ec2.describe_subnets().filters(here);
    let subnets = pages!(session, "ec2:DescribeSubnets", request, subnets)?;
    let ids = subnets.iter().filter_map(|subnet| subnet.subnet_id());
    Ok(ids.map(str::to_owned).collect())
}

/// Deletes a subnet; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(super) async fn delete_subnet(
    session: &Session,
    id: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let request = session.ec2.delete_subnet().subnet_id(id);
    ignore_not_found(send!(session, "ec2:DeleteSubnet", policy, request))
}

/// The route tables in these VPCs, except the main ones, which go with their VPC.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn route_tables(
    session: &Session,
    vpcs: Vec<String>,
) -> Result<Vec<String>, CallError> {
    if vpcs.is_empty() {
        return Ok(Vec::new());
    }
    let tables = tables(session, "vpc-id", &vpcs).await?;
    let own = tables.iter().filter(|table| !is_main(table));
    let ids = own.filter_map(|table| table.route_table_id());
    Ok(ids.map(str::to_owned).collect())
}

async fn tables(
    session: &Session,
    by: &str,
    values: &[String],
) -> Result<Vec<RouteTable>, CallError> {
    let by = filter_any(by, values);
    let request = session.ec2.describe_route_tables().filters(by);
    pages!(session, "ec2:DescribeRouteTables", request, route_tables)
}

fn is_main(table: &RouteTable) -> bool {
    let mut associations = table.associations().iter();
    associations.any(|association| association.main() == Some(true))
}

/// Deletes route tables with their associations.
pub(super) async fn delete_route_tables(
    session: &Session,
    ids: Vec<String>,
    policy: RetryPolicy,
) -> CallErrors {
    let mut errors = CallErrors::default();
    let tables = tables(session, "route-table-id", &ids).await;
    let tables = errors.keep(tables).unwrap_or_default();
    let delete = |table| delete_route_table(session, table, policy);
    errors.for_each(&tables, delete).await;
    errors
}

async fn delete_route_table(
    session: &Session,
    table: &RouteTable,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let associations = table.associations().iter();
    for id in associations.filter_map(|one| one.route_table_association_id()) {
        let request = session.ec2.disassociate_route_table().association_id(id);
        let call = "ec2:DisassociateRouteTable";
        ignore_not_found(send!(session, call, IDEMPOTENT, request))?;
    }
    let id = table.route_table_id().unwrap_or_default();
    let request = session.ec2.delete_route_table().route_table_id(id);
    ignore_not_found(send!(session, "ec2:DeleteRouteTable", policy, request))
}

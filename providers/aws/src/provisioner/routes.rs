//! The route tables: one for the public subnets, one per zone for the private ones.

use aws_sdk_ec2::types::{ResourceType, RouteTable};
use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt};
use kubeproof_cloudkit::{CallError, Cause};

use crate::provisioner::requests::{LAGGING, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{filter, is_named, specification};
use crate::provisioner::vpc::id_of;

/// Where traffic out of the VPC goes.
pub(crate) enum Target<'a> {
    Internet(&'a str),
    Nat(&'a str),
}

const EVERYWHERE: &str = "0.0.0.0/0";

/// Finds or makes the table of this part and associates it with the subnets; returns its id.
///
/// # Errors
/// When a call fails for good, or a subnet has another table.
pub(crate) async fn table(
    session: &Session,
    vpc: &str,
    part: &str,
    subnets: &[&str],
) -> Result<String, CallError> {
    let found = find(session, vpc, part).await?;
    let id = match found.as_ref().and_then(|table| table.route_table_id()) {
        Some(id) => id.to_owned(),
        None => create(session, vpc, part).await?,
    };
    session.record(format!("route table {part}"), &id);
    for subnet in subnets {
        associate(session, &id, subnet).await?;
    }
    Ok(id)
}

async fn find(session: &Session, vpc: &str, part: &str) -> Result<Option<RouteTable>, CallError> {
    let name = session.run().name(part);
    let request = session
        .ec2
        .describe_route_tables()
        .filters(filter("vpc-id", vpc))
        .filters(filter("tag:Name", &name));
    let mut tables = pages!(session, "ec2:DescribeRouteTables", request, route_tables)?;
    tables.retain(|table| is_named(session.run(), table.tags(), &name));
    tables.sort_by(|a, b| a.route_table_id().cmp(&b.route_table_id()));
    Ok(tables.into_iter().next())
}

/// The token makes this safe to repeat, even by another process: one table per part and VPC.
async fn create(session: &Session, vpc: &str, part: &str) -> Result<String, CallError> {
    let run = session.run();
    let request = session
        .ec2
        .create_route_table()
        .vpc_id(vpc)
        .client_token(session.idempotency_token(&["route table", part, vpc]))
        .tag_specifications(specification(
            run,
            ResourceType::RouteTable,
            &run.name(part),
            &[],
        ));
    let answer = send!(session, "ec2:CreateRouteTable", LAGGING, request)?;
    let id = answer
        .route_table()
        .and_then(|table| table.route_table_id());
    id_of("ec2:CreateRouteTable", id)
}

async fn associate(session: &Session, table: &str, subnet: &str) -> Result<(), CallError> {
    let request = session
        .ec2
        .associate_route_table()
        .route_table_id(table)
        .subnet_id(subnet);
    create_or_adopt(
        session,
        LookupWindows::DEFAULT,
        || associated(session, table, subnet),
        || async { send!(session, "ec2:AssociateRouteTable", LAGGING, request).map(|_| ()) },
        |error| error.cause == Cause::AlreadyExists,
    )
    .await
}

async fn associated(session: &Session, table: &str, subnet: &str) -> Result<Option<()>, CallError> {
    let found = read(session, table).await?;
    let here = found
        .iter()
        .flat_map(RouteTable::associations)
        .any(|association| association.subnet_id() == Some(subnet));
    Ok(here.then_some(()))
}

async fn read(session: &Session, table: &str) -> Result<Option<RouteTable>, CallError> {
    let request = session
        .ec2
        .describe_route_tables()
        .filters(filter("route-table-id", table));
    let tables = pages!(session, "ec2:DescribeRouteTables", request, route_tables)?;
    Ok(tables
        .into_iter()
        .find(|found| found.route_table_id() == Some(table)))
}

/// Routes everything outside the VPC to the target; a route to a dead target is replaced.
///
/// # Errors
/// When a call fails for good.
pub(crate) async fn default_route(
    session: &Session,
    table: &str,
    target: &Target<'_>,
) -> Result<(), CallError> {
    let known = read(session, table).await?;
    let route = known
        .iter()
        .flat_map(RouteTable::routes)
        .find(|route| route.destination_cidr_block() == Some(EVERYWHERE));
    let right = route.is_some_and(|route| match target {
        Target::Internet(id) => route.gateway_id() == Some(*id),
        Target::Nat(id) => route.nat_gateway_id() == Some(*id),
    });
    if right {
        return Ok(());
    }
    if route.is_none() {
        match create_route(session, table, target).await {
            // After a lost answer, or an earlier process: replacing is right in either case.
            Err(error) if error.cause == Cause::AlreadyExists => {}
            other => return other,
        }
    }
    replace_route(session, table, target).await
}

async fn create_route(
    session: &Session,
    table: &str,
    target: &Target<'_>,
) -> Result<(), CallError> {
    let request = session
        .ec2
        .create_route()
        .route_table_id(table)
        .destination_cidr_block(EVERYWHERE);
    let request = match target {
        Target::Internet(id) => request.gateway_id(*id),
        Target::Nat(id) => request.nat_gateway_id(*id),
    };
    send!(session, "ec2:CreateRoute", LAGGING, request)?;
    Ok(())
}

async fn replace_route(
    session: &Session,
    table: &str,
    target: &Target<'_>,
) -> Result<(), CallError> {
    let request = session
        .ec2
        .replace_route()
        .route_table_id(table)
        .destination_cidr_block(EVERYWHERE);
    let request = match target {
        Target::Internet(id) => request.gateway_id(*id),
        Target::Nat(id) => request.nat_gateway_id(*id),
    };
    send!(session, "ec2:ReplaceRoute", LAGGING, request)?;
    Ok(())
}

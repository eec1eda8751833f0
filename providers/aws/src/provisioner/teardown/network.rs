//! The run's VPCs with all that is in them. The VPC is ours, so whatever lives in it goes with it.

use std::time::Duration;

use aws_sdk_ec2::types::{InternetGateway, RouteTable};
use futures::future::join_all;
use futures::join;

use crate::provisioner::names::filter;
use crate::provisioner::pages::pages;
use crate::provisioner::problem::{Problem, gone_is_fine};
use crate::provisioner::retry::Rule;
use crate::provisioner::session::Session;
use crate::provisioner::survey;
use crate::provisioner::teardown::{HOPELESS, Problems, interfaces};

pub(crate) mod groups;

/// Longest wait for what depends on a thing to be gone.
const FREE_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Deletes the run's VPCs, and internet gateways that were never attached. `free` says that nothing
/// is known to stay in them, so that waiting for the rest is worth its time.
pub(crate) async fn delete(session: &Session, free: bool) -> Problems {
    let mut problems = Problems::default();
    if let Some(vpcs) = problems.keep(survey::vpcs(session).await) {
        let contents = join_all(vpcs.iter().map(|vpc| one(session, vpc, free))).await;
        problems = problems.join(contents);
    }
    let gateways = survey::internet_gateways(session).await;
    for gateway in problems.keep(gateways).unwrap_or_default() {
        problems.keep(internet_gateway(session, &gateway, patience(&problems)).await);
    }
    problems
}

fn patience(problems: &Problems) -> Duration {
    if problems.is_empty() {
        FREE_WITHIN
    } else {
        HOPELESS
    }
}

/// Deletes one VPC with all that is in it.
pub(crate) async fn one(session: &Session, vpc: &str, free: bool) -> Problems {
    let mut problems = Problems::default();
    let within = if free {
        interfaces::GONE_WITHIN
    } else {
        HOPELESS
    };
    problems.keep(interfaces::clear(session, vpc, within).await);
    let within = patience(&problems);
    let (tables, groups, gateways) = join!(
        route_tables(session, vpc, within),
        groups::delete(session, vpc, within),
        gateways(session, vpc, within),
    );
    problems = problems.join([tables, groups, gateways]);
    let subnets = subnets(session, vpc, patience(&problems)).await;
    problems = problems.join([subnets]);
    let rule = Rule::delete(patience(&problems));
    problems.keep(delete_vpc(session, vpc, rule).await);
    problems
}

/// Deletes a VPC that is empty; one that is gone already is fine.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn delete_vpc(session: &Session, vpc: &str, rule: Rule) -> Result<(), Problem> {
    let request = session.ec2.delete_vpc().vpc_id(vpc);
    gone_is_fine(
        session
            .send("ec2:DeleteVpc", rule, || request.clone().send())
            .await,
    )
}

async fn route_tables(session: &Session, vpc: &str, within: Duration) -> Problems {
    let mut problems = Problems::default();
    let request = session
        .ec2
        .describe_route_tables()
        .filters(filter("vpc-id", vpc));
    let tables = pages!(session, "ec2:DescribeRouteTables", request, route_tables);
    let tables = problems.keep(tables).unwrap_or_default();
    let deletions = tables
        .iter()
        .map(|table| route_table(session, table, within));
    for result in join_all(deletions).await {
        problems.keep(result);
    }
    problems
}

/// The main table goes with the VPC.
async fn route_table(
    session: &Session,
    table: &RouteTable,
    within: Duration,
) -> Result<(), Problem> {
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
        gone_is_fine(
            session
                .send(call, Rule::SAFE, || request.clone().send())
                .await,
        )?;
    }
    let request = session
        .ec2
        .delete_route_table()
        .route_table_id(table.route_table_id().unwrap_or_default());
    let rule = Rule::delete(within);
    gone_is_fine(
        session
            .send("ec2:DeleteRouteTable", rule, || request.clone().send())
            .await,
    )
}

async fn gateways(session: &Session, vpc: &str, within: Duration) -> Problems {
    let mut problems = Problems::default();
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
    for gateway in problems.keep(gateways).unwrap_or_default() {
        problems.keep(internet_gateway(session, &gateway, within).await);
    }
    problems
}

async fn internet_gateway(
    session: &Session,
    gateway: &InternetGateway,
    within: Duration,
) -> Result<(), Problem> {
    let id = gateway.internet_gateway_id().unwrap_or_default();
    let rule = Rule::delete(within);
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
        gone_is_fine(session.send(call, rule, || request.clone().send()).await)?;
    }
    delete_gateway(session, id, rule).await
}

/// Deletes an internet gateway that is attached to nothing; one that is gone already is fine.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn delete_gateway(session: &Session, id: &str, rule: Rule) -> Result<(), Problem> {
    let request = session
        .ec2
        .delete_internet_gateway()
        .internet_gateway_id(id);
    gone_is_fine(
        session
            .send("ec2:DeleteInternetGateway", rule, || request.clone().send())
            .await,
    )
}

async fn subnets(session: &Session, vpc: &str, within: Duration) -> Problems {
    let mut problems = Problems::default();
    let request = session
        .ec2
        .describe_subnets()
        .filters(filter("vpc-id", vpc));
    let subnets = problems.keep(pages!(session, "ec2:DescribeSubnets", request, subnets));
    let subnets = subnets.unwrap_or_default();
    let deletions = subnets
        .iter()
        .filter_map(|subnet| subnet.subnet_id())
        .map(|id| async move {
            let request = session.ec2.delete_subnet().subnet_id(id);
            let rule = Rule::delete(within);
            gone_is_fine(
                session
                    .send("ec2:DeleteSubnet", rule, || request.clone().send())
                    .await,
            )
        });
    for result in join_all(deletions).await {
        problems.keep(result);
    }
    problems
}

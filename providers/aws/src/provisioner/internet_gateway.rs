//! The internet gateway: found by tag and name or made once, then attached to the VPC.

use aws_sdk_ec2::types::{InternetGateway, ResourceType};
use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt, find_or_create};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};

use crate::provisioner::requests::{LAGGING, ONCE, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{self, filter, filter_any, is_named, specification};
use crate::provisioner::vpc::id_of;

/// Finds or makes the gateway and attaches it.
///
/// # Errors
/// When a call fails for good, or the VPC has another gateway.
pub(crate) async fn ensure(session: &Session, vpc: &str) -> Result<String, CallError> {
    let id = find_or_create(
        session,
        LookupWindows::DEFAULT,
        || find(session),
        || create(session),
    )
    .await?;
    session.record("internet gateway", &id);
    let request = session
        .ec2
        .attach_internet_gateway()
        .internet_gateway_id(&id)
        .vpc_id(vpc);
    create_or_adopt(
        session,
        LookupWindows::DEFAULT,
        || attached(session, &id, vpc),
        || async { send!(session, "ec2:AttachInternetGateway", LAGGING, request).map(|_| ()) },
        |error| error.cause == Cause::AlreadyExists,
    )
    .await?;
    Ok(id)
}

async fn attached(session: &Session, id: &str, vpc: &str) -> Result<Option<()>, CallError> {
    let request = session
        .ec2
        .describe_internet_gateways()
        .filters(filter("internet-gateway-id", id));
    let gateways = pages!(
        session,
        "ec2:DescribeInternetGateways",
        request,
        internet_gateways
    )?;
    let here = gateways
        .iter()
        .flat_map(InternetGateway::attachments)
        .any(|attachment| attachment.vpc_id() == Some(vpc));
    Ok(here.then_some(()))
}

async fn find(session: &Session) -> Result<Option<String>, CallError> {
    let name = session.run().name("");
    let request = session
        .ec2
        .describe_internet_gateways()
        .filters(tags::of_run(session.run()))
        .filters(filter("tag:Name", &name));
    let gateways = pages!(
        session,
        "ec2:DescribeInternetGateways",
        request,
        internet_gateways
    )?;
    let mut ids: Vec<&str> = gateways
        .iter()
        .filter(|gateway| is_named(session.run(), gateway.tags(), &name))
        .filter_map(|gateway| gateway.internet_gateway_id())
        .collect();
    ids.sort_unstable();
    Ok(ids.first().map(|id| (*id).to_owned()))
}

async fn create(session: &Session) -> Result<String, CallError> {
    let run = session.run();
    let tags = specification(run, ResourceType::InternetGateway, &run.name(""), &[]);
    let request = session
        .ec2
        .create_internet_gateway()
        .tag_specifications(tags);
    let answer = send!(session, "ec2:CreateInternetGateway", ONCE, request)?;
    let id = answer
        .internet_gateway()
        .and_then(|gateway| gateway.internet_gateway_id());
    id_of("ec2:CreateInternetGateway", id)
}

/// The run's internet gateways.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn of_run(session: &Session) -> Result<Vec<InternetGateway>, CallError> {
    let request = session
        .ec2
        .describe_internet_gateways()
        .filters(tags::of_run(session.run()));
    let call = "ec2:DescribeInternetGateways";
    pages!(session, call, request, internet_gateways)
}

/// The internet gateways with any of these values.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn any(
    session: &Session,
    by: &str,
    values: &[String],
) -> Result<Vec<InternetGateway>, CallError> {
    let by = filter_any(by, values);
    let request = session.ec2.describe_internet_gateways().filters(by);
    let call = "ec2:DescribeInternetGateways";
    pages!(session, call, request, internet_gateways)
}

/// Deletes an unattached internet gateway; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn delete(
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

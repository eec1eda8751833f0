//! The VPC: found by tag and name, or made once.
//!
//! It has neither a token nor a unique name, so a blind repetition makes a duplicate.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType};
use futures::join;
use kubeproof_cloudkit::create::{LookupWindows, find_or_create};
use kubeproof_cloudkit::error::{both, ignore_not_found};
use kubeproof_cloudkit::{Applied, CallError, RetryPolicy};

use crate::provisioner::requests::{LAGGING, ONCE, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags;
use crate::provisioner::tags::{filter, of_run, specification};

/// Finds or makes the VPC, with DNS names for its hosts, which EKS needs.
///
/// # Errors
/// When a call fails for good.
pub(crate) async fn ensure(session: &Session) -> Result<String, CallError> {
    let id = find_or_create(
        session,
        LookupWindows::DEFAULT,
        || find(session),
        || create(session),
    )
    .await?;
    session.record("vpc", &id);
    both(join!(
        dns_support(session, &id),
        dns_hostnames(session, &id)
    ))?;
    Ok(id)
}

/// The VPC of the run, by one listing.
///
/// # Errors
/// When the listing fails.
async fn find(session: &Session) -> Result<Option<String>, CallError> {
    let name = session.run().name("");
    let request = session
        .ec2
        .describe_vpcs()
        .filters(of_run(session.run()))
        .filters(filter("tag:Name", &name));
    let vpcs = pages!(session, "ec2:DescribeVpcs", request, vpcs)?;
    let mut ids: Vec<&str> = vpcs
        .iter()
        .filter(|vpc| tags::is_named(session.run(), vpc.tags(), &name))
        .filter_map(|vpc| vpc.vpc_id())
        .collect();
    ids.sort_unstable();
    Ok(ids.first().map(|id| (*id).to_owned()))
}

/// Makes a VPC, whatever exists already.
///
/// # Errors
/// When the call fails or its outcome is unknown.
async fn create(session: &Session) -> Result<String, CallError> {
    let name = session.run().name("");
    let request = session
        .ec2
        .create_vpc()
        .cidr_block(session.spec.vpc_cidr.0.to_string())
        .tag_specifications(specification(session.run(), ResourceType::Vpc, &name, &[]));
    let answer = send!(session, "ec2:CreateVpc", ONCE, request)?;
    id_of("ec2:CreateVpc", answer.vpc().and_then(|vpc| vpc.vpc_id()))
}

/// Ids of the run's VPCs.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn list(session: &Session) -> Result<Vec<String>, CallError> {
    let request = session.ec2.describe_vpcs().filters(of_run(session.run()));
    let vpcs = pages!(session, "ec2:DescribeVpcs", request, vpcs)?;
    let ids = vpcs.iter().filter_map(|vpc| vpc.vpc_id());
    Ok(ids.map(str::to_owned).collect())
}

/// Deletes an empty VPC; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn delete(
    session: &Session,
    id: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let request = session.ec2.delete_vpc().vpc_id(id);
    ignore_not_found(send!(session, "ec2:DeleteVpc", policy, request))
}

async fn dns_support(session: &Session, vpc: &str) -> Result<(), CallError> {
    let on = AttributeBooleanValue::builder().value(true).build();
    let request = session
        .ec2
        .modify_vpc_attribute()
        .vpc_id(vpc)
        .enable_dns_support(on);
    send!(session, "ec2:ModifyVpcAttribute", LAGGING, request)?;
    Ok(())
}

async fn dns_hostnames(session: &Session, vpc: &str) -> Result<(), CallError> {
    let on = AttributeBooleanValue::builder().value(true).build();
    let request = session
        .ec2
        .modify_vpc_attribute()
        .vpc_id(vpc)
        .enable_dns_hostnames(on);
    send!(session, "ec2:ModifyVpcAttribute", LAGGING, request)?;
    Ok(())
}

/// The id in an answer. An answer without one counts as lost.
///
/// # Errors
/// When there is none.
pub(crate) fn id_of(call: &str, id: Option<&str>) -> Result<String, CallError> {
    let lost = || CallError::no_answer(call, "the answer holds no id", Applied::Unknown);
    id.map(str::to_owned).ok_or_else(lost)
}

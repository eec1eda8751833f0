//! The elastic addresses of the NAT gateways: found by tag and name, or allocated once.
//!
//! An address is billed from its allocation on, whether it is used or not.

use aws_sdk_ec2::types::{Address, DomainType, ResourceType};
use kubeproof_cloudkit::create::{LookupWindows, find_or_create};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::requests::{IDEMPOTENT, ONCE, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{filter, is_named, of_run, specification};
use crate::provisioner::vpc::id_of;

/// Finds or allocates the address of this part; the allocation id.
///
/// # Errors
/// When a call fails for good.
pub(crate) async fn ensure(session: &Session, part: &str) -> Result<String, CallError> {
    let id = find_or_create(
        session,
        LookupWindows::DEFAULT,
        || find(session, part),
        || allocate(session, part),
    )
    .await?;
    session.record(format!("elastic address {part}"), &id);
    Ok(id)
}

/// The address of this part, by one listing.
///
/// # Errors
/// When the listing fails.
async fn find(session: &Session, part: &str) -> Result<Option<String>, CallError> {
    let name = session.run().name(part);
    // This call has no pages.
    let request = session
        .ec2
        .describe_addresses()
        .filters(of_run(session.run()))
        .filters(filter("tag:Name", &name));
    let answer = send!(session, "ec2:DescribeAddresses", IDEMPOTENT, request)?;
    let mut ids: Vec<&str> = answer
        .addresses()
        .iter()
        .filter(|address| is_named(session.run(), address.tags(), &name))
        .filter_map(|address| address.allocation_id())
        .collect();
    ids.sort_unstable();
    Ok(ids.first().map(|id| (*id).to_owned()))
}

/// Allocates an address, whatever exists already.
///
/// # Errors
/// When the call fails or its outcome is unknown.
async fn allocate(session: &Session, part: &str) -> Result<String, CallError> {
    let run = session.run();
    let tags = specification(run, ResourceType::ElasticIp, &run.name(part), &[]);
    let request = session
        .ec2
        .allocate_address()
        .domain(DomainType::Vpc)
        .tag_specifications(tags);
    let answer = send!(session, "ec2:AllocateAddress", ONCE, request)?;
    id_of("ec2:AllocateAddress", answer.allocation_id())
}

/// The run's elastic addresses.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn all(session: &Session) -> Result<Vec<Address>, CallError> {
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
pub(crate) async fn ids(session: &Session) -> Result<Vec<String>, CallError> {
    let all = all(session).await?;
    let ids = all.iter().filter_map(|address| address.allocation_id());
    Ok(ids.map(str::to_owned).collect())
}

/// Releases an address; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn release(
    session: &Session,
    id: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let request = session.ec2.release_address().allocation_id(id);
    ignore_not_found(send!(session, "ec2:ReleaseAddress", policy, request))
}

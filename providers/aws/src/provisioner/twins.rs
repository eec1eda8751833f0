//! Twins of what has neither a token nor a natural key: found at the end of a provision, and removed.
//!
//! Apart from adoption, which prevents twins as far as anybody can: a request of a process that has died
//! may be carried out after its successor has looked. It shows minutes later, and is billed if it is an
//! address. The cloud itself guards this: it refuses to delete what is in use (EC2 API reference:
//! DeleteVpc, ReleaseAddress, DeleteInternetGateway).

use std::future::Future;

use futures::future::join_all;
use futures::join;

use crate::provisioner::names::of_run;
use crate::provisioner::pages::pages;
use crate::provisioner::problem::{Problem, all};
use crate::provisioner::retry::Rule;
use crate::provisioner::session::Session;
use crate::provisioner::survey;

/// Removes twins, when there may be any.
///
/// # Errors
/// When they cannot be listed, or one cannot be removed.
pub(crate) async fn remove(session: &Session) -> Result<(), Problem> {
    if !session.twins_possible() {
        return Ok(());
    }
    let made = session.made();
    let Some(used) = made.get("vpc") else {
        return Ok(());
    };
    let (vpcs, addresses, gateways) =
        join!(vpcs(session, used), addresses(session), gateways(session));
    all([vpcs, addresses, gateways].into()).map(|_| ())
}

/// Other VPCs of the run. One that something was put into is refused, and that is an error: it is no
/// late twin, so somebody has to look.
async fn vpcs(session: &Session, used: &str) -> Result<(), Problem> {
    let vpcs = survey::vpcs(session).await?;
    let twins = vpcs.iter().filter(|id| *id != used).map(|id| {
        let request = session.ec2.delete_vpc().vpc_id(id);
        gone(async move {
            session
                .send("ec2:DeleteVpc", Rule::SAFE, || request.clone().send())
                .await
                .map(|_| ())
        })
    });
    all(join_all(twins).await).map(|_| ())
}

/// Addresses of the run that nothing holds: by now every gateway holds its own.
async fn addresses(session: &Session) -> Result<(), Problem> {
    let request = session
        .ec2
        .describe_addresses()
        .filters(of_run(session.run()));
    let answer = session
        .send("ec2:DescribeAddresses", Rule::SAFE, || {
            request.clone().send()
        })
        .await?;
    let idle = answer.addresses().iter().filter_map(|address| {
        let held = address.association_id().is_some();
        address.allocation_id().filter(|_| !held)
    });
    let releases = idle.map(|id| {
        let request = session.ec2.release_address().allocation_id(id);
        unless_held(async move {
            session
                .send("ec2:ReleaseAddress", Rule::SAFE, || request.clone().send())
                .await
                .map(|_| ())
        })
    });
    all(join_all(releases).await).map(|_| ())
}

/// Internet gateways of the run that are attached to nothing.
async fn gateways(session: &Session) -> Result<(), Problem> {
    let request = session
        .ec2
        .describe_internet_gateways()
        .filters(of_run(session.run()));
    let gateways = pages!(
        session,
        "ec2:DescribeInternetGateways",
        request,
        internet_gateways
    )?;
    let idle = gateways.iter().filter_map(|gateway| {
        let free = gateway.attachments().is_empty();
        gateway.internet_gateway_id().filter(|_| free)
    });
    let deletions = idle.map(|id| {
        let request = session
            .ec2
            .delete_internet_gateway()
            .internet_gateway_id(id);
        unless_held(async move {
            session
                .send("ec2:DeleteInternetGateway", Rule::SAFE, || {
                    request.clone().send()
                })
                .await
                .map(|_| ())
        })
    });
    all(join_all(deletions).await).map(|_| ())
}

/// Gone already is what it should be.
async fn gone(deletion: impl Future<Output = Result<(), Problem>>) -> Result<(), Problem> {
    match deletion.await {
        Err(problem) if problem.is_not_found() => Ok(()),
        other => other,
    }
}

/// What the read showed as idle may be held by now, or the read was stale: then it is no twin.
async fn unless_held(deletion: impl Future<Output = Result<(), Problem>>) -> Result<(), Problem> {
    match gone(deletion).await {
        Err(problem) if problem.is_in_use() => Ok(()),
        other => other,
    }
}

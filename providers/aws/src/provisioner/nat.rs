//! The NAT gateways: one per zone, made with a token, waited for, and made again after a failure.
//!
//! A failed or deleted gateway stays visible for about an hour and keeps its token, so the token of the next one is
//! derived from the dead ones too.

use std::time::Duration;

use aws_sdk_ec2::types::{ConnectivityType, NatGateway, NatGatewayState, ResourceType};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, poll_until};
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::requests::{LAGGING, pages, send};
use crate::provisioner::schedules::{self, is_stuck};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{filter, is_named, of_run, specification};
use crate::provisioner::vpc::id_of;

/// Longest wait for a gateway to become available: it takes 1 to 3 minutes.
const AVAILABLE_WITHIN: Duration = Duration::from_mins(10);
/// Longest wait for a gateway to be deleted: it takes 1 to 2 minutes.
pub(crate) const DELETED_WITHIN: Duration = Duration::from_mins(15);

/// Finds or makes the gateway of this part in a subnet, and waits until it is available.
///
/// # Errors
/// When a call fails for good, or the gateway fails: the next attempt then makes it again.
pub(crate) async fn ensure(
    session: &Session,
    part: &str,
    subnet: &str,
    address: &str,
) -> Result<String, CallError> {
    let known = list(session, part).await?;
    let alive = known.iter().find(|gateway| match gateway.state() {
        Some(NatGatewayState::Available) => true,
        Some(NatGatewayState::Pending) => {
            !is_stuck(session, gateway.create_time(), AVAILABLE_WITHIN)
        }
        _ => false,
    });
    let id = match alive.and_then(|gateway| gateway.nat_gateway_id()) {
        Some(id) => id.to_owned(),
        None => {
            clear(session, &known).await?;
            create(session, part, subnet, address, &known).await?
        }
    };
    session.record(format!("NAT gateway {part}"), &id);
    poll_until(
        session,
        schedules::NAT,
        AVAILABLE_WITHIN,
        &format!("NAT gateway {id}"),
        || async { Ok(poll_state(state(session, &id).await?.as_ref())) },
    )
    .await?;
    Ok(id)
}

/// Deletes failed and stuck gateways and waits for those that are being deleted, because they hold the address.
async fn clear(session: &Session, known: &[NatGateway]) -> Result<(), CallError> {
    for gateway in known {
        let Some(id) = gateway.nat_gateway_id() else {
            continue;
        };
        match gateway.state() {
            Some(NatGatewayState::Failed | NatGatewayState::Pending) => {
                let policy = RetryPolicy::while_in_use(DELETED_WITHIN);
                remove(session, id.to_owned(), policy).await?;
            }
            Some(NatGatewayState::Deleting) => gone(session, id).await?,
            _ => {}
        }
    }
    Ok(())
}

fn poll_state(gateway: Option<&NatGateway>) -> Poll<()> {
    let Some(gateway) = gateway else {
        return Poll::Pending("not visible yet".to_owned());
    };
    match gateway.state() {
        Some(NatGatewayState::Available) => Poll::Ready(()),
        Some(NatGatewayState::Failed) => Poll::Failed(format!(
            "it failed: {}: {}; the next attempt deletes it and makes it again",
            gateway.failure_code().unwrap_or("no code"),
            gateway.failure_message().unwrap_or("no message")
        )),
        Some(NatGatewayState::Deleting | NatGatewayState::Deleted) => {
            Poll::Failed("someone deleted it".to_owned())
        }
        other => Poll::Pending(other.map_or("unknown", NatGatewayState::as_str).to_owned()),
    }
}

/// All gateways of this part, dead ones too, in a fixed order.
async fn list(session: &Session, part: &str) -> Result<Vec<NatGateway>, CallError> {
    let name = session.run().name(part);
    let request = session
        .ec2
        .describe_nat_gateways()
        .filter(of_run(session.run()))
        .filter(filter("tag:Name", &name));
    let mut gateways = pages!(session, "ec2:DescribeNatGateways", request, nat_gateways)?;
    gateways.retain(|gateway| is_named(session.run(), gateway.tags(), &name));
    gateways.sort_by(|a, b| a.nat_gateway_id().cmp(&b.nat_gateway_id()));
    Ok(gateways)
}

/// Ids of the run's NAT gateways, failed ones included; deleted ones, which stay visible, are left out.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn list_all(session: &Session) -> Result<Vec<String>, CallError> {
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

async fn state(session: &Session, id: &str) -> Result<Option<NatGateway>, CallError> {
    let request = session
        .ec2
        .describe_nat_gateways()
        .filter(filter("nat-gateway-id", id));
    let gateways = pages!(session, "ec2:DescribeNatGateways", request, nat_gateways)?;
    Ok(gateways
        .into_iter()
        .find(|gateway| gateway.nat_gateway_id() == Some(id)))
}

async fn create(
    session: &Session,
    part: &str,
    subnet: &str,
    address: &str,
    dead: &[NatGateway],
) -> Result<String, CallError> {
    let run = session.run();
    let mut parts = vec![part, subnet, address];
    parts.extend(dead.iter().filter_map(|gateway| gateway.nat_gateway_id()));
    let request = session
        .ec2
        .create_nat_gateway()
        .subnet_id(subnet)
        .allocation_id(address)
        .connectivity_type(ConnectivityType::Public)
        .client_token(session.idempotency_token(&parts))
        .tag_specifications(specification(
            run,
            ResourceType::Natgateway,
            &run.name(part),
            &[],
        ));
    let answer = send!(session, "ec2:CreateNatGateway", LAGGING, request)?;
    let id = answer
        .nat_gateway()
        .and_then(|gateway| gateway.nat_gateway_id());
    id_of("ec2:CreateNatGateway", id)
}

/// Deletes a gateway, and waits until it is deleted; success when it is gone already.
///
/// # Errors
/// When the call fails for good, or it is not deleted in time.
pub(crate) async fn remove(
    session: &Session,
    id: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let request = session.ec2.delete_nat_gateway().nat_gateway_id(&id);
    ignore_not_found(send!(session, "ec2:DeleteNatGateway", policy, request))?;
    gone(session, &id).await
}

/// Waits until a gateway is deleted. Its record stays visible for about an hour.
async fn gone(session: &Session, id: &str) -> Result<(), CallError> {
    poll_until(
        session,
        schedules::NAT,
        DELETED_WITHIN,
        &format!("deletion of NAT gateway {id}"),
        || async {
            Ok(match state(session, id).await? {
                None => Poll::Ready(()),
                Some(gateway) => match gateway.state() {
                    Some(NatGatewayState::Deleted) => Poll::Ready(()),
                    other => {
                        Poll::Pending(other.map_or("unknown", NatGatewayState::as_str).to_owned())
                    }
                },
            })
        },
    )
    .await
}

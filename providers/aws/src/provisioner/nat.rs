//! The NAT gateways: one per zone, made with a token, waited for, and made again after a failure.
//!
//! A failed or deleted gateway stays visible for about an hour and keeps its token, so the token of
//! the next one is derived from the dead ones too.

use std::time::Duration;

use aws_sdk_ec2::types::{ConnectivityType, NatGateway, NatGatewayState, ResourceType};

use crate::provisioner::names::{filter, is_named, of_run, specification};
use crate::provisioner::pages::pages;
use crate::provisioner::problem::{Problem, gone_is_fine};
use crate::provisioner::retry::Rule;
use crate::provisioner::session::Session;
use crate::provisioner::vpc::id_of;
use crate::provisioner::wait::{Pace, Seen, is_stuck, until};

/// Longest wait for a gateway to become available: it takes 1 to 3 minutes.
const AVAILABLE_WITHIN: Duration = Duration::from_secs(600);
/// Longest wait for a gateway to be deleted: it takes 1 to 2 minutes.
pub(crate) const DELETED_WITHIN: Duration = Duration::from_secs(900);

/// Finds or makes the gateway of this part in a subnet, and waits until it is available.
///
/// # Errors
/// When a call fails for good, or the gateway fails: the next attempt then makes it again.
pub(crate) async fn ensure(
    session: &Session,
    part: &str,
    subnet: &str,
    address: &str,
) -> Result<String, Problem> {
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
    session.note(format!("NAT gateway {part}"), &id);
    until(
        session,
        Pace::NAT,
        AVAILABLE_WITHIN,
        &format!("NAT gateway {id}"),
        || async { Ok(seen(state(session, &id).await?.as_ref())) },
    )
    .await?;
    Ok(id)
}

/// Deletes failed and stuck gateways and waits for those that are being deleted: they hold the
/// address.
async fn clear(session: &Session, known: &[NatGateway]) -> Result<(), Problem> {
    for gateway in known {
        let Some(id) = gateway.nat_gateway_id() else {
            continue;
        };
        match gateway.state() {
            Some(NatGatewayState::Failed | NatGatewayState::Pending) => delete(session, id).await?,
            Some(NatGatewayState::Deleting) => {}
            _ => continue,
        }
        gone(session, id).await?;
    }
    Ok(())
}

fn seen(gateway: Option<&NatGateway>) -> Seen<()> {
    let Some(gateway) = gateway else {
        return Seen::Waiting("not visible yet".to_owned());
    };
    match gateway.state() {
        Some(NatGatewayState::Available) => Seen::Done(()),
        Some(NatGatewayState::Failed) => Seen::Failed(format!(
            "it failed: {}: {}; the next attempt deletes it and makes it again",
            gateway.failure_code().unwrap_or("no code"),
            gateway.failure_message().unwrap_or("no message")
        )),
        Some(NatGatewayState::Deleting | NatGatewayState::Deleted) => {
            Seen::Failed("someone deleted it".to_owned())
        }
        other => Seen::Waiting(other.map_or("unknown", NatGatewayState::as_str).to_owned()),
    }
}

/// All gateways of this part, dead ones too, in a fixed order.
async fn list(session: &Session, part: &str) -> Result<Vec<NatGateway>, Problem> {
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

async fn state(session: &Session, id: &str) -> Result<Option<NatGateway>, Problem> {
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
) -> Result<String, Problem> {
    let run = session.run();
    let mut parts = vec![part, subnet, address];
    parts.extend(dead.iter().filter_map(|gateway| gateway.nat_gateway_id()));
    let request = session
        .ec2
        .create_nat_gateway()
        .subnet_id(subnet)
        .allocation_id(address)
        .connectivity_type(ConnectivityType::Public)
        .client_token(session.token(&parts))
        .tag_specifications(specification(
            run,
            ResourceType::Natgateway,
            &run.name(part),
            &[],
        ));
    let answer = session
        .send("ec2:CreateNatGateway", Rule::LAGGING, || {
            request.clone().send()
        })
        .await?;
    let id = answer
        .nat_gateway()
        .and_then(|gateway| gateway.nat_gateway_id());
    id_of("ec2:CreateNatGateway", id)
}

/// Asks for the deletion of a gateway; one that is gone already is fine.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn delete(session: &Session, id: &str) -> Result<(), Problem> {
    let request = session.ec2.delete_nat_gateway().nat_gateway_id(id);
    let rule = Rule::delete(DELETED_WITHIN);
    gone_is_fine(
        session
            .send("ec2:DeleteNatGateway", rule, || request.clone().send())
            .await,
    )
}

/// Waits until a gateway is deleted. Its record stays visible for about an hour.
///
/// # Errors
/// When it is not deleted in time.
pub(crate) async fn gone(session: &Session, id: &str) -> Result<(), Problem> {
    until(
        session,
        Pace::NAT,
        DELETED_WITHIN,
        &format!("deletion of NAT gateway {id}"),
        || async {
            Ok(match state(session, id).await? {
                None => Seen::Done(()),
                Some(gateway) => match gateway.state() {
                    Some(NatGatewayState::Deleted) => Seen::Done(()),
                    other => {
                        Seen::Waiting(other.map_or("unknown", NatGatewayState::as_str).to_owned())
                    }
                },
            })
        },
    )
    .await
}

//! Capacity reservations: billed at the full price of what they reserve, used or not.
//!
//! `expired`, `cancelled` and `failed` ones stay visible and are gone.

use super::entry::{Entry, month_of_hours, property};
use crate::observer::clients::{Clients, deleted, pages};
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::{Kind, ListResult};

/// All capacity reservations that are not over.
pub const KIND: Kind = Kind::regional("capacity_reservation", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .ec2
        .describe_capacity_reservations()
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeCapacityReservations", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_ec2::operation::describe_capacity_reservations::DescribeCapacityReservationsOutput::capacity_reservations);
    Ok(all
        .filter(|reservation| !matches!(state(reservation), "expired" | "cancelled" | "failed"))
        .map(|reservation| entry(clients, reservation))
        .collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .cancel_capacity_reservation()
        .capacity_reservation_id(&resource.id)
        .send();
    deleted("ec2:CancelCapacityReservation", call.await)
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    let count: Decimal = property(resource, "count").parse().ok()?;
    month_of_hours(
        resource.scope.as_str(),
        "instance",
        property(resource, "instance_type"),
    )
    .map(|usd| usd * count)
}

fn entry(clients: &Clients, reservation: &aws_sdk_ec2::types::CapacityReservation) -> Resource {
    Entry::new(
        "capacity_reservation",
        reservation.capacity_reservation_id(),
        &clients.region,
    )
    .ec2_tags(reservation.tags())
    .state(Some(state(reservation)))
    .created(reservation.create_date())
    .property("instance_type", reservation.instance_type())
    .property("count", reservation.total_instance_count())
    .done()
}

fn state(reservation: &aws_sdk_ec2::types::CapacityReservation) -> &str {
    reservation.state().map_or("", |state| state.as_str())
}

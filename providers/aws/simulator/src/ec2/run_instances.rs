//! `RunInstances`: a caller's own instances, as many as there is room for and at least as many as asked.
//!
//! What an instance runs is not simulated: one that is told by its user data to join a cluster never does.

use crate::ec2::describe::need;
use crate::ec2::instances::{self, Instance, NewInstance};
use crate::ec2::{Operations, errors, idempotency, instance_xml, launch_order};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// Most instances of one call: the quotas end long before.
const COUNT_MAX: i64 = 1000;

/// The operation.
pub const OPERATIONS: Operations = &[("RunInstances", run)];

fn run(state: &mut State, call: &Call) -> Outcome {
    if let Some(id) = idempotency::earlier::<Instance>(state, call)? {
        let reservation = need::<Instance>(state, &id)?.reservation_id.clone();
        return Ok(answer(state, &reservation));
    }
    let (least, most) = counts(call)?;
    let (params, template) = launch_order::with_template(state, &call.params)?;
    let order = launch_order::read(state, &params, &template)?;
    if call.injected.take_capacity() {
        return Err(no_capacity(state, &order));
    }
    let most = if call.injected.take_partial() {
        least
    } else {
        most
    };
    let launched = launch(state, &order, (least, most))?;
    let first = launched.first().cloned().unwrap_or_default();
    idempotency::remember(state, call, &first)?;
    let reservation = need::<Instance>(state, &first)?.reservation_id.clone();
    Ok(answer(state, &reservation))
}

fn counts(call: &Call) -> Result<(i64, i64), AwsError> {
    call.params.need("MinCount")?;
    call.params.need("MaxCount")?;
    let least = call.params.number("MinCount")?.unwrap_or(1);
    let most = call.params.number("MaxCount")?.unwrap_or(1);
    if least < 1 || most < least || most > COUNT_MAX {
        let message = format!("Invalid count: minCount {least}, maxCount {most}");
        return Err(errors::value(message));
    }
    Ok((least, most))
}

/// Launches up to `most` instances in one reservation; if fewer than `least` can be launched, none is.
///
/// # Errors
/// EC2's, for the first instance that it refuses.
pub fn launch(
    state: &mut State,
    order: &NewInstance,
    (least, most): (i64, i64),
) -> Result<Vec<String>, AwsError> {
    let before = (most > 1).then(|| state.clone());
    let mut launched = Vec::new();
    for _ in 0..most {
        match instances::run_internal(state, order.clone()) {
            Ok(id) => launched.push(id),
            Err(refused) if i64::try_from(launched.len()).is_ok_and(|count| count < least) => {
                if let Some(before) = before {
                    *state = before;
                }
                return Err(refused);
            }
            Err(_) => break,
        }
    }
    let first = launched.first().and_then(|id| state.ec2.instances.get(id));
    let reservation = first
        .map(|one| one.reservation_id.clone())
        .unwrap_or_default();
    for id in &launched {
        if let Some(instance) = state.ec2.instances.get_mut(id) {
            instance.reservation_id.clone_from(&reservation);
        }
    }
    Ok(launched)
}

/// The message is EC2's (kubernetes-sigs/cluster-api-provider-aws#4038 and others quote it).
pub fn no_capacity(state: &State, order: &NewInstance) -> AwsError {
    let zone = crate::ec2::subnets::get(state, &order.subnet_id).map_or("", |subnet| &subnet.zone);
    let message = format!(
        "We currently do not have sufficient {} capacity in the Availability Zone you requested ({zone}). Our system \
         will be working on provisioning additional capacity.",
        order.instance_type
    );
    AwsError::new(500, "InsufficientInstanceCapacity", message)
}

fn answer(state: &State, reservation: &str) -> Answer {
    let all = state.ec2.instances.all();
    let own: Vec<&Instance> = all
        .filter(|one| one.reservation_id == reservation)
        .collect();
    Answer::Xml(instance_xml::reservation(state, &own))
}

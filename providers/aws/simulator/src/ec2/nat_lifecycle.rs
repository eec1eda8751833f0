//! The lifecycle of a NAT gateway: how its creation and deletion end, and what it holds meanwhile.
//!
//! Everything here happens later than the call that caused it.

use std::time::Duration;

use kubeproof_simkit::injected::AsyncFault;

use crate::billing;
use crate::ec2::interfaces::{self, NewInterface};
use crate::ec2::nat_gateways::{GatewayAddresses, Stage};
use crate::ec2::store::Tags;
use crate::ec2::{Event, addresses, internet_gateways};
use crate::state::{self, State};
use crate::wire::call::Call;

/// What happens to a gateway.
#[derive(Clone, Debug)]
pub enum Step {
    /// It becomes available.
    Ready,
    /// It fails: code and message.
    Fails(String, String),
    Deleted,
    /// Its deletion fails: it is available again.
    Returns,
    /// Its record disappears.
    Forgotten,
}

/// Takes interface and address, and schedules the end of the creation.
pub(super) fn begin(state: &mut State, call: &Call, id: &str) {
    let wait = state.durations.nat_create;
    if let Some((code, message)) = obstacle(state, id).or_else(|| take(state, id).err()) {
        // A gateway that cannot be created fails well before a good one is ready.
        return plan(state, id, wait / 4, Step::Fails(code, message));
    }
    match call.injected.take_async() {
        None => plan(state, id, wait, Step::Ready),
        Some(AsyncFault::Late(times)) => plan(state, id, wait * *times, Step::Ready),
        Some(AsyncFault::Stuck) => {}
        Some(AsyncFault::Fail(code)) => {
            let code = code.clone().unwrap_or_else(|| "InternalError".to_owned());
            let message = "Network interface is in an invalid state: injected fault".to_owned();
            plan(state, id, wait / 2, Step::Fails(code, message));
        }
    }
}

/// Why the creation of this gateway must fail, if it must.
fn obstacle(state: &State, id: &str) -> Option<(String, String)> {
    let gateway = state.ec2.nat_gateways.get(id)?;
    if gateway.connectivity != "public" {
        return None;
    }
    if !internet_gateways::is_attached_to(state, &gateway.vpc_id) {
        let message = format!(
            "Network {} has no Internet gateway attached",
            gateway.vpc_id
        );
        return Some(("Gateway.NotAttached".to_owned(), message));
    }
    let address = state.ec2.addresses.get(gateway.allocation_id.as_ref()?)?;
    address.association.is_some().then(|| {
        let message = format!(
            "Elastic IP address [{}] is already associated",
            address.meta.id
        );
        ("Resource.AlreadyAssociated".to_owned(), message)
    })
}

fn take(state: &mut State, id: &str) -> Result<(), (String, String)> {
    let Some(gateway) = state.ec2.nat_gateways.get(id).cloned() else {
        return Ok(());
    };
    let new = NewInterface {
        subnet_id: gateway.subnet_id,
        description: format!("Interface for NAT Gateway {id}"),
        interface_type: "nat_gateway".to_owned(),
        requester_managed: true,
        group_ids: Vec::new(),
        tags: Tags::new(),
        instance_id: None,
        delete_on_termination: false,
    };
    let interface_id =
        interfaces::create(state, new).map_err(|error| (error.code, error.message))?;
    let association_id = gateway
        .allocation_id
        .map(|address| addresses::associate(state, &address, &interface_id));
    let Some(interface) = state.ec2.interfaces.get(&interface_id) else {
        return Ok(());
    };
    let held = GatewayAddresses {
        private_ip: interface.private_ip.to_string(),
        public_ip: interface
            .public
            .as_ref()
            .map(|public| public.ip.to_string()),
        interface_id,
        association_id,
    };
    if let Some(gateway) = state.ec2.nat_gateways.get_mut(id) {
        gateway.held = Some(held);
    }
    Ok(())
}

fn plan(state: &mut State, id: &str, wait: Duration, step: Step) {
    state.after(
        wait,
        state::Event::Ec2(Event::NatGateway(id.to_owned(), step)),
    );
}

/// Begins to delete a gateway. A repeated deletion gets the same answer and changes nothing.
pub(super) fn begin_end(state: &mut State, call: &Call, id: &str) {
    let wait = state.durations.nat_delete;
    match state.ec2.nat_gateways.get(id).map(|gateway| gateway.stage) {
        None | Some(Stage::Deleting | Stage::Deleted) => {}
        Some(Stage::Failed) => end(state, id),
        Some(Stage::Pending | Stage::Available) => {
            set(state, id, Stage::Deleting);
            match call.injected.take_async() {
                None => plan(state, id, wait, Step::Deleted),
                Some(AsyncFault::Late(times)) => plan(state, id, wait * *times, Step::Deleted),
                Some(AsyncFault::Fail(_)) => plan(state, id, wait, Step::Returns),
                Some(AsyncFault::Stuck) => {}
            }
        }
    }
}

/// Applies a step, if it still fits the gateway's state.
pub fn happen(state: &mut State, id: &str, step: Step) {
    let Some(gateway) = state.ec2.nat_gateways.get_mut(id) else {
        return;
    };
    match (step, gateway.stage) {
        (Step::Ready, Stage::Pending) => {
            gateway.stage = Stage::Available;
            meter(state, id);
        }
        (Step::Fails(code, message), Stage::Pending) => {
            gateway.stage = Stage::Failed;
            gateway.failure = Some((code, message));
            let_go(state, id);
            // A failed gateway is deleted by AWS itself after about an hour.
            plan(state, id, state.durations.nat_visible, Step::Forgotten);
        }
        (Step::Deleted, Stage::Deleting) => end(state, id),
        (Step::Returns, Stage::Deleting) => {
            gateway.stage = Stage::Available;
            // Its billing continued meanwhile, unless it was deleted before it was ever available.
            if state.meter.open(id).is_none() {
                meter(state, id);
            }
        }
        (Step::Forgotten, Stage::Failed | Stage::Deleted) => {
            state.ec2.nat_gateways.remove(id);
        }
        _ => {}
    }
}

fn set(state: &mut State, id: &str, stage: Stage) {
    if let Some(gateway) = state.ec2.nat_gateways.get_mut(id) {
        gateway.stage = stage;
    }
}

fn meter(state: &mut State, id: &str) {
    let Some(gateway) = state.ec2.nat_gateways.get(id) else {
        return;
    };
    let tags = gateway.meta.tags.clone();
    let run = billing::run_of(&tags);
    billing::usage::nat_gateway(state, id, &tags, run.as_deref());
}

fn end(state: &mut State, id: &str) {
    let now = state.now;
    if let Some(gateway) = state.ec2.nat_gateways.get_mut(id) {
        gateway.stage = Stage::Deleted;
        gateway.deleted_at = Some(now);
    }
    let_go(state, id);
    billing::usage::stop(state, id);
    plan(state, id, state.durations.nat_visible, Step::Forgotten);
}

fn let_go(state: &mut State, id: &str) {
    let held = state
        .ec2
        .nat_gateways
        .get(id)
        .and_then(|gateway| gateway.held.clone());
    if let Some(held) = held {
        interfaces::delete_internal(state, &held.interface_id);
    }
}

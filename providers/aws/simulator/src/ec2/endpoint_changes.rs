//! What changes a VPC endpoint after its creation: its subnets, tables, groups and policy, and its deletion.

use crate::billing::usage;
use crate::ec2::describe::{need, need_param};
use crate::ec2::endpoints::{self, Endpoint, OPEN, Stage};
use crate::ec2::security_groups::SecurityGroup;
use crate::ec2::{Event, errors, interfaces};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Answer, Outcome, returned};
use crate::wire::xml::Node;

pub(super) fn modify(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Endpoint>(state, call, "VpcEndpointId")?;
    let vpc_id = need::<Endpoint>(state, &id)?.vpc_id.clone();
    let tables = endpoints::tables(state, call, "AddRouteTableId", &vpc_id)?;
    let groups = call.params.list("AddSecurityGroupId");
    for group in &groups {
        need::<SecurityGroup>(state, group)?;
    }
    let left = call.params.list("RemoveSubnetId");
    leave(state, &id, &left);
    for subnet in call.params.list("AddSubnetId") {
        endpoints::join(state, &id, &subnet)?;
    }
    let Some(endpoint) = state.ec2.endpoints.get_mut(&id) else {
        return Err(errors::not_found::<Endpoint>(&id));
    };
    let gone = call.params.list("RemoveRouteTableId");
    endpoint
        .route_table_ids
        .retain(|table| !gone.contains(table));
    endpoint.route_table_ids.extend(tables);
    let gone = call.params.list("RemoveSecurityGroupId");
    endpoint.group_ids.retain(|group| !gone.contains(group));
    endpoint.group_ids.extend(groups);
    if let Some(policy) = call.params.get("PolicyDocument") {
        policy.clone_into(&mut endpoint.policy);
    }
    if call.params.flag("ResetPolicy") == Some(true) {
        OPEN.clone_into(&mut endpoint.policy);
    }
    endpoint.private_dns = call
        .params
        .flag("PrivateDnsEnabled")
        .unwrap_or(endpoint.private_dns);
    let (group_ids, held) = (endpoint.group_ids.clone(), endpoint.interfaces.clone());
    for (_, interface) in &held {
        if let Some(interface) = state.ec2.interfaces.get_mut(interface) {
            interface.group_ids.clone_from(&group_ids);
        }
    }
    if !held.is_empty() {
        endpoints::meter(state, &id);
    }
    returned()
}

/// Takes an endpoint's interfaces out of subnets.
fn leave(state: &mut State, id: &str, subnets: &[String]) {
    let Some(endpoint) = state.ec2.endpoints.get_mut(id) else {
        return;
    };
    let (gone, stay): (Vec<_>, Vec<_>) = endpoint
        .interfaces
        .drain(..)
        .partition(|(subnet, _)| subnets.contains(subnet));
    endpoint.interfaces = stay;
    for (_, interface) in gone {
        interfaces::delete_internal(state, &interface);
    }
}

/// What does not exist is told in the answer, not by an error.
pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    call.params.need("VpcEndpointId.1")?;
    let mut failed = Vec::new();
    for id in call.params.list("VpcEndpointId") {
        let Some(endpoint) = state.ec2.endpoints.get_mut(&id) else {
            let error = errors::not_found::<Endpoint>(&id);
            let both = Node::new()
                .text("code", error.code)
                .text("message", error.message);
            failed.push(Node::new().node("error", both).text("resourceId", &id));
            continue;
        };
        endpoint.stage = Stage::Deleting;
        if endpoint.kind == "Gateway" {
            remove(state, &id);
        } else {
            usage::stop(state, &id);
            let wait = state.durations.endpoint_delete;
            state.after(wait, crate::state::Event::Ec2(Event::Endpoint(id)));
        }
    }
    Ok(Answer::Xml(Node::new().list(
        "unsuccessful",
        "item",
        failed,
    )))
}

/// Removes an endpoint with its interfaces.
pub(super) fn remove(state: &mut State, id: &str) {
    let removed = state.ec2.endpoints.remove(id);
    for (_, interface) in removed.into_iter().flat_map(|endpoint| endpoint.interfaces) {
        interfaces::delete_internal(state, &interface);
    }
}

/// The creation or the deletion of an interface endpoint ends.
pub fn happen(state: &mut State, id: &str) {
    let Some(endpoint) = state.ec2.endpoints.get_mut(id) else {
        return;
    };
    match endpoint.stage {
        Stage::Pending => endpoint.stage = Stage::Available,
        Stage::Deleting => remove(state, id),
        Stage::Available => {}
    }
}

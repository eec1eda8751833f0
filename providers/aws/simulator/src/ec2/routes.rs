//! Routes: where a destination leads, and whether the target still exists.
//!
//! A route's state follows other resources: it becomes a black hole when its target is gone.

use crate::ec2::describe::{need, need_param};
use crate::ec2::interfaces::Interface;
use crate::ec2::internet_gateways::InternetGateway;
use crate::ec2::nat_gateways;
use crate::ec2::route_tables::RouteTable;
use crate::ec2::vpcs::network;
use crate::ec2::{Operations, endpoint_services, endpoints, errors, vpc_cidrs};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Outcome, returned};
use crate::wire::xml::Node;

#[derive(Clone, Debug)]
pub struct Route {
    /// The destination's network, in its canonical form.
    pub destination: String,
    /// Where it leads.
    pub target: Target,
}

/// The target of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An internet gateway.
    Internet(String),
    /// A NAT gateway.
    Nat(String),
    /// A network interface.
    Interface(String),
}

impl Route {
    /// The route as text: `0.0.0.0/0 by nat-1`.
    pub fn as_text(&self) -> String {
        let (Target::Internet(by) | Target::Nat(by) | Target::Interface(by)) = &self.target;
        format!("{} by {by}", self.destination)
    }
}

/// The operations on routes.
pub const OPERATIONS: Operations = &[
    ("CreateRoute", create),
    ("ReplaceRoute", replace),
    ("DeleteRoute", delete),
];

/// The networks of the table's VPC, which each table leads to.
fn locals(state: &State, table: &RouteTable) -> Vec<String> {
    let vpc = state.ec2.vpcs.get(&table.vpc_id);
    let networks = vpc.into_iter().flat_map(vpc_cidrs::all);
    networks.map(|(_, network)| network.to_string()).collect()
}

fn is_live(state: &State, table: &RouteTable, target: &Target) -> bool {
    match target {
        Target::Internet(id) => {
            let gateway = state.ec2.internet_gateways.get(id);
            gateway.is_some_and(|gateway| gateway.vpc_id.as_ref() == Some(&table.vpc_id))
        }
        Target::Nat(id) => nat_gateways::is_live(state, id),
        Target::Interface(id) => state
            .ec2
            .interfaces
            .get(id)
            .is_some_and(|interface| interface.attachment.is_some()),
    }
}

fn state_name(state: &State, table: &RouteTable, route: &Route) -> &'static str {
    if is_live(state, table, &route.target) {
        "active"
    } else {
        "blackhole"
    }
}

/// Whether the default route of a table leads to the internet, given whether machines there have
/// public addresses: an internet gateway serves no others.
pub fn leads_out(state: &State, table: &RouteTable, has_public: bool) -> bool {
    let default = table
        .routes
        .iter()
        .find(|route| route.destination == "0.0.0.0/0");
    default.is_some_and(|route| match &route.target {
        Target::Nat(id) => nat_gateways::is_available(state, id),
        Target::Internet(_) => has_public && is_live(state, table, &route.target),
        Target::Interface(_) => is_live(state, table, &route.target),
    })
}

/// The routes of a table as items, the local one first.
pub fn items(state: &State, table: &RouteTable) -> Vec<Node> {
    let local = |network: String| {
        Node::new()
            .text("destinationCidrBlock", network)
            .text("gatewayId", "local")
            .text("state", "active")
            .text("origin", "CreateRouteTable")
    };
    let locals = locals(state, table).into_iter().map(local);
    let others = table.routes.iter().map(|route| {
        let node = Node::new().text("destinationCidrBlock", &route.destination);
        let node = match &route.target {
            Target::Internet(id) => node.text("gatewayId", id),
            Target::Nat(id) => node.text("natGatewayId", id),
            Target::Interface(id) => node.text("networkInterfaceId", id),
        };
        node.text("state", state_name(state, table, route))
            .text("origin", "CreateRoute")
    });
    let endpoints = endpoints::of_table(state, &table.meta.id).map(|endpoint| {
        let list = endpoint_services::prefix_list(state, &endpoint.service);
        Node::new()
            .maybe("destinationPrefixListId", list)
            .text("gatewayId", &endpoint.meta.id)
            .text("state", "active")
            .text("origin", "CreateRoute")
    });
    locals.chain(others).chain(endpoints).collect()
}

/// The values of the filters `route.*`.
pub fn values(state: &State, table: &RouteTable, filter: &str) -> Option<Vec<String>> {
    let routes = table.routes.iter();
    let with_local = |local: &str, others: Vec<String>| {
        let of_locals = locals(state, table).into_iter().map(|_| local.to_owned());
        Some(of_locals.chain(others).collect::<Vec<_>>())
    };
    match filter {
        "destination-cidr-block" => {
            let others = routes.map(|route| route.destination.clone());
            Some(locals(state, table).into_iter().chain(others).collect())
        }
        "gateway-id" => {
            let internet = routes.filter_map(|route| match &route.target {
                Target::Internet(id) => Some(id.clone()),
                Target::Nat(_) | Target::Interface(_) => None,
            });
            with_local("local", internet.collect())
        }
        "nat-gateway-id" => Some(
            routes
                .filter_map(|route| match &route.target {
                    Target::Nat(id) => Some(id.clone()),
                    Target::Internet(_) | Target::Interface(_) => None,
                })
                .collect(),
        ),
        "state" => with_local(
            "active",
            routes
                .map(|route| state_name(state, table, route).to_owned())
                .collect(),
        ),
        "origin" => with_local(
            "CreateRouteTable",
            routes.map(|_| "CreateRoute".to_owned()).collect(),
        ),
        _ => None,
    }
}

/// Table, destination and target of a call.
fn read(state: &State, call: &Call) -> Result<(String, Route), AwsError> {
    let table_id = need_param::<RouteTable>(state, call, "RouteTableId")?;
    let destination = destination(call)?;
    let table = need::<RouteTable>(state, &table_id)?;
    let target = target(state, call, table)?;
    Ok((
        table_id,
        Route {
            destination,
            target,
        },
    ))
}

fn destination(call: &Call) -> Result<String, AwsError> {
    for name in ["DestinationIpv6CidrBlock", "DestinationPrefixListId"] {
        if call.params.get(name).is_some() {
            return Err(AwsError::unknown_operation(
                "ec2",
                &format!("routes with {name}"),
            ));
        }
    }
    let text = call.params.need("DestinationCidrBlock")?;
    Ok(network(text, "destinationCidrBlock")?.to_string())
}

fn target(state: &State, call: &Call, table: &RouteTable) -> Result<Target, AwsError> {
    let vpc_id = &table.vpc_id;
    if let Some(id) = call.params.get("GatewayId") {
        let missing = || {
            let message = format!("The gateway ID '{id}' does not exist");
            errors::refuse("InvalidGatewayID.NotFound", message)
        };
        let gateway: &InternetGateway = state.ec2.internet_gateways.get(id).ok_or_else(missing)?;
        if gateway.vpc_id.as_ref() != Some(vpc_id) {
            return Err(errors::value(format!(
                "route table {} and network gateway {id} belong to different networks",
                table.meta.id
            )));
        }
        return Ok(Target::Internet(id.to_owned()));
    }
    if let Some(id) = call.params.get("NatGatewayId") {
        if !nat_gateways::may_be_target(state, id) {
            let message = format!("The natGateway ID '{id}' does not exist");
            return Err(errors::refuse("InvalidNatGatewayID.NotFound", message));
        }
        return Ok(Target::Nat(id.to_owned()));
    }
    if let Some(id) = call.params.get("NetworkInterfaceId") {
        need::<Interface>(state, id)?;
        return Ok(Target::Interface(id.to_owned()));
    }
    let message = "The request must contain exactly one of gatewayId, natGatewayId, \
                   networkInterfaceId";
    Err(errors::combination(message))
}

fn position(state: &State, table_id: &str, destination: &str) -> Option<usize> {
    let table = state.ec2.route_tables.get(table_id)?;
    table
        .routes
        .iter()
        .position(|route| route.destination == destination)
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let (table_id, route) = read(state, call)?;
    let is_local =
        locals(state, need::<RouteTable>(state, &table_id)?).contains(&route.destination);
    if is_local || position(state, &table_id, &route.destination).is_some() {
        let message = format!(
            "The route identified by {} already exists.",
            route.destination
        );
        return Err(errors::refuse("RouteAlreadyExists", message));
    }
    if let Some(table) = state.ec2.route_tables.get_mut(&table_id) {
        table.routes.push(route);
    }
    returned()
}

fn replace(state: &mut State, call: &Call) -> Outcome {
    let (table_id, route) = read(state, call)?;
    let Some(at) = position(state, &table_id, &route.destination) else {
        return Err(errors::value(format!(
            "There is no route defined for '{}' in the route table. Use CreateRoute instead.",
            route.destination
        )));
    };
    if let Some(table) = state.ec2.route_tables.get_mut(&table_id) {
        table.routes[at] = route;
    }
    returned()
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let table_id = need_param::<RouteTable>(state, call, "RouteTableId")?;
    let destination = destination(call)?;
    if locals(state, need::<RouteTable>(state, &table_id)?).contains(&destination) {
        let message = format!("cannot remove local route {destination} in route table {table_id}");
        return Err(errors::value(message));
    }
    let Some(at) = position(state, &table_id, &destination) else {
        let message =
            format!("no route with destination-cidr-block {destination} in route table {table_id}");
        return Err(errors::refuse("InvalidRoute.NotFound", message));
    };
    if let Some(table) = state.ec2.route_tables.get_mut(&table_id) {
        table.routes.remove(at);
    }
    returned()
}

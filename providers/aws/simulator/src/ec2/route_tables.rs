//! Route tables: their associations with subnets, and what keeps them from being deleted.
//!
//! The routes in them are in `routes`.

use crate::ec2::acls;
use crate::ec2::describe::{self, ResourceKind, ResourceSpec, describe, need, need_param};
use crate::ec2::fields::{Field, filter, fixed, id, items, property, text};
use crate::ec2::routes::{self, Route};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::subnets::Subnet;
use crate::ec2::vpcs::Vpc;
use crate::ec2::{Operations, errors, idempotency, tags};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome, returned};
use crate::wire::xml::Node;

#[derive(Clone, Debug)]
pub struct RouteTable {
    /// Id, times and tags.
    pub meta: Meta,
    pub vpc_id: String,
    /// What it is associated with.
    pub associations: Vec<Association>,
    /// Its routes, besides the local one.
    pub routes: Vec<Route>,
}

/// An association with a subnet, or, without one, with the VPC as its main table.
#[derive(Clone, Debug)]
pub struct Association {
    pub id: String,
    /// The subnet; `None` makes the table the main one.
    pub subnet_id: Option<String>,
}

impl RouteTable {
    /// Whether it is the main table of its VPC.
    pub fn is_main(&self) -> bool {
        self.associations
            .iter()
            .any(|association| association.subnet_id.is_none())
    }
}

/// The operations on route tables and their associations.
pub const OPERATIONS: Operations = &[
    ("CreateRouteTable", create),
    ("DescribeRouteTables", describe::<RouteTable>),
    ("AssociateRouteTable", associate),
    ("ReplaceRouteTableAssociation", replace_association),
    ("DisassociateRouteTable", disassociate),
    ("DeleteRouteTable", delete),
];

impl ResourceKind for RouteTable {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "rtb-",
        ids: "RouteTableId",
        set: "routeTableSet",
        noun: "routeTable ID",
        not_found: "InvalidRouteTableID.NotFound",
        malformed: "InvalidRouteTableId.Malformed",
        paged: true,
        tag_type: "route-table",
        resource_type: "route_table",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("routeTableId", &["route-table-id"]),
        text("vpcId", &["vpc-id"], "vpc_id", |table, _| table.vpc_id.clone()),
        fixed("ownerId", &["owner-id"], ACCOUNT_ID),
        items("routeSet", |table, state| routes::items(state, table)),
        items("associationSet", |table, _| association_items(table)),
        items("propagatingVgwSet", |_, _| Vec::new()),
        property("main", |table, _| table.is_main().to_string()),
        property("routes", |table, _| route_texts(table)),
        property("subnets", |table, _| sorted(subnet_ids(table).collect())),
        filter(&["association.main"], |table, _| table.associations.iter().map(|one| one.subnet_id.is_none().to_string()).collect()),
        filter(&["association.subnet-id"], |table, _| subnet_ids(table).map(str::to_owned).collect()),
        filter(&["association.route-table-association-id"], |table, _| table.associations.iter().map(|one| one.id.clone()).collect()),
        filter(&["association.route-table-id"], |table, _| table.associations.iter().map(|_| table.meta.id.clone()).collect()),
        filter(&["route.destination-cidr-block"], |table, state| route_values(state, table, "destination-cidr-block")),
        filter(&["route.gateway-id"], |table, state| route_values(state, table, "gateway-id")),
        filter(&["route.nat-gateway-id"], |table, state| route_values(state, table, "nat-gateway-id")),
        filter(&["route.state"], |table, state| route_values(state, table, "state")),
        filter(&["route.origin"], |table, state| route_values(state, table, "origin")),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.route_tables
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

fn association_items(table: &RouteTable) -> Vec<Node> {
    let item = |association: &Association| {
        Node::new()
            .text("routeTableAssociationId", &association.id)
            .text("routeTableId", &table.meta.id)
            .maybe("subnetId", association.subnet_id.as_ref())
            .text("main", association.subnet_id.is_none())
            .node("associationState", Node::new().text("state", "associated"))
    };
    table.associations.iter().map(item).collect()
}

/// The subnets that are associated with a table.
fn subnet_ids(table: &RouteTable) -> impl Iterator<Item = &str> {
    let associations = table.associations.iter();
    associations.filter_map(|one| one.subnet_id.as_deref())
}

fn route_values(state: &State, table: &RouteTable, filter: &str) -> Vec<String> {
    routes::values(state, table, filter).unwrap_or_default()
}

fn route_texts(table: &RouteTable) -> String {
    let texts: Vec<String> = table.routes.iter().map(Route::as_text).collect();
    sorted(texts.iter().map(String::as_str).collect())
}

fn sorted(mut texts: Vec<&str>) -> String {
    texts.sort_unstable();
    texts.join(", ")
}

/// Creates a route table, as the main one of its VPC or not.
pub fn create_internal(state: &mut State, vpc_id: &str, tags: Tags, is_main: bool) -> String {
    let meta = Meta::new(state, "rtb-", tags);
    let id = meta.id.clone();
    let associations = if is_main {
        vec![Association {
            id: state.ids.prefixed("rtbassoc-"),
            subnet_id: None,
        }]
    } else {
        Vec::new()
    };
    let table = RouteTable {
        meta,
        vpc_id: vpc_id.to_owned(),
        associations,
        routes: Vec::new(),
    };
    state.ec2.route_tables.insert(&id, table);
    id
}

/// The table and the subnet that an association joins.
pub fn joined_by(state: &State, association: &str) -> Vec<String> {
    let mut tables = state.ec2.route_tables.all();
    let found = tables.find_map(|table| {
        let one = table
            .associations
            .iter()
            .find(|one| one.id == association)?;
        Some((table.meta.id.clone(), one.subnet_id.clone()))
    });
    found.map_or_else(Vec::new, |(table, subnet)| {
        [table].into_iter().chain(subnet).collect()
    })
}

/// The table that a subnet is associated with.
fn of_subnet<'a>(state: &'a State, subnet_id: &str) -> Option<&'a RouteTable> {
    state.ec2.route_tables.all().find(|table| {
        table
            .associations
            .iter()
            .any(|one| one.subnet_id.as_deref() == Some(subnet_id))
    })
}

/// Whether the internet can be reached from a subnet: through its own table, or else the main one,
/// by an available NAT gateway, or, for machines with public addresses, by an internet gateway.
pub fn has_way_out(state: &State, subnet_id: &str) -> bool {
    let Some(subnet) = state.ec2.subnets.get(subnet_id) else {
        return false;
    };
    let mut tables = state.ec2.route_tables.all();
    let main = || tables.find(|table| table.vpc_id == subnet.vpc_id && table.is_main());
    let Some(table) = of_subnet(state, subnet_id).or_else(main) else {
        return false;
    };
    routes::leads_out(state, table, subnet.map_public_ip) && acls::lets_out(state, subnet_id)
}

/// Whether a subnet is public: its table has a route to an internet gateway.
pub fn leads_to_internet_gateway(state: &State, subnet_id: &str) -> bool {
    let Some(subnet) = state.ec2.subnets.get(subnet_id) else {
        return false;
    };
    let mut tables = state.ec2.route_tables.all();
    let main = || tables.find(|table| table.vpc_id == subnet.vpc_id && table.is_main());
    let table = of_subnet(state, subnet_id).or_else(main);
    table.is_some_and(|table| {
        let mut routes = table.routes.iter();
        routes.any(|route| matches!(route.target, routes::Target::Internet(_)))
    })
}

fn create(state: &mut State, call: &Call) -> Outcome {
    if let Some(id) = idempotency::earlier::<RouteTable>(state, call)? {
        return describe::one::<RouteTable>(state, "routeTable", &id);
    }
    let tags = tags::requested::<RouteTable>(call)?;
    let vpc_id = need_param::<Vpc>(state, call, "VpcId")?;
    let id = create_internal(state, &vpc_id, tags, false);
    idempotency::remember(state, call, &id)?;
    describe::one::<RouteTable>(state, "routeTable", &id)
}

fn answer_association(id: &str) -> Outcome {
    let association = Node::new().text("state", "associated");
    Ok(Answer::Xml(
        Node::new()
            .text("associationId", id)
            .node("associationState", association),
    ))
}

fn associate(state: &mut State, call: &Call) -> Outcome {
    let table_id = need_param::<RouteTable>(state, call, "RouteTableId")?;
    if call.params.get("GatewayId").is_some() {
        return Err(AwsError::unknown_operation(
            "ec2",
            "AssociateRouteTable with a gateway",
        ));
    }
    let subnet_id = need_param::<Subnet>(state, call, "SubnetId")?;
    if need::<Subnet>(state, &subnet_id)?.vpc_id != need::<RouteTable>(state, &table_id)?.vpc_id {
        let message =
            format!("route table {table_id} and subnet {subnet_id} belong to different networks");
        return Err(errors::value(message));
    }
    if of_subnet(state, &subnet_id).is_some() {
        return Err(errors::refuse(
            "Resource.AlreadyAssociated",
            format!(
                "the specified association for route table {table_id} conflicts with an existing \
                 association"
            ),
        ));
    }
    let id = state.ids.prefixed("rtbassoc-");
    if let Some(table) = state.ec2.route_tables.get_mut(&table_id) {
        table.associations.push(Association {
            id: id.clone(),
            subnet_id: Some(subnet_id),
        });
    }
    answer_association(&id)
}

/// The table that holds an association, and the association.
fn find(state: &State, id: &str) -> Result<(String, Association), AwsError> {
    for table in state.ec2.route_tables.all() {
        if let Some(found) = table.associations.iter().find(|one| one.id == id) {
            return Ok((table.meta.id.clone(), found.clone()));
        }
    }
    let message = format!("The association ID '{id}' does not exist");
    Err(errors::refuse("InvalidAssociationID.NotFound", message))
}

fn remove_association(state: &mut State, table_id: &str, id: &str) {
    if let Some(table) = state.ec2.route_tables.get_mut(table_id) {
        table.associations.retain(|one| one.id != id);
    }
}

fn replace_association(state: &mut State, call: &Call) -> Outcome {
    let (from, association) = find(state, call.params.need("AssociationId")?)?;
    let to = need_param::<RouteTable>(state, call, "RouteTableId")?;
    if need::<RouteTable>(state, &to)?.vpc_id != need::<RouteTable>(state, &from)?.vpc_id {
        let message = format!("route tables {from} and {to} belong to different networks");
        return Err(errors::value(message));
    }
    remove_association(state, &from, &association.id);
    let id = state.ids.prefixed("rtbassoc-");
    if let Some(table) = state.ec2.route_tables.get_mut(&to) {
        table.associations.push(Association {
            id: id.clone(),
            ..association
        });
    }
    let state = Node::new().text("state", "associated");
    Ok(Answer::Xml(
        Node::new()
            .text("newAssociationId", id)
            .node("associationState", state),
    ))
}

fn disassociate(state: &mut State, call: &Call) -> Outcome {
    let (table_id, association) = find(state, call.params.need("AssociationId")?)?;
    if association.subnet_id.is_none() {
        let message = format!(
            "cannot disassociate the main route table association {}",
            association.id
        );
        return Err(errors::value(message));
    }
    remove_association(state, &table_id, &association.id);
    returned()
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<RouteTable>(state, call, "RouteTableId")?;
    if !need::<RouteTable>(state, &id)?.associations.is_empty() {
        return Err(errors::has_dependencies("routeTable", &id));
    }
    for endpoint in state.ec2.endpoints.all_mut() {
        endpoint.route_table_ids.retain(|one| *one != id);
    }
    state.ec2.route_tables.remove(&id);
    returned()
}

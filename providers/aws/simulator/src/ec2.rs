//! EC2: networks, addresses, machines and disks, each resource type in a file of its own.
//!
//! This file joins them: the store, the events, the dispatch of operations, and the inventory.

pub mod acl_entries;
pub mod acls;
pub mod addresses;
pub mod attributes;
pub mod describe;
pub mod dhcp_options;
pub mod egress_only;
pub mod endpoint_changes;
pub mod endpoint_services;
pub mod endpoints;
pub mod errors;
pub mod fields;
pub mod filters;
pub mod fleets;
pub mod flow_logs;
pub mod idempotency;
pub mod images;
pub mod instance_attributes;
pub mod instance_quota;
pub mod instance_types;
pub mod instance_xml;
pub mod instances;
pub mod interface_xml;
pub mod interfaces;
pub mod internet_gateways;
pub mod launch_options;
pub mod launch_order;
pub mod launch_template_versions;
pub mod launch_templates;
pub mod list_only;
pub mod nat_gateways;
pub mod nat_lifecycle;
pub mod permissions;
pub mod route_tables;
pub mod routes;
pub mod run_instances;
pub mod security_group_rules;
pub mod security_groups;
pub mod spot_requests;
pub mod store;
pub mod subnets;
pub mod tags;
pub mod template_data;
pub mod volumes;
pub mod vpc_cidrs;
pub mod vpcs;
pub mod zones;

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::idempotency::Tokens;

use crate::ec2::store::{Meta, Store, Tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// The function that answers one operation.
pub type Operation = fn(&mut State, &Call) -> Outcome;

/// Operations by name.
pub type Operations = &'static [(&'static str, Operation)];

/// The operations of each file.
const OPERATIONS: &[Operations] = &[
    vpcs::OPERATIONS,
    vpc_cidrs::OPERATIONS,
    subnets::OPERATIONS,
    internet_gateways::OPERATIONS,
    egress_only::OPERATIONS,
    endpoints::OPERATIONS,
    endpoint_services::OPERATIONS,
    flow_logs::OPERATIONS,
    addresses::OPERATIONS,
    nat_gateways::OPERATIONS,
    route_tables::OPERATIONS,
    routes::OPERATIONS,
    security_groups::OPERATIONS,
    security_group_rules::OPERATIONS,
    acls::OPERATIONS,
    acl_entries::OPERATIONS,
    dhcp_options::OPERATIONS,
    interfaces::OPERATIONS,
    instances::OPERATIONS,
    run_instances::OPERATIONS,
    instance_attributes::OPERATIONS,
    fleets::OPERATIONS,
    images::OPERATIONS,
    spot_requests::OPERATIONS,
    volumes::OPERATIONS,
    launch_templates::OPERATIONS,
    launch_template_versions::OPERATIONS,
    tags::OPERATIONS,
    zones::OPERATIONS,
    instance_types::OPERATIONS,
    attributes::OPERATIONS,
];

/// The operation of this name.
fn operation(action: &str) -> Option<Operation> {
    let of_files = OPERATIONS.iter().copied().flatten();
    let mut found = of_files.filter(|(name, _)| *name == action);
    let empty_list = || list_only::names().find(|name| *name == action);
    let found = found.next().map(|(_, operation)| *operation);
    found.or_else(|| empty_list().map(|_| list_only::describe as Operation))
}

/// The names of all operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    let of_files = OPERATIONS.iter().copied().flatten();
    of_files.map(|(name, _)| *name).chain(list_only::names())
}

/// EC2's store.
#[derive(Clone, Debug, Default)]
pub struct Ec2 {
    pub vpcs: Store<vpcs::Vpc>,
    pub subnets: Store<subnets::Subnet>,
    pub internet_gateways: Store<internet_gateways::InternetGateway>,
    /// NAT gateways, deleted ones for an hour.
    pub nat_gateways: Store<nat_gateways::NatGateway>,
    /// Elastic IP addresses.
    pub addresses: Store<addresses::Address>,
    pub route_tables: Store<route_tables::RouteTable>,
    pub security_groups: Store<security_groups::SecurityGroup>,
    pub rules: Store<security_group_rules::SecurityGroupRule>,
    pub acls: Store<acls::NetworkAcl>,
    pub dhcp_options: Store<dhcp_options::DhcpOptions>,
    /// Egress-only internet gateways.
    pub egress_only: Store<egress_only::EgressOnlyGateway>,
    pub endpoints: Store<endpoints::Endpoint>,
    pub flow_logs: Store<flow_logs::FlowLog>,
    /// Network interfaces.
    pub interfaces: Store<interfaces::Interface>,
    /// Instances, terminated ones for an hour.
    pub instances: Store<instances::Instance>,
    /// Spot requests, as long as their instances are readable.
    pub spot_requests: Store<spot_requests::SpotRequest>,
    pub volumes: Store<volumes::Volume>,
    pub launch_templates: Store<launch_templates::LaunchTemplate>,
    /// Client tokens that were used.
    pub tokens: Tokens,
    /// How many public addresses were allocated.
    pub public_addresses: u32,
}

/// Expands a macro's body for each store, `read` or to be `changed`, so that none is forgotten.
macro_rules! for_each_store {
    ($how:ident $ec2:expr, $store:ident => $body:expr) => {{
        for_each_store!(@ $how, $ec2, $store, $body, vpcs subnets internet_gateways nat_gateways
            addresses route_tables security_groups rules acls dhcp_options interfaces instances
            spot_requests volumes launch_templates egress_only endpoints flow_logs);
    }};
    (@ $how:ident, $ec2:expr, $store:ident, $body:expr, $($name:ident)+) => {
        $( { let $store = for_each_store!(@@ $how, $ec2.$name); $body } )+
    };
    (@@ read, $store:expr) => { &$store };
    (@@ changed, $store:expr) => { &mut $store };
}

impl Ec2 {
    /// Mutable id, times and tags of any resource.
    pub fn meta_mut(&mut self, id: &str) -> Option<&mut Meta> {
        for_each_store!(changed self, store => if store.has(id) {
            return store.get_mut(id).map(|item| &mut item.meta);
        });
        None
    }

    /// The tags of any resource; `None` when there is none of this id.
    pub fn tags_of(&self, id: &str) -> Option<Tags> {
        for_each_store!(read self, store => if let Some(item) = store.get(id) {
            return Some(item.meta.tags.clone());
        });
        None
    }

    /// Id, times and tags of all resources.
    pub fn metas(&mut self) -> Vec<&Meta> {
        let mut all = Vec::new();
        for_each_store!(read self, store => all.extend(store.all().map(|item| &item.meta)));
        all
    }
}

/// What happens later in EC2.
#[derive(Clone, Debug)]
pub enum Event {
    NatGateway(String, nat_lifecycle::Step),
    /// The creation or the deletion of a VPC endpoint ends.
    Endpoint(String),
    Instance(String, instances::Step),
}

/// Lets an event happen.
pub fn happen(state: &mut State, event: Event) {
    match event {
        Event::NatGateway(id, step) => nat_lifecycle::happen(state, &id, step),
        Event::Endpoint(id) => endpoint_changes::happen(state, &id),
        Event::Instance(id, step) => instances::happen(state, &id, step),
    }
}

/// Answers one call.
///
/// # Errors
/// EC2's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    let unknown = || AwsError::unknown_operation("ec2", &call.action);
    let operation = operation(&call.action).ok_or_else(unknown)?;
    if call.params.flag("DryRun") == Some(true) {
        // Permission was already checked; a dry run checks nothing else.
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(AwsError::new(412, "DryRunOperation", message));
    }
    operation(state, call)
}

/// The default VPC that every account has: a public subnet in each zone, behind an internet gateway.
pub fn create_default_vpc(state: &mut State) {
    let network = |third: u8, length: u8| {
        Ipv4Net::new([172, 31, third, 0].into(), length).unwrap_or_default()
    };
    let vpc = vpcs::create_internal(state, network(0, 16), Tags::new(), true);
    for (n, (zone, _)) in (0_u8..).zip(state.setup.zones()) {
        let id = subnets::create_internal(state, &vpc, &zone, network(n * 16, 20), Tags::new());
        if let Some(subnet) = state.ec2.subnets.get_mut(&id) {
            subnet.map_public_ip = true;
            subnet.is_default = true;
        }
    }
    let gateway = internet_gateways::create_internal(state, Tags::new(), Some(vpc.clone()));
    let tables = &mut state.ec2.route_tables;
    if let Some(main) = tables
        .all_mut()
        .find(|table| table.vpc_id == vpc && table.is_main())
    {
        let destination = "0.0.0.0/0".to_owned();
        main.routes.push(routes::Route {
            destination,
            target: routes::Target::Internet(gateway),
        });
    }
}

/// Adds all EC2 resources that exist, except those with these ids.
pub fn inventory(state: &State, all: &mut Vec<Resource>, but: &BTreeSet<String>) {
    describe::inventory::<vpcs::Vpc>(state, all, but);
    describe::inventory::<subnets::Subnet>(state, all, but);
    describe::inventory::<internet_gateways::InternetGateway>(state, all, but);
    describe::inventory::<nat_gateways::NatGateway>(state, all, but);
    describe::inventory::<addresses::Address>(state, all, but);
    describe::inventory::<route_tables::RouteTable>(state, all, but);
    describe::inventory::<security_groups::SecurityGroup>(state, all, but);
    describe::inventory::<acls::NetworkAcl>(state, all, but);
    describe::inventory::<dhcp_options::DhcpOptions>(state, all, but);
    describe::inventory::<egress_only::EgressOnlyGateway>(state, all, but);
    describe::inventory::<endpoints::Endpoint>(state, all, but);
    describe::inventory::<flow_logs::FlowLog>(state, all, but);
    describe::inventory::<interfaces::Interface>(state, all, but);
    describe::inventory::<instances::Instance>(state, all, but);
    describe::inventory::<spot_requests::SpotRequest>(state, all, but);
    describe::inventory::<volumes::Volume>(state, all, but);
    describe::inventory::<launch_templates::LaunchTemplate>(state, all, but);
}

//! DHCP options: the one set that every account has, which every VPC uses.
//!
//! They cannot be created or changed in the simulator.

use crate::ec2::Operations;
use crate::ec2::describe::{ResourceKind, ResourceSpec, describe};
use crate::ec2::fields::{Field, fixed, id, items};
use crate::ec2::store::{Meta, Store, Tags};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::xml::Node;

/// A set of DHCP options.
#[derive(Clone, Debug)]
pub struct DhcpOptions {
    /// Id, times and tags.
    pub meta: Meta,
}

/// The operations on DHCP options.
pub const OPERATIONS: Operations = &[("DescribeDhcpOptions", describe::<DhcpOptions>)];

impl ResourceKind for DhcpOptions {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "dopt-",
        ids: "DhcpOptionsId",
        set: "dhcpOptionsSet",
        noun: "dhcpOption ID",
        not_found: "InvalidDhcpOptionID.NotFound",
        malformed: "InvalidDhcpOptionsId.Malformed",
        paged: true,
        tag_type: "dhcp-options",
        resource_type: "dhcp_options",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("dhcpOptionsId", &["dhcp-options-id"]),
        fixed("ownerId", &["owner-id"], ACCOUNT_ID),
        items("dhcpConfigurationSet", |_, state| entries(state)),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.dhcp_options
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

fn entries(state: &State) -> Vec<Node> {
    let domain = match state.setup.region.as_str() {
        "us-east-1" => "ec2.internal".to_owned(),
        other => format!("{other}.compute.internal"),
    };
    let entry = |(key, value): (&str, &str)| {
        let values = [Node::new().text("value", value)];
        let node = Node::new().text("key", key);
        node.list("valueSet", "item", values)
    };
    let servers = ("domain-name-servers", "AmazonProvidedDNS");
    vec![entry(("domain-name", &domain)), entry(servers)]
}

/// The id of the account's set; created on first use, by the default VPC.
pub fn default_id(state: &mut State) -> String {
    if let Some(options) = state.ec2.dhcp_options.all().next() {
        return options.meta.id.clone();
    }
    let meta = Meta::new(state, "dopt-", Tags::new());
    let id = meta.id.clone();
    state.ec2.dhcp_options.insert(&id, DhcpOptions { meta });
    id
}

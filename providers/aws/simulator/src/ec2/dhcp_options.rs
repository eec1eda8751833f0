//! DHCP options: the one set that every account has, which every VPC uses.
//!
//! They cannot be created or changed in the simulator.

use crate::ec2::Operations;
use crate::ec2::describe::{ResourceKind, ResourceSpec, describe, with_tags};
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
        filters: &["dhcp-options-id", "owner-id"],
    };

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.dhcp_options
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn values(&self, _state: &State, filter: &str) -> Option<Vec<String>> {
        Some(match filter {
            "dhcp-options-id" => vec![self.meta.id.clone()],
            "owner-id" => vec![ACCOUNT_ID.to_owned()],
            _ => return None,
        })
    }

    fn node(&self, state: &State) -> Node {
        let domain = match state.setup.region.as_str() {
            "us-east-1" => "ec2.internal".to_owned(),
            other => format!("{other}.compute.internal"),
        };
        let entries = [
            ("domain-name", domain.as_str()),
            ("domain-name-servers", "AmazonProvidedDNS"),
        ]
        .map(|(key, value)| {
            let values = [Node::new().text("value", value)];
            Node::new()
                .text("key", key)
                .list("valueSet", "item", values)
        });
        let node = Node::new()
            .text("dhcpOptionsId", &self.meta.id)
            .text("ownerId", ACCOUNT_ID)
            .list("dhcpConfigurationSet", "item", entries);
        with_tags(node, &self.meta.tags)
    }
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

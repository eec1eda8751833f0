//! The network that a scenario asks for.

use ipnet::Ipv4Net;
use kubeproof_contract::checked::ValueError;
use kubeproof_contract::{checked, checked_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::is_name;

/// The network that is asked for. Without this block: a network of its own, and nodes with public addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// A network that is there and stays as it was; without it the provisioner makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<ExistingNetwork>,
    /// The range of nodes' addresses.
    #[serde(default = "nodes")]
    #[schemars(with = "String")]
    pub nodes_cidr: Cidr,
    /// The range of pods' addresses.
    #[serde(default = "pods")]
    #[schemars(with = "String")]
    pub pods_cidr: Cidr,
    /// The range of services' addresses.
    #[serde(default = "services")]
    #[schemars(with = "String")]
    pub services_cidr: Cidr,
    /// Whether nodes have no public addresses.
    #[serde(default)]
    pub private_nodes: bool,
    /// Whether private nodes reach the internet through Cloud NAT; by default they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nat: Option<bool>,
}

/// A network that is there, with a subnetwork in the cluster's region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingNetwork {
    /// Its name.
    pub network: NetworkName,
    /// The name of its subnetwork.
    pub subnetwork: NetworkName,
}

checked_text!(
    /// The name of a network or subnetwork.
    NetworkName,
    |text| is_name(text, 1..=63),
    "is no name of a network: 1 to 63 lower-case letters, digits and dashes, beginning with a letter"
);

checked!(
    /// An IPv4 network.
    #[derive(Copy)]
    Cidr(Ipv4Net) from String, "String", "String",
    |given| {
        let network = checked::network(&given, "10.0.0.0/20")?;
        ValueError::unless((9..=29).contains(&network.prefix_len()), network, |_| {
            format!("`{given}` does not fit: a range takes /9 to /29")
        })
    },
    |network| network.to_string()
);

fn range(second: u8, prefix: u8) -> Cidr {
    Cidr(Ipv4Net::new_assert(
        std::net::Ipv4Addr::new(10, second, 0, 0),
        prefix,
    ))
}

fn nodes() -> Cidr {
    range(0, 20)
}

fn pods() -> Cidr {
    range(4, 14)
}

fn services() -> Cidr {
    range(8, 20)
}

impl Default for Network {
    fn default() -> Self {
        Self {
            existing: None,
            nodes_cidr: nodes(),
            pods_cidr: pods(),
            services_cidr: services(),
            private_nodes: false,
            nat: None,
        }
    }
}

impl Network {
    /// Whether the provisioner makes a router with Cloud NAT.
    pub fn makes_nat(&self) -> bool {
        self.existing.is_none() && self.nat.unwrap_or(self.private_nodes)
    }

    /// Why the network cannot work, if it cannot.
    pub fn problem(&self) -> Option<&'static str> {
        let ranges = [self.nodes_cidr.0, self.pods_cidr.0, self.services_cidr.0];
        let overlap = |a: Ipv4Net, b: Ipv4Net| a.contains(&b) || b.contains(&a);
        if self.nat == Some(true) && !self.private_nodes {
            return Some(
                "network: nat is for nodes without public addresses: write `private_nodes: true`",
            );
        }
        if self.nat.is_some() && self.existing.is_some() {
            return Some("network: an existing network keeps its own way out: leave out nat");
        }
        let [nodes, pods, services] = ranges;
        if overlap(nodes, pods) || overlap(nodes, services) || overlap(pods, services) {
            return Some("network: the ranges of nodes, pods and services overlap");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_network_that_cannot_be_meant_is_refused() {
        let check = |value: Value, expected: Option<&str>| {
            let network: Network = serde_json::from_value(value.clone()).unwrap();
            let problem = network.problem().unwrap_or_default();
            assert_eq!(problem.is_empty(), expected.is_none(), "{value}: {problem}");
            assert!(problem.contains(expected.unwrap_or_default()), "{problem}");
        };
        check(json!({}), None);
        check(json!({"private_nodes": true}), None);
        check(json!({"private_nodes": true, "nat": false}), None);
        check(json!({"nat": true}), Some("private_nodes: true"));
        let default = json!({"network": "default", "subnetwork": "default"});
        check(json!({ "existing": default }), None);
        check(
            json!({"existing": default, "private_nodes": true, "nat": true}),
            Some("leave out nat"),
        );
        check(json!({"pods_cidr": "10.0.0.0/14"}), Some("overlap"));
    }

    #[test]
    fn a_range_is_a_whole_network_of_a_size_that_the_cloud_takes() {
        let check = |text: &str, expected: &str| {
            let error = Cidr::try_from(text.to_owned()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check("10.0.0.1/20", "the network is 10.0.0.0/20");
        check("10.0.0.0/8", "takes /9 to /29");
        check("ten", "is not an IPv4 network");
    }

    #[test]
    fn nat_comes_with_private_nodes_in_a_network_of_ones_own() {
        let nat = |value: Value| {
            serde_json::from_value::<Network>(value)
                .unwrap()
                .makes_nat()
        };
        assert!(nat(json!({"private_nodes": true})));
        assert!(!nat(json!({"private_nodes": true, "nat": false})));
        assert!(!nat(json!({})));
        let default = json!({"network": "default", "subnetwork": "default"});
        assert!(!nat(json!({"private_nodes": true, "existing": default})));
    }
}

//! The network that a scenario asks for: a range of its own, or a subnet that was there before.

use ipnet::Ipv4Net;
use kubeproof_contract::checked::ValueError;
use kubeproof_contract::{checked, checked_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::GroupName;

/// A subnet that is there, and stays as it was. The cluster's identity gets a role in it, and in nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingSubnet {
    /// The resource group of its virtual network.
    pub resource_group: GroupName,
    /// Its virtual network, in the cluster's location.
    pub virtual_network: NetworkName,
    /// Its name.
    pub subnet: NetworkName,
}

/// How nodes reach the internet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outbound {
    /// Through the load balancer that AKS makes, with an address.
    #[default]
    LoadBalancer,
    /// Through a NAT gateway that the run makes for its subnet, with an address.
    NatGateway,
}

impl Outbound {
    /// As the API writes it. What AKS calls `managedNATGateway` cannot have a network of its user's.
    pub fn word(self) -> &'static str {
        match self {
            Self::LoadBalancer => "loadBalancer",
            Self::NatGateway => "userAssignedNATGateway",
        }
    }
}

checked_text!(
    /// The name of a virtual network or subnet.
    NetworkName,
    |text| (1..=80).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
    "is no name of a network: 1 to 80 letters, digits, dots, underscores and dashes"
);

checked!(
    /// An IPv4 network.
    #[derive(Copy)]
    Cidr(Ipv4Net) from String, "String", "String",
    |given| {
        let network = checked::network(&given, "10.1.0.0/16")?;
        ValueError::unless((8..=24).contains(&network.prefix_len()), network, |_| {
            format!("`{given}` does not fit: a network takes /8 to /24")
        })
    },
    |network| network.to_string()
);

impl Cidr {
    /// The range of nodes: the first quarter.
    pub fn of_nodes(self) -> String {
        format!(
            "{}/{}",
            self.0.network(),
            self.0.prefix_len().saturating_add(2)
        )
    }
}

/// The range of a network that says none.
pub(super) fn addresses() -> Cidr {
    Cidr(Ipv4Net::new_assert(
        std::net::Ipv4Addr::new(10, 1, 0, 0),
        16,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_get_the_first_quarter() {
        assert_eq!(addresses().of_nodes(), "10.1.0.0/18");
    }
}

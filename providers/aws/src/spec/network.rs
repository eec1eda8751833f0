//! The network that a scenario asks for: whose VPC, which subnets, how many NAT gateways.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The network that is asked for. Without this block: a VPC of its own with a public and a private subnet
/// and a NAT gateway in each zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Whether the provisioner makes the VPC, or uses one that is there.
    #[serde(default)]
    pub vpc: VpcChoice,
    /// Whether there is a public subnet in each zone.
    #[serde(default = "yes")]
    pub public_subnets: bool,
    /// Whether there is a private subnet in each zone.
    #[serde(default = "yes")]
    pub private_subnets: bool,
    /// How many NAT gateways the provisioner makes.
    #[serde(default)]
    pub nat_gateways: NatChoice,
}

/// Whose VPC it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VpcChoice {
    /// The provisioner makes one, with `vpc_cidr`.
    #[default]
    New,
    /// One that was there before, such as the account's default VPC; it stays as it was.
    Existing,
}

/// How many NAT gateways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NatChoice {
    /// One in each zone.
    #[default]
    PerZone,
    /// One for all zones.
    One,
    /// None.
    None,
}

fn yes() -> bool {
    true
}

impl Default for Network {
    fn default() -> Self {
        Self {
            vpc: VpcChoice::New,
            public_subnets: true,
            private_subnets: true,
            nat_gateways: NatChoice::PerZone,
        }
    }
}

impl Network {
    /// Whether the provisioner makes the VPC.
    pub fn makes_vpc(&self) -> bool {
        self.vpc == VpcChoice::New
    }

    /// The NAT gateways that are asked for over so many zones.
    pub fn nat_gateways(&self, zones: u8) -> u8 {
        match self.nat_gateways {
            NatChoice::PerZone => zones,
            NatChoice::One => 1,
            NatChoice::None => 0,
        }
    }

    /// Kinds of subnets that are asked for in each zone.
    pub fn subnets_per_zone(&self) -> u8 {
        u8::from(self.public_subnets) + u8::from(self.private_subnets)
    }

    /// Whether nodes are in public subnets, where each gets a public address.
    pub fn has_public_nodes(&self) -> bool {
        !self.private_subnets
    }

    /// Why the network cannot work, if it cannot.
    pub fn problem(&self) -> Option<&'static str> {
        if self.subnets_per_zone() == 0 {
            return Some("network: nodes need subnets: public_subnets, private_subnets or both");
        }
        let nat = self.nat_gateways != NatChoice::None;
        if nat && self.makes_vpc() && !(self.public_subnets && self.private_subnets) {
            return Some(
                "network: NAT gateways lead from private subnets through public ones: ask for both, \
                 or write `nat_gateways: none`",
            );
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_cannot_be_meant_is_refused() {
        let check = |text: &str, expected: Option<&str>| {
            let network: Network = serde_json::from_str(text).expect(text);
            let problem = network.problem().unwrap_or_default();
            assert_eq!(problem.is_empty(), expected.is_none(), "{text}: {problem}");
            assert!(
                problem.contains(expected.unwrap_or_default()),
                "{text}: {problem}"
            );
        };
        check("{}", None);
        check(r#"{"nat_gateways": "one"}"#, None);
        check(
            r#"{"private_subnets": false, "nat_gateways": "none"}"#,
            None,
        );
        check(r#"{"private_subnets": false}"#, Some("nat_gateways: none"));
        check(r#"{"vpc": "existing", "public_subnets": false}"#, None);
        let neither = r#"{"private_subnets": false, "public_subnets": false}"#;
        check(neither, Some("nodes need subnets"));
        assert_eq!(Network::default(), serde_json::from_str("{}").unwrap());
    }
}

//! The `cluster` block of an EKS scenario: what is asked for, checked as it is read.
//!
//! Values that cannot be right (a host's address as a network, an unknown instance type, a negative
//! count) are refused here, so that the error carries line and column.

mod capacity;
mod network;

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use kubeproof_contract::checked;
use kubeproof_contract::checked::ValueError;
use kubeproof_contract::scenario::Demand;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::capacity::Capacity;
pub use self::network::{NatChoice, Network, VpcChoice};
use crate::catalogue;

/// The EKS cluster that a scenario asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EksSpec {
    /// Region, such as `us-east-1`.
    #[serde(default)]
    pub region: Region,
    /// Kubernetes version, in quotes: `"1.34"`. One in extended support costs a surcharge.
    pub kubernetes_version: KubernetesVersion,
    /// The VPC's network, from /16 to /24.
    #[serde(default)]
    pub vpc_cidr: VpcCidr,
    /// Availability zones to spread over.
    #[serde(default)]
    pub availability_zones: ZoneCount,
    /// The network; without it each zone gets a public and a private subnet and a NAT gateway.
    #[serde(default)]
    pub network: Network,
    /// Node groups, at least one.
    pub node_groups: NodeGroups,
    /// Ingress that the nodes' security group gets besides traffic inside the cluster.
    #[serde(default)]
    pub ingress: Vec<IngressRule>,
    /// Whether the control plane writes its logs to `CloudWatch`.
    #[serde(default)]
    pub control_plane_logs: bool,
    /// Whether there may be more than this: of subnets, addresses, policies and logs. What a scenario can name wholly
    /// (VPC, gateways, cluster, node groups) is always exact.
    #[serde(skip)]
    pub demand: Demand,
}

/// A node group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeGroup {
    /// Name: lower-case letters, digits and dashes.
    pub name: kubeproof_contract::scenario::Name,
    /// EC2 instance type, such as `t3.medium`.
    pub instance_type: InstanceType,
    /// Number of nodes.
    pub count: NodeCount,
    /// Root disk, GB (gp3).
    #[serde(default)]
    pub disk_gb: DiskSize,
    /// `on-demand` or `spot`.
    #[serde(default)]
    pub capacity: Capacity,
}

/// An ingress rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IngressRule {
    /// TCP port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// Network that may reach it.
    #[schemars(with = "String")]
    pub cidr: Cidr,
}

checked!(
    /// A region. Where no prices are known, everything but the cost is judged; the cost is unknown.
    Region(String) from String, "String", "String",
    |given| {
        let is_known = catalogue::regions().any(|known| known == given);
        ValueError::unless(is_known, given, |given| {
            let known: Vec<&str> = catalogue::regions().collect();
            format!("unknown region `{given}`; known: {}", known.join(", "))
        })
    },
    |region| region
);

impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".to_owned())
    }
}

checked!(
    /// A Kubernetes version of EKS, in standard or extended support.
    KubernetesVersion(String) from String, "String", "String",
    |given| {
        let known: Vec<&str> = catalogue::versions().iter().map(|known| known.name).collect();
        ValueError::unless(known.contains(&given.as_str()), given, |given| {
            format!("EKS does not offer Kubernetes `{given}`; known: {}", known.join(", "))
        })
    },
    |version| version
);

checked!(
    /// The network of a VPC.
    VpcCidr(Ipv4Net) from String, "String", "String",
    |given| {
        let Cidr(network) = Cidr::try_from(given)?;
        ValueError::unless((16..=24).contains(&network.prefix_len()), network, |network| {
            format!("`{network}` does not fit: a VPC for EKS takes /16 to /24, such as 10.0.0.0/16")
        })
    },
    |network| network.to_string()
);

impl Default for VpcCidr {
    fn default() -> Self {
        Self(Ipv4Net::new_assert(
            std::net::Ipv4Addr::new(10, 0, 0, 0),
            16,
        ))
    }
}

checked!(
    /// An IPv4 network.
    Cidr(Ipv4Net) from String, "String", "String",
    |given| checked::network(&given, "10.0.0.0/16"),
    |network| network.to_string()
);

checked!(
    /// A number of availability zones: EKS needs two.
    ZoneCount(u8) from i64, "i64", "u8",
    |given| match u8::try_from(given) {
        Ok(count @ 2..=3) => Ok(count),
        _ => ValueError::refuse(format!(
            "{given} availability zones do not fit: EKS needs 2, we spread over at most 3"
        )),
    },
    i64::from
);

impl Default for ZoneCount {
    fn default() -> Self {
        Self(2)
    }
}

checked!(
    /// A number of nodes.
    NodeCount(u32) from i64, "i64", "u32",
    |given| match u32::try_from(given) {
        Ok(count @ 1..=100) => Ok(count),
        _ => ValueError::refuse(format!("{given} is not a number of nodes from 1 to 100")),
    },
    i64::from
);

checked!(
    /// The size of a root disk, GB.
    DiskSize(u32) from i64, "i64", "u32",
    |given| match u32::try_from(given) {
        Ok(size @ 20..=16384) => Ok(size),
        _ => ValueError::refuse(format!(
            "{given} GB does not fit: the root disk of an EKS node takes 20 to 16384 GB"
        )),
    },
    i64::from
);

impl Default for DiskSize {
    fn default() -> Self {
        Self(20)
    }
}

checked!(
    /// An instance type. Where its price is unknown, everything but the cost is judged.
    InstanceType(String) from String, "String", "String",
    |given| {
        let known = catalogue::instance_types();
        ValueError::unless(known.contains(&given.as_str()), given, |given| {
            let family = given.split('.').next().unwrap_or_default();
            let near = known.iter().filter(|name| name.starts_with(family)).copied();
            let near: Vec<&str> = near.collect();
            if family.is_empty() || near.is_empty() {
                return format!("unknown instance type `{given}`: it should look like t3.medium");
            }
            format!("unknown instance type `{given}`; known: {}", near.join(", "))
        })
    },
    |name| name
);

checked!(
    /// Node groups: at least one, with different names.
    NodeGroups(Vec<NodeGroup>) from Vec<NodeGroup>, "Vec<NodeGroup>", "Vec<NodeGroup>",
    |groups| {
        if groups.is_empty() {
            return ValueError::refuse("at least one node group is needed");
        }
        let mut names = BTreeSet::new();
        match groups.iter().find(|group| !names.insert(&group.name)) {
            Some(twice) => {
                let name = twice.name.as_str();
                ValueError::refuse(format!("two node groups are named `{name}`"))
            }
            None => Ok(groups),
        }
    },
    |groups| groups
);

impl EksSpec {
    /// The number of nodes of all groups.
    pub fn nodes(&self) -> usize {
        self.node_groups
            .0
            .iter()
            .map(|group| group.count.0 as usize)
            .sum()
    }

    /// The subnets of the VPC, `(public, private)` per zone in order: the VPC's network is cut into
    /// sixteen, public ones from the front, private ones from the middle.
    pub fn subnets(&self) -> Vec<(Ipv4Net, Ipv4Net)> {
        let network = self.vpc_cidr.0;
        let Ok(parts) = network.subnets(network.prefix_len() + 4) else {
            return Vec::new();
        };
        let parts: Vec<Ipv4Net> = parts.collect();
        (0..usize::from(self.availability_zones.0))
            .map(|n| (parts[n], parts[n + 8]))
            .collect()
    }
}

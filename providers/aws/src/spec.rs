//! The `cluster` block of an EKS scenario: what is asked for, checked as it is read.
//!
//! Values that cannot be right (a host's address as a network, an unknown instance type, a negative
//! count) are refused here, so that the error carries line and column.

mod capacity;
mod network;

use ipnet::Ipv4Net;
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

/// A region. Where no prices are known, everything but the cost is judged; the cost is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Region(pub String);

impl TryFrom<String> for Region {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        if catalogue::regions().any(|known| known == given) {
            Ok(Self(given))
        } else {
            let known: Vec<&str> = catalogue::regions().collect();
            Err(format!(
                "unknown region `{given}`; known: {}",
                known.join(", ")
            ))
        }
    }
}

impl From<Region> for String {
    fn from(value: Region) -> Self {
        value.0
    }
}

impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".to_owned())
    }
}

/// A Kubernetes version of EKS, in standard or extended support.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct KubernetesVersion(pub String);

impl TryFrom<String> for KubernetesVersion {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        let versions = catalogue::versions();
        if versions.iter().any(|known| known.name == given) {
            Ok(Self(given))
        } else {
            let known: Vec<&str> = versions.iter().map(|known| known.name).collect();
            Err(format!(
                "EKS does not offer Kubernetes `{given}`; known: {}",
                known.join(", ")
            ))
        }
    }
}

impl From<KubernetesVersion> for String {
    fn from(value: KubernetesVersion) -> Self {
        value.0
    }
}

/// The network of a VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct VpcCidr(pub Ipv4Net);

impl TryFrom<String> for VpcCidr {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        let Cidr(network) = Cidr::try_from(given)?;
        if (16..=24).contains(&network.prefix_len()) {
            Ok(Self(network))
        } else {
            Err(format!(
                "`{network}` does not fit: a VPC for EKS takes /16 to /24, such as 10.0.0.0/16"
            ))
        }
    }
}

impl From<VpcCidr> for String {
    fn from(value: VpcCidr) -> Self {
        value.0.to_string()
    }
}

impl Default for VpcCidr {
    fn default() -> Self {
        Self(Ipv4Net::new_assert(
            std::net::Ipv4Addr::new(10, 0, 0, 0),
            16,
        ))
    }
}

/// An IPv4 network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Cidr(pub Ipv4Net);

impl TryFrom<String> for Cidr {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        let network: Ipv4Net = given
            .parse()
            .map_err(|_| format!("`{given}` is not an IPv4 network such as 10.0.0.0/16"))?;
        if network.trunc() == network {
            Ok(Self(network))
        } else {
            let right = network.trunc();
            Err(format!(
                "`{given}` has host bits set; the network is {right}"
            ))
        }
    }
}

impl From<Cidr> for String {
    fn from(value: Cidr) -> Self {
        value.0.to_string()
    }
}

/// A number of availability zones: EKS needs two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "i64", into = "i64")]
#[schemars(with = "u8")]
pub struct ZoneCount(pub u8);

impl TryFrom<i64> for ZoneCount {
    type Error = String;

    fn try_from(given: i64) -> Result<Self, Self::Error> {
        match u8::try_from(given) {
            Ok(count @ 2..=3) => Ok(Self(count)),
            _ => Err(format!(
                "{given} availability zones do not fit: EKS needs 2, we spread over at most 3"
            )),
        }
    }
}

impl From<ZoneCount> for i64 {
    fn from(value: ZoneCount) -> Self {
        i64::from(value.0)
    }
}

impl Default for ZoneCount {
    fn default() -> Self {
        Self(2)
    }
}

/// A number of nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "i64", into = "i64")]
#[schemars(with = "u32")]
pub struct NodeCount(pub u32);

impl TryFrom<i64> for NodeCount {
    type Error = String;

    fn try_from(given: i64) -> Result<Self, Self::Error> {
        match u32::try_from(given) {
            Ok(count @ 1..=100) => Ok(Self(count)),
            _ => Err(format!("{given} is not a number of nodes from 1 to 100")),
        }
    }
}

impl From<NodeCount> for i64 {
    fn from(value: NodeCount) -> Self {
        i64::from(value.0)
    }
}

/// The size of a root disk, GB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "i64", into = "i64")]
#[schemars(with = "u32")]
pub struct DiskSize(pub u32);

impl TryFrom<i64> for DiskSize {
    type Error = String;

    fn try_from(given: i64) -> Result<Self, Self::Error> {
        match u32::try_from(given) {
            Ok(size @ 20..=16384) => Ok(Self(size)),
            _ => Err(format!(
                "{given} GB does not fit: the root disk of an EKS node takes 20 to 16384 GB"
            )),
        }
    }
}

impl From<DiskSize> for i64 {
    fn from(value: DiskSize) -> Self {
        i64::from(value.0)
    }
}

impl Default for DiskSize {
    fn default() -> Self {
        Self(20)
    }
}

/// An instance type. Where its price is unknown, everything but the cost is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct InstanceType(pub String);

impl TryFrom<String> for InstanceType {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        let known = catalogue::instance_types();
        if known.contains(&given.as_str()) {
            return Ok(Self(given));
        }
        let family = given.split('.').next().unwrap_or_default();
        let near: Vec<_> = known
            .iter()
            .filter(|name| name.starts_with(family))
            .copied()
            .collect();
        if family.is_empty() || near.is_empty() {
            return Err(format!(
                "unknown instance type `{given}`: it should look like t3.medium"
            ));
        }
        Err(format!(
            "unknown instance type `{given}`; known: {}",
            near.join(", ")
        ))
    }
}

impl From<InstanceType> for String {
    fn from(value: InstanceType) -> Self {
        value.0
    }
}

/// Node groups: at least one, with different names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<NodeGroup>", into = "Vec<NodeGroup>")]
#[schemars(with = "Vec<NodeGroup>")]
pub struct NodeGroups(pub Vec<NodeGroup>);

impl TryFrom<Vec<NodeGroup>> for NodeGroups {
    type Error = String;

    fn try_from(given: Vec<NodeGroup>) -> Result<Self, Self::Error> {
        if given.is_empty() {
            return Err("at least one node group is needed".to_owned());
        }
        for (index, group) in given.iter().enumerate() {
            if given[..index].iter().any(|other| other.name == group.name) {
                return Err(format!(
                    "two node groups are named `{}`",
                    group.name.as_str()
                ));
            }
        }
        Ok(Self(given))
    }
}

impl From<NodeGroups> for Vec<NodeGroup> {
    fn from(value: NodeGroups) -> Self {
        value.0
    }
}

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

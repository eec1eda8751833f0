//! The `cluster` block of an AKS scenario: what is asked for, checked as it is read.
//!
//! Only the cloud can say whether a location, size or version exists.

mod network;
mod pool;

use ipnet::Ipv4Net;
use kubeproof_contract::checked_text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use network::{Cidr, ExistingSubnet, NetworkName, Outbound};
pub use pool::{Autoscaling, DiskSize, NodeCount, NodePool, NodePools, Taint, TaintEffect};

/// The AKS cluster that a scenario asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AksSpec {
    /// The id of the subscription, which must exist and be enabled.
    pub subscription: SubscriptionId,
    /// A location such as `eastus`.
    pub location: Location,
    /// Kubernetes version, in quotes: `"1.34"`. Without it: the default of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes_version: Option<KubernetesVersion>,
    /// What is promised of the control plane, and paid for it.
    #[serde(default)]
    pub tier: SkuTier,
    /// A resource group that is there, and stays with all that is not the run's; without it the run makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<GroupName>,
    /// Who the control plane acts as.
    #[serde(default)]
    pub identity: Identity,
    /// A subnet that is there, for the nodes; without it the run makes a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<ExistingSubnet>,
    /// The range of addresses of a network that the run makes: nodes get the first quarter of it.
    #[serde(default = "network::addresses")]
    #[schemars(with = "String")]
    pub network_cidr: Cidr,
    /// How nodes reach the internet.
    #[serde(default)]
    pub outbound: Outbound,
    /// Node pools: at least one; the first one is the system's.
    pub node_pools: NodePools,
}

/// Who a control plane acts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// A managed identity in the run's resource group.
    #[default]
    Managed,
    /// An application in the directory with a service principal and a secret.
    ServicePrincipal,
}

/// A tier of the control plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SkuTier {
    /// Nothing is promised, and nothing is paid.
    #[default]
    Free,
    /// With an agreement on availability.
    Standard,
}

impl SkuTier {
    /// As the API writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::Standard => "Standard",
        }
    }
}

/// Whether a text is a GUID.
pub(crate) fn is_guid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

checked_text!(
    /// The id of a subscription.
    SubscriptionId,
    is_guid,
    "is no subscription id such as 00000000-0000-0000-0000-000000000001"
);

checked_text!(
    /// The name of a resource group.
    GroupName,
    |text| (1..=90).contains(&text.chars().count())
        && !text.ends_with('.')
        && text.chars().all(|c| c.is_alphanumeric() || "-_.()".contains(c)),
    "is no name of a resource group: 1 to 90 letters, digits, dashes, underscores, dots and brackets"
);

checked_text!(
    /// A location.
    Location,
    |text| (4..=30).contains(&text.len()) && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
    "is no location such as eastus"
);

checked_text!(
    /// A Kubernetes version, or the beginning of one.
    KubernetesVersion,
    |text| text.split_once('.').is_some_and(|(major, rest)| {
        let mut parts = rest.split('.');
        major == "1" && parts.clone().count() <= 2 && parts.all(|part| part.parse::<u8>().is_ok())
    }),
    "is no Kubernetes version such as \"1.34\" or \"1.34.1\" (write it in quotes)"
);

checked_text!(
    /// A size of machines.
    VmSize,
    |text| text.starts_with("Standard_") && text.len() > 10 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
    "is no size of machines such as Standard_D2s_v3"
);

impl Default for AksSpec {
    fn default() -> Self {
        Self {
            subscription: SubscriptionId("00000000-0000-0000-0000-000000000001".to_owned()),
            location: Location("eastus".to_owned()),
            kubernetes_version: None,
            tier: SkuTier::default(),
            resource_group: None,
            identity: Identity::default(),
            network: None,
            network_cidr: network::addresses(),
            outbound: Outbound::default(),
            node_pools: NodePools(Vec::new()),
        }
    }
}

impl AksSpec {
    /// The nodes that are asked for.
    pub fn nodes(&self) -> u32 {
        self.node_pools.0.iter().map(|pool| pool.count.0).sum()
    }

    /// Why this cannot work, if it cannot.
    pub fn problem(&self) -> Option<String> {
        if self.network.is_some() && self.network_cidr != network::addresses() {
            return Some(
                "network_cidr: the subnet that `network` names has its own range: leave one of them out".to_owned(),
            );
        }
        if self.network.is_some() && self.outbound == Outbound::NatGateway {
            return Some(
                "outbound: a NAT gateway would change the subnet that `network` names, which stays as it is: leave one of \
                 them out"
                    .to_owned(),
            );
        }
        let services = Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 16);
        let own = self.network_cidr.0;
        if own.contains(&services) || services.contains(&own) {
            return Some(format!(
                "network_cidr: {own} overlaps with {services}, which services get"
            ));
        }
        None
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The checklist's cluster: two nodes.
    pub(crate) fn two_nodes() -> Value {
        json!({
            "subscription": "00000000-0000-0000-0000-000000000001", "location": "eastus",
            "node_pools": [{"name": "main", "vm_size": "Standard_D2s_v3", "count": 2}],
        })
    }

    /// The same with other members.
    pub(crate) fn spec(change: Value) -> AksSpec {
        let mut value = two_nodes();
        if let (Some(value), Value::Object(change)) = (value.as_object_mut(), change) {
            value.extend(change);
        }
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_cannot_be_right_is_refused_as_it_is_read() {
        let check = |member: &str, value: Value, expected: &str| {
            let mut whole = two_nodes();
            whole[member] = value;
            let error = serde_json::from_value::<AksSpec>(whole)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(
            "subscription",
            json!("mine"),
            "`mine` is no subscription id",
        );
        check("location", json!("East US"), "`East US` is no location");
        check(
            "kubernetes_version",
            json!("2.1"),
            "is no Kubernetes version",
        );
        check("tier", json!("premium"), "unknown variant `premium`");
        check(
            "network_cidr",
            json!("10.1.0.1/16"),
            "the network is 10.1.0.0/16",
        );
        check("network_cidr", json!("10.1.0.0/26"), "takes /8 to /24");
        check("node_pools", json!([]), "at least one node pool");
        check("identity", json!("mine"), "unknown variant `mine`");
        check(
            "resource_group",
            json!("g/h"),
            "is no name of a resource group",
        );
        let network = json!({"resource_group": "g", "virtual_network": "v/w", "subnet": "s"});
        check("network", network, "is no name of a network");
        check("moons", json!(1), "unknown field `moons`");
    }

    #[test]
    fn the_network_must_not_overlap_with_that_of_services() {
        assert_eq!(spec(json!({})).problem(), None);
        let overlapping = spec(json!({"network_cidr": "10.0.0.0/20"})).problem();
        assert!(overlapping.unwrap().contains("overlaps with 10.0.0.0/16"));
    }

    #[test]
    fn a_network_is_made_or_there_and_not_both() {
        let network = json!({"resource_group": "g", "virtual_network": "v", "subnet": "s"});
        assert_eq!(spec(json!({"network": network})).problem(), None);
        let both = spec(json!({"network": network, "network_cidr": "10.9.0.0/16"})).problem();
        assert!(both.unwrap().contains("leave one of them out"));
    }

    #[test]
    fn a_subnet_of_others_gets_no_gateway() {
        let network = json!({"resource_group": "g", "virtual_network": "v", "subnet": "s"});
        let outbound = json!("nat-gateway");
        assert_eq!(spec(json!({"outbound": outbound})).problem(), None);
        let both = spec(json!({"network": network, "outbound": outbound})).problem();
        assert!(both.unwrap().starts_with("outbound: a NAT gateway"));
    }
}

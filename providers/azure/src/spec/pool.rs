//! The node pools that a scenario asks for.

use std::collections::BTreeMap;

use kubeproof_contract::{checked_number, checked_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VmSize;

checked_text!(
    /// The name of a node pool.
    PoolName,
    |text| (1..=12).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
    "is no name of a node pool: 1 to 12 lower-case letters and digits, beginning with a letter"
);

/// A node pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodePool {
    /// Name: lower-case letters and digits.
    pub name: PoolName,
    /// Size of the machines, such as `Standard_D2s_v3`.
    pub vm_size: VmSize,
    /// Number of nodes.
    pub count: NodeCount,
    /// Disk of each node, GiB. It is billed by the next larger tier.
    #[serde(default)]
    pub disk_gb: DiskSize,
    /// Whether nodes are spare capacity that may be taken away.
    #[serde(default)]
    pub spot: bool,
    /// Zones of the location, such as `"1"`; without them the nodes are in none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// The least and most nodes, when the cluster decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// Labels of the nodes in Kubernetes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Taints of the nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
}

/// A taint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
    /// What it does to pods that do not tolerate it.
    pub effect: TaintEffect,
}

impl Taint {
    /// Whether the pods that every cluster has stay away: they tolerate only one taint (AKS, "Use system node pools").
    fn keeps_system_pods_away(&self) -> bool {
        self.effect != TaintEffect::PreferNoSchedule && self.key != "CriticalAddonsOnly"
    }

    /// As the API writes it: `key=value:NoSchedule`.
    pub fn text(&self) -> String {
        format!("{}={}:{:?}", self.key, self.value, self.effect)
    }
}

/// What a taint does, in Kubernetes' own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TaintEffect {
    /// New pods stay away.
    NoSchedule,
    /// New pods stay away if there is another place.
    PreferNoSchedule,
    /// Pods go away.
    NoExecute,
}

/// The limits of an autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Autoscaling {
    /// The least nodes.
    pub min: u32,
    /// The most nodes.
    pub max: u32,
}

checked_number!(
    /// A number of nodes.
    NodeCount,
    1..=100,
    "is not a number of nodes from 1 to 100"
);

checked_number!(
    /// The size of a node's disk, GiB.
    DiskSize,
    30..=2048,
    "GiB does not fit: the disk of a node takes 30 to 2048 GiB"
);

impl Default for DiskSize {
    fn default() -> Self {
        Self(128)
    }
}

/// Node pools with different names, at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<NodePool>", into = "Vec<NodePool>")]
#[schemars(with = "Vec<NodePool>")]
pub struct NodePools(pub Vec<NodePool>);

impl TryFrom<Vec<NodePool>> for NodePools {
    type Error = String;

    fn try_from(given: Vec<NodePool>) -> Result<Self, Self::Error> {
        let Some(system) = given.first() else {
            return Err(
                "at least one node pool is needed: the first one is the system's".to_owned(),
            );
        };
        if system.spot {
            return Err(format!(
                "node pool `{}` is the system's, which cannot be spot",
                system.name.0
            ));
        }
        if system.taints.iter().any(Taint::keeps_system_pods_away) {
            return Err(format!(
                "node pool `{}` is the system's, whose pods its taints would keep away",
                system.name.0
            ));
        }
        for (index, pool) in given.iter().enumerate() {
            let name = &pool.name.0;
            if given[..index].iter().any(|other| other.name == pool.name) {
                return Err(format!("two node pools are named `{name}`"));
            }
            let limits = pool.autoscaling;
            if limits.is_some_and(|limits| !(limits.min..=limits.max).contains(&pool.count.0)) {
                return Err(format!(
                    "node pool `{name}` begins outside of its autoscaling limits"
                ));
            }
        }
        Ok(Self(given))
    }
}

impl From<NodePools> for Vec<NodePool> {
    fn from(value: NodePools) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn pools_that_cannot_be_meant_are_refused() {
        let check = |change: Value, expected: &str| {
            let mut pool = json!({"name": "main", "vm_size": "Standard_D2s_v3", "count": 2});
            if let (Some(pool), Value::Object(change)) = (pool.as_object_mut(), change) {
                pool.extend(change);
            }
            let read = serde_json::from_value::<NodePools>(json!([pool]));
            match read.map_err(|error| error.to_string()) {
                Ok(_) => assert_eq!(expected, ""),
                Err(error) => assert!(!expected.is_empty() && error.contains(expected), "{error}"),
            }
        };
        check(json!({}), "");
        check(json!({"autoscaling": {"min": 1, "max": 3}}), "");
        check(
            json!({"autoscaling": {"min": 3, "max": 4}}),
            "outside of its autoscaling limits",
        );
        check(json!({"name": "node-pool"}), "is no name of a node pool");
        check(json!({"vm_size": "big"}), "is no size of machines");
        check(json!({"count": 0}), "0 is not a number of nodes");
        check(json!({"disk_gb": 5}), "takes 30 to 2048 GiB");
        check(json!({"spot": true}), "cannot be spot");
        let taint = |key: &str, effect: &str| json!({"taints": [{"key": key, "effect": effect}]});
        check(taint("gpu", "NoSchedule"), "would keep away");
        check(taint("gpu", "PreferNoSchedule"), "");
        check(taint("CriticalAddonsOnly", "NoSchedule"), "");
        check(taint("gpu", "Never"), "unknown variant `Never`");
    }
}

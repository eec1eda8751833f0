//! The node pools that a scenario asks for.

use std::collections::BTreeMap;

use kubeproof_contract::checked_number;
use kubeproof_contract::scenario::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MachineType;

/// A node pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodePool {
    /// Name: lower-case letters, digits and dashes.
    pub name: Name,
    /// Machine type, such as `e2-standard-2`.
    pub machine_type: MachineType,
    /// Number of nodes, in each zone.
    pub count: NodeCount,
    /// Boot disk, GB.
    #[serde(default)]
    pub disk_gb: DiskSize,
    /// Type of the boot disk.
    #[serde(default)]
    pub disk_type: DiskType,
    /// Whether nodes are spare capacity that may be taken away.
    #[serde(default)]
    pub spot: bool,
    /// The least and most nodes in each zone, when the cluster decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// Labels of the nodes in Kubernetes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Taints of the nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
}

/// The limits of an autoscaler, in each zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Limits", into = "Limits")]
#[schemars(with = "Limits")]
pub struct Autoscaling {
    /// The least nodes.
    pub min: u32,
    /// The most nodes.
    pub max: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Limits {
    min: u32,
    max: u32,
}

impl TryFrom<Limits> for Autoscaling {
    type Error = String;

    fn try_from(Limits { min, max }: Limits) -> Result<Self, Self::Error> {
        if min <= max && (1..=100).contains(&max) {
            Ok(Self { min, max })
        } else {
            Err(format!(
                "{min} to {max} nodes do not fit: min is at most max, max is 1 to 100"
            ))
        }
    }
}

impl From<Autoscaling> for Limits {
    fn from(Autoscaling { min, max }: Autoscaling) -> Self {
        Self { min, max }
    }
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

impl TaintEffect {
    /// As the API writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoSchedule => "NO_SCHEDULE",
            Self::PreferNoSchedule => "PREFER_NO_SCHEDULE",
            Self::NoExecute => "NO_EXECUTE",
        }
    }
}

/// The type of a boot disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiskType {
    /// Standard.
    PdStandard,
    /// Balanced: what Kubernetes Engine takes by itself.
    #[default]
    PdBalanced,
    /// SSD.
    PdSsd,
}

impl DiskType {
    /// As API and price list write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::PdStandard => "pd-standard",
            Self::PdBalanced => "pd-balanced",
            Self::PdSsd => "pd-ssd",
        }
    }
}

checked_number!(
    /// A number of nodes in each zone.
    NodeCount,
    1..=100,
    "is not a number of nodes from 1 to 100"
);

checked_number!(
    /// The size of a boot disk, GB.
    DiskSize,
    12..=65536,
    "GB does not fit: the boot disk of a node takes 12 to 65536 GB"
);

impl Default for DiskSize {
    fn default() -> Self {
        Self(100)
    }
}

/// Node pools with different names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<NodePool>", into = "Vec<NodePool>")]
#[schemars(with = "Vec<NodePool>")]
pub struct NodePools(pub Vec<NodePool>);

impl TryFrom<Vec<NodePool>> for NodePools {
    type Error = String;

    fn try_from(given: Vec<NodePool>) -> Result<Self, Self::Error> {
        for (index, pool) in given.iter().enumerate() {
            let name = pool.name.as_str();
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
            let mut pool = json!({"name": "main", "machine_type": "e2-standard-2", "count": 2});
            if let (Some(pool), Value::Object(change)) = (pool.as_object_mut(), change) {
                pool.extend(change);
            }
            let read = serde_json::from_value::<NodePools>(json!([pool]));
            let error = read.map(|_| ()).map_err(|error| error.to_string());
            match error {
                Ok(()) => assert_eq!(expected, ""),
                Err(error) => assert!(!expected.is_empty() && error.contains(expected), "{error}"),
            }
        };
        check(json!({}), "");
        check(json!({"autoscaling": {"min": 1, "max": 3}}), "");
        check(
            json!({"autoscaling": {"min": 3, "max": 1}}),
            "3 to 1 nodes do not fit",
        );
        check(
            json!({"autoscaling": {"min": 3, "max": 4}}),
            "outside of its autoscaling limits",
        );
        check(json!({"count": 0}), "0 is not a number of nodes");
        check(json!({"disk_gb": 5}), "takes 12 to 65536 GB");
        check(json!({"machine_type": "big"}), "is no machine type");
        check(
            json!({"taints": [{"key": "a", "effect": "Never"}]}),
            "unknown variant `Never`",
        );
        let pool = json!({"name": "main", "machine_type": "e2-standard-2", "count": 2});
        let twice = serde_json::from_value::<NodePools>(json!([pool, pool]));
        assert!(
            twice
                .unwrap_err()
                .to_string()
                .contains("two node pools are named `main`")
        );
    }
}

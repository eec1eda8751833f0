//! The `cluster` block of a GKE scenario: what is asked for, checked as it is read.
//!
//! Only the cloud can say whether a location, machine type or version exists.

mod billing_export;
mod network;
mod node_pool;

use kubeproof_contract::checked_text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use billing_export::BillingExport;
pub use network::{Cidr, ExistingNetwork, Network};
pub use node_pool::{
    Autoscaling, DiskSize, DiskType, NodeCount, NodePool, NodePools, Taint, TaintEffect,
};

/// The zones over which Kubernetes Engine spreads a regional cluster when it is not told which.
const ZONES_OF_A_REGION: u32 = 3;

/// The GKE cluster that a scenario asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GkeSpec {
    /// The id of the project, which must exist and be billed.
    pub project: ProjectId,
    /// A zone such as `us-central1-a`, or a region such as `us-central1` for a control plane and nodes in three zones.
    pub location: Location,
    /// Whether nodes are asked for (`standard`) or made for what runs (`autopilot`).
    #[serde(default)]
    pub mode: Mode,
    /// The release channel.
    #[serde(default)]
    pub release_channel: Channel,
    /// Kubernetes version, in quotes: `"1.34"`. Without it: the default of the release channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes_version: Option<KubernetesVersion>,
    /// The network; without it one of its own, and nodes with public addresses.
    #[serde(default)]
    pub network: Network,
    /// Node pools: at least one in mode `standard`, none in `autopilot`.
    #[serde(default)]
    pub node_pools: NodePools,
    /// APIs that the workload needs besides the cluster's own, such as `monitoring.googleapis.com`: those that are
    /// disabled are enabled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<ApiName>,
    /// Whether teardown disables the APIs again that were disabled before the run. Where the cluster's own are among
    /// them, an audit after it is unknown: what a disabled API has cannot be listed.
    #[serde(default)]
    pub restore_apis: bool,
    /// The table of the detailed billing export in `BigQuery`, as `project.dataset.table`. Without it, nothing says what was
    /// billed: Google has no other billing API. Reading it takes `roles/bigquery.jobUser` in `project` and
    /// `roles/bigquery.dataViewer` on the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_export: Option<BillingExport>,
}

/// Who decides on nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Node pools as asked for.
    #[default]
    Standard,
    /// Nodes as pods need them.
    Autopilot,
}

/// A release channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// The newest versions.
    Rapid,
    /// The default.
    #[default]
    Regular,
    /// Versions that were proven for months.
    Stable,
    /// Versions that are supported for longer, at a surcharge once they are old.
    Extended,
}

impl Channel {
    /// As the API writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rapid => "RAPID",
            Self::Regular => "REGULAR",
            Self::Stable => "STABLE",
            Self::Extended => "EXTENDED",
        }
    }
}

/// Lower-case letters, digits and dashes, beginning with a letter and not ending with a dash.
pub(crate) fn is_name(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    lengths.contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(allowed)
}

checked_text!(
    /// The id of a project.
    ProjectId,
    |text| is_name(text, 6..=30),
    "is no project id: 6 to 30 lower-case letters, digits and dashes, beginning with a letter"
);

checked_text!(
    /// A zone or region.
    Location,
    |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let zone = |part: &str| part.len() == 1 && part.chars().all(|c| c.is_ascii_lowercase());
        let region = |part: &str| part.ends_with(|c: char| c.is_ascii_digit());
        match parts.as_slice() {
            [_, second] => is_name(text, 4..=40) && region(second),
            [_, second, third] => is_name(text, 4..=40) && region(second) && zone(third),
            _ => false,
        }
    },
    "is no zone such as us-central1-a and no region such as us-central1"
);

checked_text!(
    /// A Kubernetes version, or the beginning of one.
    KubernetesVersion,
    |text| text.split_once('.').is_some_and(|(major, rest)| {
        let minor = rest.split('.').next().unwrap_or_default();
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        major == "1" && minor.parse::<u8>().is_ok() && rest.chars().all(allowed)
    }),
    "is no Kubernetes version such as \"1.34\" or \"1.34.1-gke.100\" (write it in quotes)"
);

checked_text!(
    /// The name of an API.
    ApiName,
    |text| text
        .strip_suffix(".googleapis.com")
        .is_some_and(|name| is_name(name, 2..=63)),
    "is no name of an API such as monitoring.googleapis.com"
);

checked_text!(
    /// A machine type.
    MachineType,
    |text| is_name(text, 3..=64) && text.contains('-'),
    "is no machine type such as e2-standard-2"
);

impl Location {
    /// Whether it is a region.
    pub fn is_region(&self) -> bool {
        self.0.matches('-').count() == 1
    }

    /// Its region; itself if it is one.
    pub fn region(&self) -> &str {
        match self.0.rsplit_once('-') {
            Some((region, _)) if !self.is_region() => region,
            _ => &self.0,
        }
    }
}

/// A cluster of no scenario, in the project that is simulated where none is named.
impl Default for GkeSpec {
    fn default() -> Self {
        Self {
            project: ProjectId("kubeproof-rehearsal".to_owned()),
            location: Location("us-central1-a".to_owned()),
            mode: Mode::default(),
            release_channel: Channel::default(),
            kubernetes_version: None,
            network: Network::default(),
            node_pools: NodePools::default(),
            apis: Vec::new(),
            restore_apis: false,
            billing_export: None,
        }
    }
}

impl GkeSpec {
    /// The zones that have nodes.
    pub fn zones(&self) -> u32 {
        if self.location.is_region() {
            ZONES_OF_A_REGION
        } else {
            1
        }
    }

    /// The nodes that are asked for; none in mode `autopilot`, where only the cloud knows.
    pub fn nodes(&self) -> u32 {
        let pools = self.node_pools.0.iter().map(|pool| pool.count.0);
        pools.sum::<u32>() * self.zones()
    }

    /// Why this cannot work, if it cannot.
    pub fn problem(&self) -> Option<String> {
        if let Some(problem) = self.network.problem() {
            return Some(problem.to_owned());
        }
        match (self.mode, self.node_pools.0.is_empty()) {
            (Mode::Standard, true) => {
                Some("node_pools: at least one is needed in mode standard".to_owned())
            }
            (Mode::Autopilot, false) => {
                Some("node_pools: mode autopilot makes its nodes itself".to_owned())
            }
            (Mode::Autopilot, true) if !self.location.is_region() => {
                Some("location: mode autopilot takes a region".to_owned())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The checklist's cluster: two nodes in one zone.
    pub(crate) fn two_nodes() -> Value {
        json!({
            "project": "my-project", "location": "us-central1-a",
            "node_pools": [{"name": "main", "machine_type": "e2-standard-2", "count": 2}],
        })
    }

    /// The same with other members.
    pub(crate) fn spec(change: Value) -> GkeSpec {
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
            let error = serde_json::from_value::<GkeSpec>(whole)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(
            "project",
            json!("My_Project"),
            "`My_Project` is no project id",
        );
        check("location", json!("Iowa"), "`Iowa` is no zone such as");
        check("location", json!("us-central1-abc"), "is no zone");
        check(
            "kubernetes_version",
            json!("2.1"),
            "is no Kubernetes version",
        );
        check(
            "release_channel",
            json!("weekly"),
            "unknown variant `weekly`",
        );
        check(
            "apis",
            json!(["monitoring"]),
            "`monitoring` is no name of an API such as",
        );
        check("moons", json!(1), "unknown field `moons`");
    }

    #[test]
    fn a_region_has_three_zones_and_each_the_nodes_of_a_pool() {
        let check = |location: &str, region: &str, zones: u32, nodes: u32| {
            let spec = spec(json!({ "location": location }));
            let seen = (spec.location.region(), spec.zones(), spec.nodes());
            assert_eq!(seen, (region, zones, nodes), "{location}");
        };
        check("us-central1-a", "us-central1", 1, 2);
        check("us-central1", "us-central1", 3, 6);
        check("northamerica-northeast1-b", "northamerica-northeast1", 1, 2);
    }

    #[test]
    fn what_single_members_cannot_show_is_a_problem() {
        let check = |change: Value, expected: Option<&str>| {
            let problem = spec(change).problem();
            assert_eq!(problem.is_some(), expected.is_some(), "{problem:?}");
            let text = problem.unwrap_or_default();
            assert!(text.contains(expected.unwrap_or_default()), "{text}");
        };
        check(json!({}), None);
        check(json!({"node_pools": []}), Some("at least one is needed"));
        let autopilot = json!({"mode": "autopilot", "location": "us-central1", "node_pools": []});
        check(autopilot, None);
        check(json!({"mode": "autopilot"}), Some("makes its nodes itself"));
        check(
            json!({"mode": "autopilot", "node_pools": []}),
            Some("takes a region"),
        );
        check(json!({"network": {"nat": true}}), Some("private_nodes"));
    }
}

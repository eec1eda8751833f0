//! The cluster as the cloud shows it, and whether it is as asked for.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::run::Run;
use serde::Deserialize;

use super::super::READ;
use super::{Findings, is_version};
use crate::api::Api;
use crate::api::types::{Condition, last};
use crate::marks;
use crate::spec::{GkeSpec, Mode};

/// A cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) location: String,
    pub(super) current_master_version: String,
    pub(super) release_channel: Channel,
    pub(super) autopilot: Flag,
    pub(super) resource_labels: BTreeMap<String, String>,
    pub(super) network_config: NetworkConfig,
    pub(super) ip_allocation_policy: Ranges,
    pub(super) private_cluster_config: Private,
    pub(super) node_pools: Vec<Pool>,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Channel {
    channel: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Flag {
    enabled: bool,
}

/// Links of the network and subnetwork.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NetworkConfig {
    network: String,
    subnetwork: String,
    default_enable_private_nodes: bool,
}

impl NetworkConfig {
    pub(super) fn network(&self) -> &str {
        last(&self.network).unwrap_or_default()
    }

    pub(super) fn subnetwork(&self) -> &str {
        last(&self.subnetwork).unwrap_or_default()
    }
}

/// The names of the ranges of pods and services.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Ranges {
    pub(super) use_ip_aliases: bool,
    pub(super) cluster_secondary_range_name: String,
    pub(super) services_secondary_range_name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Private {
    enable_private_nodes: bool,
}

/// A node pool.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) locations: Vec<String>,
    pub(super) config: PoolConfig,
    pub(super) autoscaling: Autoscaling,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PoolConfig {
    pub(super) machine_type: String,
    pub(super) disk_size_gb: u32,
    pub(super) disk_type: String,
    pub(super) spot: bool,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) taints: Vec<Taint>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default)]
pub(super) struct Taint {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) effect: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Autoscaling {
    pub(super) enabled: bool,
    pub(super) min_node_count: u32,
    pub(super) max_node_count: u32,
}

/// The cluster of the run's name, if there is one.
pub(super) async fn read(api: &Api, spec: &GkeSpec, run: &Run) -> Result<Option<Seen>, CallError> {
    let name = run.name("");
    let parameters = [spec.project.0.as_str(), spec.location.0.as_str(), &name];
    let call = RestCall::new("projects.locations.clusters.get", &parameters);
    match api.container.call(READ, call).await {
        Err(error) if error.is_not_found() => Ok(None),
        read => read.map(Some),
    }
}

/// What conditions say.
pub(super) fn told(conditions: &[Condition]) -> String {
    let told = conditions.iter().map(|one| {
        let code = [&one.code, &one.canonical_code];
        let code = code.into_iter().find(|code| !code.is_empty());
        format!("{} {}", code.map_or("", String::as_str), one.message)
    });
    told.collect::<Vec<_>>().join("; ")
}

pub(super) fn judge(spec: &GkeSpec, run: &Run, cluster: Option<&Seen>) -> Findings {
    let mut found = Findings::default();
    let Some(cluster) = cluster else {
        let (name, location) = (run.name(""), &spec.location.0);
        found
            .wrong
            .push(format!("there is no cluster {name} in {location}"));
        return found;
    };
    let status = cluster.status.as_str();
    // One that is RECONCILING serves, and is brought to a newer version meanwhile.
    let runs = matches!(status, "RUNNING" | "RECONCILING");
    found.require(runs, || format!("it is {status}"));
    found.require(cluster.conditions.is_empty(), || told(&cluster.conditions));
    let (location, asked) = (&cluster.location, &spec.location.0);
    found.require(location == asked, || {
        format!("it is in {location}, asked for {asked}")
    });
    let version = &cluster.current_master_version;
    if let Some(asked) = &spec.kubernetes_version {
        let asked = &asked.0;
        found.require(is_version(version, asked), || {
            format!("its version is {version}, asked for {asked}")
        });
    }
    let (channel, asked) = (
        &cluster.release_channel.channel,
        spec.release_channel.word(),
    );
    found.require(channel == asked, || {
        format!("its release channel is `{channel}`, asked for {asked}")
    });
    let is_autopilot = cluster.autopilot.enabled;
    found.require(is_autopilot == (spec.mode == Mode::Autopilot), || {
        let asked = if is_autopilot {
            "standard"
        } else {
            "autopilot"
        };
        format!("its mode is not {asked}")
    });
    let is_private = cluster.private_cluster_config.enable_private_nodes
        || cluster.network_config.default_enable_private_nodes;
    found.require(is_private == spec.network.private_nodes, || {
        let is = if is_private { "has" } else { "does not have" };
        format!("it {is} private nodes")
    });
    let is_marked = marks::are_of(run, &cluster.resource_labels);
    found.require(is_marked, || "it does not carry the run's label".to_owned());
    found.note(format!(
        "{} is {status} in {location}, {version}, {channel}",
        cluster.name
    ));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::tests::spec;

    fn run() -> Run {
        Run::new("r1", "me", jiff::Timestamp::UNIX_EPOCH)
    }

    #[track_caller]
    fn check(asked: Value, change: Value, expected: &[&str]) {
        let mut cluster = json!({
            "name": "kp-r1", "status": "RUNNING", "location": "us-central1-a",
            "currentMasterVersion": "1.34.1-gke.1", "releaseChannel": {"channel": "REGULAR"},
            "resourceLabels": {"kubeproof-run": "r1"},
        });
        if let (Some(cluster), Value::Object(change)) = (cluster.as_object_mut(), change) {
            cluster.extend(change);
        }
        let cluster: Seen = serde_json::from_value(cluster).expect("a cluster");
        assert_eq!(judge(&spec(asked), &run(), Some(&cluster)).wrong, expected);
    }

    #[test]
    fn a_cluster_that_is_not_as_asked_for_is_told_point_by_point() {
        check(json!({"kubernetes_version": "1.34"}), json!({}), &[]);
        check(json!({}), json!({"status": "RECONCILING"}), &[]);
        check(
            json!({}),
            json!({"status": "PROVISIONING"}),
            &["it is PROVISIONING"],
        );
        check(
            json!({"kubernetes_version": "1.33"}),
            json!({}),
            &["its version is 1.34.1-gke.1, asked for 1.33"],
        );
        check(
            json!({"release_channel": "stable"}),
            json!({}),
            &["its release channel is `REGULAR`, asked for STABLE"],
        );
        check(
            json!({}),
            json!({"location": "us-central1"}),
            &["it is in us-central1, asked for us-central1-a"],
        );
        check(
            json!({}),
            json!({"autopilot": {"enabled": true}}),
            &["its mode is not standard"],
        );
        check(
            json!({"network": {"private_nodes": true}}),
            json!({}),
            &["it does not have private nodes"],
        );
        check(
            json!({}),
            json!({"resourceLabels": {"kubeproof-run": "r2"}}),
            &["it does not carry the run's label"],
        );
        let stock_out = json!([{"code": "GCE_STOCKOUT", "message": "No machines."}]);
        check(
            json!({}),
            json!({ "conditions": stock_out }),
            &["GCE_STOCKOUT No machines."],
        );
        let none = judge(&spec(json!({})), &run(), None).wrong;
        assert_eq!(none, ["there is no cluster kp-r1 in us-central1-a"]);
    }
}

//! The cluster as the cloud shows it, and whether it is as asked for.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_contract::run::Run;
use serde::Deserialize;
use serde_json::Value;

use super::Findings;
use crate::api::Api;
use crate::spec::AksSpec;

/// A cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) name: String,
    location: String,
    tags: Option<BTreeMap<String, String>>,
    sku: Sku,
    pub(super) identity: Option<Identity>,
    pub(super) properties: Properties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Sku {
    tier: String,
}

/// Who the control plane acts as, unless it is a service principal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Identity {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) principal_id: String,
    pub(super) user_assigned_identities: BTreeMap<String, Principal>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Principal {
    #[serde(alias = "objectId")]
    pub(super) principal_id: String,
    pub(super) client_id: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Properties {
    provisioning_state: String,
    power_state: Code,
    current_kubernetes_version: String,
    pub(super) node_resource_group: String,
    pub(super) network_profile: NetworkProfile,
    pub(super) service_principal_profile: Client,
    pub(super) identity_profile: BTreeMap<String, Principal>,
    status: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NetworkProfile {
    pub(super) outbound_type: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Code {
    pub(super) code: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Client {
    pub(super) client_id: String,
}

/// The cluster of the run's name, if there is one.
pub(super) async fn read(api: &Api, spec: &AksSpec, run: &Run) -> Result<Option<Seen>, CallError> {
    let (group, name) = (super::super::group(spec, run), run.name(""));
    let parameters = [spec.subscription.0.as_str(), &group, &name];
    api.find("managedClusters.get", &parameters).await
}

pub(super) fn judge(spec: &AksSpec, run: &Run, cluster: Option<&Seen>) -> Findings {
    let mut found = Findings::default();
    let Some(cluster) = cluster else {
        let (name, group) = (run.name(""), super::super::group(spec, run));
        let wrong = format!("there is no cluster {name} in resource group {group}");
        found.wrong.push(wrong);
        return found;
    };
    let properties = &cluster.properties;
    let (state, power) = (&properties.provisioning_state, &properties.power_state.code);
    found.require(state == "Succeeded", || {
        format!("it is {state}{}", why(&properties.status))
    });
    found.require(power == "Running", || {
        format!("its power state is `{power}`")
    });
    let (location, asked) = (&cluster.location, &spec.location.0);
    found.require(location == asked, || {
        format!("it is in {location}, asked for {asked}")
    });
    let version = &properties.current_kubernetes_version;
    if let Some(asked) = &spec.kubernetes_version {
        let asked = &asked.0;
        found.require(super::is_version(version, asked), || {
            format!("its version is {version}, asked for {asked}")
        });
    }
    let (tier, asked) = (&cluster.sku.tier, spec.tier.word());
    found.require(tier == asked, || {
        format!("its tier is `{tier}`, asked for {asked}")
    });
    let tags = cluster.tags.clone().unwrap_or_default();
    found.require(run.owns(&tags), || {
        "it does not carry the run's tag".to_owned()
    });
    let name = &cluster.name;
    found.note(format!(
        "{name} is {state} in {location}, {version}, {tier}"
    ));
    found
}

/// Why a cluster is not well, if it says so.
fn why(status: &Value) -> String {
    let error = &status["provisioningError"];
    let part = |member: &str| error[member].as_str().unwrap_or_default();
    match (part("code"), part("message")) {
        ("", "") => String::new(),
        (code, message) => format!(": {code} {message}"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::tests::spec;

    pub(in super::super) fn run() -> Run {
        Run::new("r1", "me", jiff::Timestamp::UNIX_EPOCH)
    }

    /// A cluster as asked for, with other members.
    pub(in super::super) fn seen(change: Value) -> Seen {
        let mut cluster = json!({
            "id": "/subscriptions/s/resourceGroups/kp-r1/providers/Microsoft.ContainerService/managedClusters/kp-r1",
            "name": "kp-r1", "location": "eastus", "sku": {"name": "Base", "tier": "Free"},
            "tags": {"kubeproof:run": "r1"},
            "properties": {
                "provisioningState": "Succeeded", "powerState": {"code": "Running"},
                "currentKubernetesVersion": "1.34.1", "nodeResourceGroup": "MC_kp-r1",
            },
        });
        merge(&mut cluster, change);
        serde_json::from_value(cluster).unwrap()
    }

    fn merge(into: &mut Value, change: Value) {
        match (into, change) {
            (Value::Object(into), Value::Object(change)) => {
                for (member, value) in change {
                    merge(into.entry(member).or_insert(Value::Null), value);
                }
            }
            (into, change) => *into = change,
        }
    }

    #[track_caller]
    fn check(asked: Value, change: Value, expected: &[&str]) {
        let wrong = judge(&spec(asked), &run(), Some(&seen(change))).wrong;
        assert_eq!(wrong, expected);
    }

    #[test]
    fn a_cluster_that_is_not_as_asked_for_is_told_point_by_point() {
        check(json!({"kubernetes_version": "1.34"}), json!({}), &[]);
        let failed = json!({"properties": {"provisioningState": "Failed",
            "status": {"provisioningError": {"code": "AllocationFailed", "message": "No machines."}}}});
        check(
            json!({}),
            failed,
            &["it is Failed: AllocationFailed No machines."],
        );
        check(
            json!({}),
            json!({"properties": {"powerState": {"code": "Stopped"}}}),
            &["its power state is `Stopped`"],
        );
        check(
            json!({"kubernetes_version": "1.33"}),
            json!({}),
            &["its version is 1.34.1, asked for 1.33"],
        );
        check(
            json!({"tier": "standard"}),
            json!({}),
            &["its tier is `Free`, asked for Standard"],
        );
        check(
            json!({}),
            json!({"location": "westus"}),
            &["it is in westus, asked for eastus"],
        );
        check(
            json!({}),
            json!({"tags": {"kubeproof:run": "r2"}}),
            &["it does not carry the run's tag"],
        );
        let none = judge(&spec(json!({})), &run(), None).wrong;
        assert_eq!(none, ["there is no cluster kp-r1 in resource group kp-r1"]);
    }
}

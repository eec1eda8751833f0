//! The node pools and their scale sets: as many machines of each as asked for, where and how they were asked for.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_cloudkit::CallError;
use serde::Deserialize;

use super::Findings;
use super::cluster::{Code, Seen};
use crate::api::Api;
use crate::spec::{AksSpec, NodePool, Taint};

/// The tag in which a scale set names its pool.
const POOL: &str = "aks-managed-poolName";

/// A node pool.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pool {
    name: String,
    pub(super) properties: PoolProperties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PoolProperties {
    provisioning_state: String,
    power_state: Code,
    vm_size: String,
    count: u32,
    mode: String,
    #[serde(rename = "osDiskSizeGB")]
    os_disk_size_gb: u32,
    scale_set_priority: String,
    availability_zones: Option<Vec<String>>,
    enable_auto_scaling: bool,
    min_count: u32,
    max_count: u32,
    node_labels: Option<BTreeMap<String, String>>,
    node_taints: Option<Vec<String>>,
    #[serde(rename = "vnetSubnetID")]
    pub(super) vnet_subnet_id: Option<String>,
}

/// A scale set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ScaleSet {
    id: String,
    name: String,
    tags: Option<BTreeMap<String, String>>,
    sku: Sku,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Sku {
    name: String,
    capacity: u32,
}

/// The pools of the cluster.
pub(super) async fn read(
    api: &Api,
    spec: &AksSpec,
    cluster: &Seen,
) -> Result<Vec<Pool>, CallError> {
    let group = super::group_of(&cluster.id);
    let parameters = [spec.subscription.0.as_str(), group, cluster.name.as_str()];
    api.list("agentPools.list", &parameters, None).await
}

pub(super) async fn judge(
    api: &Api,
    spec: &AksSpec,
    cluster: &Seen,
    pools: &[Pool],
) -> Result<Findings, CallError> {
    let operation = "virtualMachineScaleSets.listAll";
    let all: Vec<ScaleSet> = api
        .list(operation, &[spec.subscription.0.as_str()], None)
        .await?;
    let nodes = &cluster.properties.node_resource_group;
    let of_cluster = all.into_iter();
    let of_cluster = of_cluster.filter(|set| super::group_of(&set.id).eq_ignore_ascii_case(nodes));
    Ok(compare(spec, pools, &of_cluster.collect::<Vec<_>>()))
}

fn compare(spec: &AksSpec, pools: &[Pool], sets: &[ScaleSet]) -> Findings {
    let mut found = Findings::default();
    let asked: BTreeSet<&str> = spec
        .node_pools
        .0
        .iter()
        .map(|pool| pool.name.0.as_str())
        .collect();
    for pool in pools
        .iter()
        .filter(|pool| !asked.contains(pool.name.as_str()))
    {
        let name = &pool.name;
        found.wrong.push(format!("pool {name} was not asked for"));
    }
    for set in sets.iter().filter(|set| !asked.contains(pool_of(set))) {
        let (name, pool) = (&set.name, pool_of(set));
        found.wrong.push(format!(
            "scale set {name} is of the pool `{pool}`, which was not asked for"
        ));
    }
    for (index, wanted) in spec.node_pools.0.iter().enumerate() {
        let name = wanted.name.0.as_str();
        let Some(pool) = pools.iter().find(|pool| pool.name == name) else {
            found.wrong.push(format!("there is no pool {name}"));
            continue;
        };
        configuration(&mut found, wanted, &pool.properties, index == 0);
        placement(&mut found, wanted, &pool.properties);
        let own: Vec<&ScaleSet> = sets.iter().filter(|set| pool_of(set) == name).collect();
        machines(&mut found, wanted, &own);
    }
    found
}

fn pool_of(set: &ScaleSet) -> &str {
    let tag = set.tags.as_ref().and_then(|tags| tags.get(POOL));
    tag.map_or("", String::as_str)
}

fn configuration(found: &mut Findings, wanted: &NodePool, pool: &PoolProperties, is_first: bool) {
    let name = wanted.name.0.as_str();
    let mut equal = |what: &str, is: String, asked: String| {
        let wrong = || format!("{name}: {what} is {is}, asked for {asked}");
        found.require(is == asked, wrong);
    };
    let text = |text: &str| text.to_owned();
    equal(
        "its state",
        text(&pool.provisioning_state),
        text("Succeeded"),
    );
    equal(
        "its power state",
        text(&pool.power_state.code),
        text("Running"),
    );
    equal("the size", text(&pool.vm_size), text(&wanted.vm_size.0));
    equal(
        "the disk",
        format!("{} GiB", pool.os_disk_size_gb),
        format!("{} GiB", wanted.disk_gb.0),
    );
    let mode = if is_first { "System" } else { "User" };
    equal("the mode", text(&pool.mode), text(mode));
    let priority = |is_spot: bool| text(if is_spot { "Spot" } else { "Regular" });
    // One that says nothing is regular.
    equal(
        "the priority",
        priority(pool.scale_set_priority == "Spot"),
        priority(wanted.spot),
    );
    let limits = |limits: Option<(u32, u32)>| match limits {
        None => text("off"),
        Some((least, most)) => format!("{least} to {most}"),
    };
    equal(
        "autoscaling",
        limits(
            pool.enable_auto_scaling
                .then_some((pool.min_count, pool.max_count)),
        ),
        limits(wanted.autoscaling.map(|limits| (limits.min, limits.max))),
    );
    let count = pool.count;
    found.require(is_meant(wanted, count), || {
        format!("{name} has {count} nodes, asked for {}", wanted.count.0)
    });
    found.note(format!("{name}: {count} × {}, {mode}", pool.vm_size));
}

/// Whether a number of nodes is what was asked for: an autoscaler may have changed it within its limits.
fn is_meant(wanted: &NodePool, count: u32) -> bool {
    match wanted.autoscaling {
        Some(limits) => (limits.min..=limits.max).contains(&count),
        None => count == wanted.count.0,
    }
}

/// Zones, labels and taints: all that were asked for, and none besides that keep pods away.
fn placement(found: &mut Findings, wanted: &NodePool, pool: &PoolProperties) {
    let name = wanted.name.0.as_str();
    let set = |all: &[String]| all.iter().cloned().collect::<BTreeSet<String>>();
    let shown = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut taints: Vec<String> = wanted.taints.iter().map(Taint::text).collect();
    if wanted.spot {
        // AKS puts it on every pool of spare capacity.
        taints.push("kubernetes.azure.com/scalesetpriority=spot:NoSchedule".to_owned());
    }
    let own_taints = pool.node_taints.clone().unwrap_or_default();
    let mut is_taints = set(&own_taints);
    if wanted.spot {
        is_taints.extend(taints.last().cloned());
    }
    for (what, is, asked) in [
        (
            "zones",
            set(pool.availability_zones.as_deref().unwrap_or_default()),
            set(&wanted.zones),
        ),
        ("taints", is_taints, set(&taints)),
    ] {
        found.require(is == asked, || {
            let (is, asked) = (shown(&is), shown(&asked));
            format!("{name}: {what} are [{is}], asked for [{asked}]")
        });
    }
    let labels = pool.node_labels.clone().unwrap_or_default();
    for (key, value) in &wanted.labels {
        found.require(labels.get(key) == Some(value), || {
            format!("{name}: the label {key}={value} is missing")
        });
    }
}

fn machines(found: &mut Findings, wanted: &NodePool, sets: &[&ScaleSet]) {
    let name = wanted.name.0.as_str();
    let [set] = sets else {
        let count = sets.len();
        found
            .wrong
            .push(format!("{name} has {count} scale sets, not one"));
        return;
    };
    let capacity = set.sku.capacity;
    found.require(is_meant(wanted, capacity), || {
        let asked = wanted.count.0;
        format!(
            "scale set {} has {capacity} machines, asked for {asked}",
            set.name
        )
    });
    let (size, asked) = (&set.sku.name, &wanted.vm_size.0);
    found.require(size == asked, || {
        format!(
            "scale set {} has machines of size {size}, asked for {asked}",
            set.name
        )
    });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::tests::spec;

    fn wanted(change: &Value) -> Value {
        let mut pool = json!({"name": "main", "vm_size": "Standard_D2s_v3", "count": 2});
        for (member, value) in change.as_object().unwrap() {
            pool[member] = value.clone();
        }
        json!({"node_pools": [pool]})
    }

    fn pool(change: &Value) -> Pool {
        let mut properties = json!({
            "provisioningState": "Succeeded", "powerState": {"code": "Running"}, "vmSize": "Standard_D2s_v3",
            "count": 2, "mode": "System", "osDiskSizeGB": 128,
        });
        for (member, value) in change.as_object().unwrap() {
            properties[member] = value.clone();
        }
        serde_json::from_value(json!({"name": "main", "properties": properties})).unwrap()
    }

    fn set(capacity: u32, pool: &str) -> ScaleSet {
        serde_json::from_value(
            json!({"id": "x", "name": "aks-main-1-vmss", "tags": {POOL: pool},
            "sku": {"name": "Standard_D2s_v3", "capacity": capacity}}),
        )
        .unwrap()
    }

    #[track_caller]
    fn check(asked: &Value, shown: &Value, expected: &[&str]) {
        let found = compare(&spec(wanted(asked)), &[pool(shown)], &[set(2, "main")]);
        assert_eq!(found.wrong, expected);
    }

    #[test]
    fn a_pool_that_is_not_as_asked_for_is_told_point_by_point() {
        let none = json!({});
        check(&none, &none, &[]);
        check(
            &none,
            &json!({"provisioningState": "Failed"}),
            &["main: its state is Failed, asked for Succeeded"],
        );
        check(
            &none,
            &json!({"vmSize": "Standard_D4s_v3"}),
            &["main: the size is Standard_D4s_v3, asked for Standard_D2s_v3"],
        );
        check(
            &none,
            &json!({"count": 3}),
            &["main has 3 nodes, asked for 2"],
        );
        check(
            &none,
            &json!({"mode": "User"}),
            &["main: the mode is User, asked for System"],
        );
        check(
            &none,
            &json!({"osDiskSizeGB": 64}),
            &["main: the disk is 64 GiB, asked for 128 GiB"],
        );
        check(
            &none,
            &json!({"scaleSetPriority": "Spot"}),
            &["main: the priority is Spot, asked for Regular"],
        );
        check(
            &none,
            &json!({"availabilityZones": ["1"]}),
            &["main: zones are [1], asked for []"],
        );
        check(
            &none,
            &json!({"nodeTaints": ["a=b:NoSchedule"]}),
            &["main: taints are [a=b:NoSchedule], asked for []"],
        );
        check(
            &json!({"labels": {"a": "b"}}),
            &json!({"nodeLabels": {"a": "c"}}),
            &["main: the label a=b is missing"],
        );
    }

    #[test]
    fn an_autoscaler_may_change_the_count_within_its_limits() {
        let asked = json!({"autoscaling": {"min": 1, "max": 3}});
        let limits = |count: u32| json!({"count": count, "enableAutoScaling": true, "minCount": 1, "maxCount": 3});
        check(&asked, &limits(3), &[]);
        check(&asked, &limits(4), &["main has 4 nodes, asked for 2"]);
        check(
            &asked,
            &json!({}),
            &["main: autoscaling is off, asked for 1 to 3"],
        );
    }

    #[test]
    fn machines_and_pools_that_are_missing_or_too_many_are_told() {
        let check = |pools: &[Pool], sets: &[ScaleSet], expected: &[&str]| {
            let found = compare(&spec(wanted(&json!({}))), pools, sets);
            assert_eq!(found.wrong, expected);
        };
        check(&[], &[], &["there is no pool main"]);
        let main = pool(&json!({}));
        check(
            std::slice::from_ref(&main),
            &[],
            &["main has 0 scale sets, not one"],
        );
        check(
            std::slice::from_ref(&main),
            &[set(1, "main")],
            &["scale set aks-main-1-vmss has 1 machines, asked for 2"],
        );
        check(
            std::slice::from_ref(&main),
            &[set(2, "main"), set(2, "old")],
            &["scale set aks-main-1-vmss is of the pool `old`, which was not asked for"],
        );
        let other = Pool {
            name: "more".to_owned(),
            ..main.clone()
        };
        check(
            &[main, other],
            &[set(2, "main")],
            &["pool more was not asked for"],
        );
    }
}

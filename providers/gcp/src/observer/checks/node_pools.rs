//! The node pools and their machines: as many of each as asked for, where and how they were asked for.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_contract::run::Run;
use serde_json::Value;

use super::super::lists::{self, List};
use super::Findings;
use super::cluster::{Pool, Seen, Taint, told};
use crate::api::Api;
use crate::api::types::last;
use crate::spec::{GkeSpec, NodePool};

/// The labels in which a machine names its cluster and its pool.
const CLUSTER: &str = "goog-k8s-cluster-name";
const POOL: &str = "goog-k8s-node-pool-name";

/// A machine of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Machine {
    name: String,
    pool: String,
    status: String,
    machine_type: String,
    is_spot: bool,
    has_public_address: bool,
}

pub(super) async fn judge(
    api: &Api,
    spec: &GkeSpec,
    run: &Run,
    cluster: &Result<Option<Seen>, CallError>,
) -> Result<Findings, CallError> {
    let Some(cluster) = cluster.as_ref().map_err(Clone::clone)? else {
        let mut found = Findings::default();
        found.wrong.push("there is no cluster".to_owned());
        return Ok(found);
    };
    let machines = machines(api, &spec.project.0, &run.name("")).await?;
    Ok(compare(spec, &cluster.node_pools, &machines))
}

/// The machines of the cluster of this name.
async fn machines(api: &Api, project: &str, cluster: &str) -> Result<Vec<Machine>, CallError> {
    let list = List::Aggregated("instances.aggregatedList", "instances");
    let read = lists::read(api, project, list).await?;
    if let Some(unread) = read.unread.into_iter().next() {
        return Err(unread.error);
    }
    let own = read
        .items
        .iter()
        .filter(|item| item["labels"][CLUSTER] == cluster);
    Ok(own.map(machine).collect())
}

fn machine(item: &Value) -> Machine {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let scheduling = &item["scheduling"];
    let interfaces = item["networkInterfaces"].as_array().into_iter().flatten();
    let mut configs =
        interfaces.flat_map(|one| one["accessConfigs"].as_array().into_iter().flatten());
    Machine {
        name: text(&item["name"]),
        pool: text(&item["labels"][POOL]),
        status: text(&item["status"]),
        machine_type: item["machineType"]
            .as_str()
            .and_then(last)
            .unwrap_or_default()
            .to_owned(),
        is_spot: scheduling["provisioningModel"] == "SPOT" || scheduling["preemptible"] == true,
        has_public_address: configs.any(|config| config["natIP"].is_string()),
    }
}

fn compare(spec: &GkeSpec, pools: &[Pool], machines: &[Machine]) -> Findings {
    let mut found = Findings::default();
    let asked = |name: &str| {
        spec.node_pools
            .0
            .iter()
            .any(|pool| pool.name.as_str() == name)
    };
    for pool in pools.iter().filter(|pool| !asked(&pool.name)) {
        found
            .wrong
            .push(format!("pool {} was not asked for", pool.name));
    }
    for machine in machines.iter().filter(|machine| !asked(&machine.pool)) {
        let (name, pool) = (&machine.name, &machine.pool);
        found.wrong.push(format!(
            "{name} is of the pool `{pool}`, which was not asked for"
        ));
    }
    for wanted in &spec.node_pools.0 {
        let name = wanted.name.as_str();
        match pools.iter().find(|pool| pool.name == name) {
            None => found.wrong.push(format!("there is no pool {name}")),
            Some(pool) => {
                configuration(&mut found, spec, wanted, pool);
                let own: Vec<&Machine> = machines.iter().filter(|one| one.pool == name).collect();
                nodes(&mut found, spec, wanted, &own);
            }
        }
    }
    found
}

fn configuration(found: &mut Findings, spec: &GkeSpec, wanted: &NodePool, pool: &Pool) {
    let name = wanted.name.as_str();
    let config = &pool.config;
    let status = pool.status.as_str();
    let runs = matches!(status, "RUNNING" | "RECONCILING");
    found.require(runs, || format!("{name} is {status}"));
    found.require(pool.conditions.is_empty(), || {
        format!("{name}: {}", told(&pool.conditions))
    });
    let disk = format!("{} GB {}", config.disk_size_gb, config.disk_type);
    let asked = format!("{} GB {}", wanted.disk_gb.0, wanted.disk_type.word());
    let limits = |enabled: bool, min: u32, max: u32| {
        if enabled {
            format!("{min} to {max} nodes in each zone")
        } else {
            "no autoscaling".to_owned()
        }
    };
    let of = &pool.autoscaling;
    let scaling = limits(of.enabled, of.min_node_count, of.max_node_count);
    let of = wanted.autoscaling;
    let asked_scaling = of.map_or_else(|| limits(false, 0, 0), |of| limits(true, of.min, of.max));
    let zones = u32::try_from(pool.locations.len()).unwrap_or(u32::MAX);
    for (seen, asked) in [
        (config.machine_type.clone(), wanted.machine_type.0.clone()),
        (disk, asked),
        (scaling, asked_scaling),
        (
            format!("spot {}", config.spot),
            format!("spot {}", wanted.spot),
        ),
        (format!("{zones} zones"), format!("{} zones", spec.zones())),
    ] {
        found.require(seen == asked, || {
            format!("{name} has {seen}, asked for {asked}")
        });
    }
    let missing = wanted
        .labels
        .iter()
        .filter(|(key, value)| config.labels.get(*key) != Some(value));
    let missing: BTreeMap<_, _> = missing.collect();
    found.require(missing.is_empty(), || {
        format!("{name} lacks the labels {missing:?}")
    });
    let taints = wanted.taints.iter().map(|taint| Taint {
        key: taint.key.clone(),
        value: taint.value.clone(),
        effect: taint.effect.word().to_owned(),
    });
    let (mut asked, mut seen): (Vec<Taint>, _) = (taints.collect(), config.taints.clone());
    asked.sort();
    seen.sort();
    found.require(seen == asked, || {
        format!("{name} has the taints {seen:?}, asked for {asked:?}")
    });
}

/// The machines of a pool: with an autoscaler any number within its limits.
fn nodes(found: &mut Findings, spec: &GkeSpec, wanted: &NodePool, machines: &[&Machine]) {
    let (name, zones) = (wanted.name.as_str(), spec.zones());
    let (min, max) = match wanted.autoscaling {
        Some(limits) => (limits.min * zones, limits.max * zones),
        None => (wanted.count.0 * zones, wanted.count.0 * zones),
    };
    let count = u32::try_from(machines.len()).unwrap_or(u32::MAX);
    found.require((min..=max).contains(&count), || {
        let asked = if min == max {
            min.to_string()
        } else {
            format!("{min} to {max}")
        };
        format!("{name} has {count} machines, asked for {asked}")
    });
    for machine in machines {
        let id = &machine.name;
        let (status, kind) = (&machine.status, &machine.machine_type);
        found.require(status == "RUNNING", || format!("{id} is {status}"));
        found.require(*kind == wanted.machine_type.0, || {
            format!("{id} is a {kind}")
        });
        found.require(machine.is_spot == wanted.spot, || {
            let is = if machine.is_spot { "is" } else { "is not" };
            format!("{id} {is} spare capacity")
        });
        found.require(
            machine.has_public_address != spec.network.private_nodes,
            || {
                let has = if machine.has_public_address {
                    "has a"
                } else {
                    "has no"
                };
                format!("{id} {has} public address")
            },
        );
    }
    found.note(format!(
        "{name}: {count} × {} RUNNING",
        wanted.machine_type.0
    ));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::tests::spec;

    fn pool(change: &Value) -> Pool {
        let mut pool = json!({
            "name": "main", "status": "RUNNING", "locations": ["us-central1-a"],
            "config": {"machineType": "e2-standard-2", "diskSizeGb": 100, "diskType": "pd-balanced"},
        });
        if let (Some(pool), Some(change)) = (pool.as_object_mut(), change.as_object()) {
            pool.extend(change.clone());
        }
        serde_json::from_value(pool).expect("a pool")
    }

    fn machine_like(name: &str, change: &Value) -> Machine {
        let mut item = json!({
            "name": name, "status": "RUNNING", "machineType": "x/machineTypes/e2-standard-2",
            "labels": {POOL: "main"}, "scheduling": {"provisioningModel": "STANDARD"},
            "networkInterfaces": [{"accessConfigs": [{"natIP": "192.0.2.1"}]}],
        });
        if let (Some(item), Some(change)) = (item.as_object_mut(), change.as_object()) {
            item.extend(change.clone());
        }
        machine(&item)
    }

    #[track_caller]
    fn check(asked: Value, of_pool: Value, of_machine: Value, expected: &[&str]) {
        let machines = [
            machine_like("i", &of_machine),
            machine_like("j", &json!({})),
        ];
        let found = compare(&spec(asked), &[pool(&of_pool)], &machines);
        assert_eq!(found.wrong, expected);
    }

    #[test]
    fn a_pool_that_is_not_as_asked_for_is_told_point_by_point() {
        let same = || json!({});
        check(same(), same(), same(), &[]);
        check(
            same(),
            json!({"status": "ERROR"}),
            same(),
            &["main is ERROR"],
        );
        let config = json!({"config": {"machineType": "e2-small", "diskSizeGb": 100, "diskType": "pd-ssd", "spot": true}});
        let wrong = [
            "main has e2-small, asked for e2-standard-2",
            "main has 100 GB pd-ssd, asked for 100 GB pd-balanced",
            "main has spot true, asked for spot false",
        ];
        check(same(), config, same(), &wrong);
        let scaling =
            json!({"autoscaling": {"enabled": true, "minNodeCount": 1, "maxNodeCount": 9}});
        let wrong = "main has 1 to 9 nodes in each zone, asked for no autoscaling";
        check(same(), scaling, same(), &[wrong]);
        check(
            same(),
            json!({"locations": ["a", "b"]}),
            same(),
            &["main has 2 zones, asked for 1 zones"],
        );
    }

    #[test]
    fn machines_that_are_not_as_asked_for_are_told_one_by_one() {
        let same = || json!({});
        check(
            same(),
            same(),
            json!({"status": "STAGING"}),
            &["i is STAGING"],
        );
        check(
            same(),
            same(),
            json!({"scheduling": {"preemptible": true}}),
            &["i is spare capacity"],
        );
        check(
            same(),
            same(),
            json!({"networkInterfaces": [{}]}),
            &["i has no public address"],
        );
        let other = "i is of the pool `x`, which was not asked for";
        let few = "main has 1 machines, asked for 2";
        check(
            same(),
            same(),
            json!({"labels": {POOL: "x"}}),
            &[other, few],
        );
    }

    #[test]
    fn an_autoscaler_may_have_any_number_within_its_limits() {
        let asked = json!({"node_pools": [{
            "name": "main", "machine_type": "e2-standard-2", "count": 3, "autoscaling": {"min": 1, "max": 3},
        }]});
        let scaling =
            json!({"autoscaling": {"enabled": true, "minNodeCount": 1, "maxNodeCount": 3}});
        check(asked.clone(), scaling.clone(), json!({}), &[]);
        let none = compare(&spec(asked), &[pool(&scaling)], &[]).wrong;
        assert_eq!(none, ["main has 0 machines, asked for 1 to 3"]);
    }

    #[test]
    fn pools_that_are_missing_or_too_many_are_wrong() {
        let all = [pool(&json!({"name": "default-pool"}))];
        let wrong = compare(&spec(json!({})), &all, &[]).wrong;
        let expected = [
            "pool default-pool was not asked for",
            "there is no pool main",
        ];
        assert_eq!(wrong, expected);
    }
}

//! Quotas: what is used of them, as usages and as Microsoft.Quota tell it.

use serde_json::{Value, json};

use crate::bench::{Bench, cluster, group, network, two_nodes};

/// A path below a location of a namespace.
fn place(namespace: &str, rest: &str) -> String {
    let below = format!("/providers/Microsoft.{namespace}/locations/eastus/{rest}");
    group("").replace("/resourceGroups/g", &below)
}

/// What is used of a quota.
fn used(bench: &mut Bench, namespace: &str, name: &str) -> Value {
    let all = bench.get(&place(namespace, "usages"));
    let mut all = all["value"].as_array().unwrap().iter();
    let found = all.find(|one| one["name"]["value"] == name);
    found.unwrap()["currentValue"].clone()
}

/// The checklist's cluster with a pool of spot machines of four cores.
fn with_spot(count: u32) -> Value {
    let mut body = two_nodes();
    let spare = json!({"name": "spare", "mode": "User", "count": count, "vmSize": "Standard_D4s_v3", "scaleSetPriority": "Spot"});
    let pools = body["properties"]["agentPoolProfiles"].as_array_mut();
    pools.unwrap().push(spare);
    body
}

#[test]
fn spot_machines_count_for_a_quota_of_their_own() {
    let mut bench = Bench::with(|setup| setup.cores_max = 10).with_group();
    let create = format!("PUT {}", cluster(""));
    bench.refused(&create, with_spot(3), 400, "ErrCode_InsufficientVCPUQuota");
    bench.made(&create, with_spot(2));
    // Two nodes of two cores, and two spot ones of four.
    for (name, expected) in [
        ("cores", 4),
        ("standardDSv3Family", 4),
        ("lowPriorityCores", 8),
    ] {
        assert_eq!(used(&mut bench, "Compute", name), expected, "{name}");
    }
}

#[test]
fn the_service_of_quotas_tells_the_same_as_usages() {
    let mut bench = Bench::new().with_group();
    let body = json!({"location": "eastus", "properties": {}});
    bench.made(&format!("PUT {}", network("routeTables/r")), body);
    assert_eq!(used(&mut bench, "Network", "RouteTables"), 1);
    let of = |rest: &str| place("Network", &format!("providers/Microsoft.Quota/{rest}"));
    let usage = bench.get(&of("usages/routetables"));
    assert_eq!(usage["properties"]["usages"]["value"], 1);
    let quota = bench.get(&of("quotas/RouteTables"));
    assert_eq!(quota["properties"]["limit"]["value"], 200);
    let all = bench.get(&of("quotas"));
    assert!(all["value"].as_array().unwrap().contains(&quota));
    let get = |rest: &str| format!("GET {}", of(rest));
    bench.refused(
        &get("quotas/Moons"),
        Value::Null,
        404,
        "InvalidResourceName",
    );
}

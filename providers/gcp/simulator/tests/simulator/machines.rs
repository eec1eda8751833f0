//! Machines, their disks, groups and networks: what follows from what, and what keeps what.

use serde_json::{Value, json};

use crate::bench::Bench;

const ZONE: &str = "compute zones/us-central1-a";

fn machine(name: &str) -> Value {
    json!({"name": name, "machineType": "zones/us-central1-a/machineTypes/e2-medium",
           "disks": [{"boot": true, "autoDelete": true, "initializeParams": {"diskSizeGb": "20"}}],
           "networkInterfaces": [{"accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}]})
}

#[test]
fn a_machine_has_a_disk_and_addresses_and_takes_its_disk_along() {
    let mut bench = Bench::new();
    bench.made(&format!("POST {ZONE}/instances"), machine("m"));
    let shown = bench.ok(&format!("GET {ZONE}/instances/m"), Value::Null);
    assert_eq!(shown["status"], "RUNNING");
    let interface = &shown["networkInterfaces"][0];
    assert_eq!(interface["networkIP"], "10.128.0.2");
    assert!(interface["accessConfigs"][0]["natIP"].is_string());
    let disk = bench.ok(&format!("GET {ZONE}/disks/m"), Value::Null);
    assert_eq!(
        (&disk["sizeGb"], &disk["users"][0]),
        (&json!("20"), &shown["selfLink"])
    );
    let line = format!("DELETE {ZONE}/disks/m");
    bench.refused(&line, Value::Null, 400, "resourceInUseByAnotherResource");
    bench.made(&format!("POST {ZONE}/instances/m/stop"), Value::Null);
    let stopped = bench.ok(&format!("GET {ZONE}/instances/m"), Value::Null);
    assert_eq!(stopped["status"], "TERMINATED");
    bench.made(&format!("DELETE {ZONE}/instances/m"), Value::Null);
    assert!(bench.ids("disk").is_empty());
}

#[test]
fn a_quota_that_is_used_up_fails_the_operation() {
    let mut bench = Bench::with(|setup| setup.cpus_max = 3);
    bench.made(&format!("POST {ZONE}/instances"), machine("one"));
    let ended = bench.done(&format!("POST {ZONE}/instances"), machine("two"));
    let error = &ended["error"]["errors"][0];
    assert_eq!(
        (&error["code"], &ended["httpErrorStatusCode"]),
        (&json!("QUOTA_EXCEEDED"), &json!(403))
    );
    assert_eq!(bench.ids("instance"), ["one"]);
    let region = bench.ok("GET compute regions/us-central1", Value::Null);
    assert_eq!(
        region["quotas"][0],
        json!({"metric": "CPUS", "limit": 3.0, "usage": 2.0})
    );
}

#[test]
fn a_zone_without_machines_fails_the_operation() {
    let mut bench = Bench::with(|setup| setup.exhausted_zones = vec!["us-central1-a".to_owned()]);
    let ended = bench.done(&format!("POST {ZONE}/instances"), machine("m"));
    assert_eq!(
        ended["error"]["errors"][0]["code"],
        "ZONE_RESOURCE_POOL_EXHAUSTED"
    );
    assert!(bench.ids("instance").is_empty());
}

#[test]
fn a_managed_group_keeps_as_many_machines_as_asked_for() {
    let mut bench = Bench::new();
    let mut properties = machine("x");
    properties["machineType"] = json!("e2-medium");
    properties.as_object_mut().unwrap().remove("name");
    let template = json!({"name": "t", "properties": properties});
    bench.made("POST compute global/instanceTemplates", template);
    let manager =
        json!({"name": "g", "instanceTemplate": "global/instanceTemplates/t", "targetSize": 2});
    bench.made(&format!("POST {ZONE}/instanceGroupManagers"), manager);
    assert_eq!(bench.ids("instance").len(), 2);
    bench.refused(
        "DELETE compute global/instanceTemplates/t",
        Value::Null,
        400,
        "resourceInUseByAnotherResource",
    );
    bench.made(
        &format!("POST {ZONE}/instanceGroupManagers/g/resize?size=1"),
        Value::Null,
    );
    let list = bench.ok(
        &format!("POST {ZONE}/instanceGroups/g/listInstances"),
        json!({}),
    );
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    bench.made(
        &format!("DELETE {ZONE}/instanceGroupManagers/g"),
        Value::Null,
    );
    assert!(bench.ids("instance").is_empty() && bench.ids("instance_group").is_empty());
}

#[test]
fn ranges_of_a_network_do_not_overlap_and_a_network_waits_for_its_end() {
    let mut bench = Bench::new();
    let network = json!({"name": "n", "autoCreateSubnetworks": false});
    bench.ok("POST compute global/networks", network);
    let line = "POST compute regions/us-central1/subnetworks";
    let subnetwork = |name: &str, range: &str| {
        json!({"name": name, "network": "global/networks/n", "ipCidrRange": range,
               "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": format!("10.{}.0.0/16", name.len())}]})
    };
    bench.refused(
        line,
        subnetwork("s", "10.0.0.0/20"),
        400,
        "resourceNotReady",
    );
    bench.wait(30);
    bench.made(line, subnetwork("s", "10.0.0.0/20"));
    bench.refused(line, subnetwork("ss", "10.0.8.0/24"), 400, "invalid");
    bench.refused(line, subnetwork("sss", "10.16.1.0/20"), 400, "invalid");
    let shown = bench.ok("GET compute regions/us-central1/subnetworks/s", Value::Null);
    assert_eq!(shown["gatewayAddress"], "10.0.0.1");
    bench.made(
        "DELETE compute regions/us-central1/subnetworks/s",
        Value::Null,
    );
    bench.made("DELETE compute global/networks/n", Value::Null);
    assert!(bench.ids("network").is_empty());
}

#[test]
fn a_patch_needs_the_fingerprint_where_there_is_one() {
    let mut bench = Bench::new();
    let line = "compute regions/us-central1/subnetworks/default";
    let shown = bench.ok(&format!("GET {line}"), Value::Null);
    let logs = json!({"enableFlowLogs": true});
    bench.refused(&format!("PATCH {line}"), logs.clone(), 400, "required");
    let mut stale = logs.clone();
    stale["fingerprint"] = json!("old");
    bench.refused(&format!("PATCH {line}"), stale, 412, "conditionNotMet");
    let mut current = logs;
    current["fingerprint"] = shown["fingerprint"].clone();
    bench.made(&format!("PATCH {line}"), current);
    let shown = bench.ok(&format!("GET {line}"), Value::Null);
    assert_eq!(shown["enableFlowLogs"], true);
}

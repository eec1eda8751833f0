//! Clusters: their life, what they make in the project, and what goes wrong.

use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTERS, cluster};

fn create() -> String {
    format!("POST {CLUSTERS}")
}

#[test]
fn a_cluster_is_provisioned_runs_and_leaves_nothing() {
    let mut bench = Bench::new();
    let before = bench.all();
    let begun = bench.ok(&create(), cluster("c"));
    assert_eq!(begun["operationType"], "CREATE_CLUSTER");
    assert_eq!(begun["name"].as_str().unwrap().split('/').count(), 1);
    let shown = bench.cluster("c");
    assert_eq!(shown["status"], "PROVISIONING");
    assert_eq!(shown.get("endpoint"), None);
    bench.wait(200);
    assert_eq!(bench.cluster_operation(&begun)["status"], "RUNNING");
    assert_eq!(bench.ids("instance").len(), 2);
    bench.wait(100);
    let shown = bench.cluster("c");
    assert_eq!(
        (&shown["status"], &shown["currentNodeCount"]),
        (&json!("RUNNING"), &json!(2))
    );
    assert!(shown["endpoint"].as_str().unwrap().starts_with("34."));
    assert_eq!(shown["nodePools"][0]["status"], "RUNNING");
    assert_eq!(bench.ids("firewall_rule").len(), 4);
    for of in [
        "instance_template",
        "instance_group",
        "instance_group_manager",
    ] {
        assert_eq!(bench.ids(of).len(), 1, "{of}");
    }
    assert_eq!(bench.ids("disk").len(), 2);
    bench.cluster_made(&format!("DELETE {CLUSTERS}/c"), Value::Null);
    bench.refused(&format!("GET {CLUSTERS}/c"), Value::Null, 404, "notFound");
    assert_eq!(bench.all(), before);
}

#[test]
fn a_cluster_of_a_region_has_nodes_in_three_zones() {
    let mut bench = Bench::new();
    let line = "POST container locations/us-central1/clusters";
    bench.cluster_made(line, cluster("c"));
    assert_eq!(bench.ids("instance").len(), 6);
    let shown = bench.ok(
        "GET container locations/us-central1/clusters/c",
        Value::Null,
    );
    assert_eq!(shown["locations"].as_array().unwrap().len(), 3);
    let everywhere = bench.ok("GET container locations/-/clusters", Value::Null);
    assert_eq!(everywhere["clusters"][0]["name"], "c");
}

#[test]
fn one_change_of_a_cluster_at_a_time() {
    let mut bench = Bench::new();
    bench.ok(&create(), cluster("c"));
    bench.refused(&create(), cluster("c"), 409, "alreadyExists");
    let line = format!("DELETE {CLUSTERS}/c");
    let message = bench.refused(&line, Value::Null, 400, "failedPrecondition");
    assert!(message.starts_with("Cluster is running incompatible operation operation-"));
}

#[test]
fn what_is_wrong_is_refused() {
    let mut bench = Bench::new();
    let with = |member: &str, value: Value| {
        let mut body = cluster("c");
        body["cluster"][member] = value;
        body
    };
    bench.refused(&create(), json!({}), 400, "required");
    bench.refused(&create(), with("name", json!("C")), 400, "invalid");
    bench.refused(
        &create(),
        with("initialNodeCount", json!(0)),
        400,
        "invalid",
    );
    bench.refused(&create(), with("network", json!("none")), 400, "invalid");
    bench.refused(
        &create(),
        with("initialClusterVersion", json!("1.2")),
        400,
        "invalid",
    );
    let labels = json!({"kubeproof:run": "r1"});
    bench.refused(&create(), with("resourceLabels", labels), 400, "invalid");
    let both = with("nodePools", json!([{"name": "p", "initialNodeCount": 1}]));
    bench.refused(&create(), both, 400, "invalid");
    bench.refused(
        &create(),
        with("initialNodeCount", json!(100)),
        403,
        "quotaExceeded",
    );
    let strange = bench.refused(&create(), with("fleet", json!({})), 501, "notImplemented");
    assert!(strange.ends_with("clusters.create with fleet"), "{strange}");
    let nowhere = "POST container locations/atlantis/clusters";
    bench.refused(nowhere, cluster("c"), 400, "invalid");
}

#[test]
fn a_cluster_that_fails_says_so_in_its_operation_and_removes_itself_later() {
    let mut bench = Bench::new();
    let before = bench.all();
    let begun = bench.faulty("async-fail(GCE_STOCKOUT)", &create(), cluster("c"));
    bench.wait(400);
    let ended = bench.cluster_operation(&begun);
    assert_eq!(
        (&ended["status"], &ended["error"]["code"]),
        (&json!("DONE"), &json!(8))
    );
    let shown = bench.cluster("c");
    assert_eq!(shown["status"], "ERROR");
    assert_eq!(shown["conditions"][0]["code"], "GCE_STOCKOUT");
    assert!(bench.ids("instance").is_empty());
    bench.wait(4000);
    bench.refused(&format!("GET {CLUSTERS}/c"), Value::Null, 404, "notFound");
    assert_eq!(bench.all(), before);
}

#[test]
fn a_cluster_that_vanishes_leaves_only_the_operation_that_says_why() {
    let mut bench = Bench::new();
    let before = bench.all();
    let begun = bench.faulty("partial", &create(), cluster("c"));
    assert_eq!(bench.cluster("c")["status"], "PROVISIONING");
    bench.wait(400);
    let ended = bench.cluster_operation(&begun);
    assert_eq!(
        (&ended["status"], &ended["error"]["code"]),
        (&json!("DONE"), &json!(13))
    );
    bench.refused(&format!("GET {CLUSTERS}/c"), Value::Null, 404, "notFound");
    assert_eq!(bench.all(), before);
}

#[test]
fn a_zone_without_machines_fails_the_operation_and_not_the_call() {
    let mut bench = Bench::with(|setup| setup.exhausted_zones = vec!["us-central1-a".to_owned()]);
    let ended = bench.cluster_done(&create(), cluster("c"));
    assert_eq!(ended["clusterConditions"][0]["code"], "GCE_STOCKOUT");
}

#[test]
fn an_operation_that_never_ends_keeps_the_cluster_busy() {
    let mut bench = Bench::new();
    let begun = bench.faulty("async-stuck", &create(), cluster("c"));
    bench.wait(100_000);
    assert_eq!(bench.cluster_operation(&begun)["status"], "RUNNING");
    assert_eq!(bench.cluster("c")["status"], "PROVISIONING");
    let line = format!("DELETE {CLUSTERS}/c");
    bench.refused(&line, Value::Null, 400, "failedPrecondition");
}

#[test]
fn a_name_can_be_used_again_and_the_id_is_another() {
    let mut bench = Bench::new();
    bench.cluster_made(&create(), cluster("c"));
    let first = bench.cluster("c")["id"].clone();
    bench.cluster_made(&format!("DELETE {CLUSTERS}/c"), Value::Null);
    bench.cluster_made(&create(), cluster("c"));
    assert_ne!(bench.cluster("c")["id"], first);
}

#[test]
fn labels_need_the_fingerprint_of_the_current_ones() {
    let mut bench = Bench::new();
    bench.cluster_made(&create(), cluster("c"));
    let line = format!("POST {CLUSTERS}/c:setResourceLabels");
    let body = |fingerprint: &Value| json!({"resourceLabels": {"a": "b"}, "labelFingerprint": fingerprint});
    let current = bench.cluster("c")["labelFingerprint"].clone();
    bench.refused(&line, body(&json!("old")), 400, "failedPrecondition");
    bench.cluster_made(&line, body(&current));
    let shown = bench.cluster("c");
    assert_eq!(shown["resourceLabels"], json!({"a": "b"}));
    assert_eq!(shown["status"], "RUNNING");
    let machines = bench.ok(
        "GET compute zones/us-central1-a/instances?filter=labels.a%3Db",
        Value::Null,
    );
    assert_eq!(machines["items"].as_array().unwrap().len(), 2);
    bench.refused(&line, body(&current), 400, "failedPrecondition");
}

#[test]
fn a_partial_deletion_leaves_a_firewall_rule_that_keeps_the_network() {
    let mut bench = Bench::new();
    let network = json!({"name": "n", "autoCreateSubnetworks": false});
    bench.made("POST compute global/networks", network);
    let range = json!({"name": "s", "network": "global/networks/n", "ipCidrRange": "10.0.0.0/20"});
    bench.made("POST compute regions/us-central1/subnetworks", range);
    let mut body = cluster("c");
    body["cluster"]["network"] = json!("n");
    body["cluster"]["subnetwork"] = json!("s");
    bench.cluster_made(&create(), body);
    bench.faulty("partial", &format!("DELETE {CLUSTERS}/c"), Value::Null);
    bench.wait(600);
    let left = bench.ids("firewall_rule");
    assert_eq!(left.len(), 1, "{left:?}");
    bench.made(
        "DELETE compute regions/us-central1/subnetworks/s",
        Value::Null,
    );
    let ended = bench.done("DELETE compute global/networks/n", Value::Null);
    let error = &ended["error"]["errors"][0];
    assert_eq!(error["code"], "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .ends_with(&format!("{}'", left[0])),
        "{error}"
    );
    bench.made(
        &format!("DELETE compute global/firewalls/{}", left[0]),
        Value::Null,
    );
    bench.made("DELETE compute global/networks/n", Value::Null);
}

#[test]
fn an_unreachable_location_is_named_and_its_clusters_are_missing() {
    let mut bench = Bench::new();
    bench.cluster_made(&create(), cluster("c"));
    let list = bench.faulty("partial", "GET container locations/-/clusters", Value::Null);
    assert_eq!(list, json!({"missingZones": ["us-central1-a"]}));
}

#[test]
fn the_api_has_to_be_enabled() {
    let mut bench = Bench::with(|setup| setup.services.retain(|one| !one.starts_with("container")));
    let line = "GET container locations/-/clusters";
    bench.refused(line, Value::Null, 403, "accessNotConfigured");
}

#[test]
fn an_autopilot_cluster_has_machines_that_are_not_billed_as_such() {
    let mut bench = Bench::new();
    let body = json!({"cluster": {"name": "c", "autopilot": {"enabled": true}}});
    bench.cluster_made("POST container locations/us-central1/clusters", body);
    assert!(
        bench
            .ids("instance")
            .iter()
            .all(|name| name.starts_with("gk3-"))
    );
    let pools = "POST container locations/us-central1/clusters/c/nodePools";
    let pool = json!({"nodePool": {"name": "p", "initialNodeCount": 1}});
    bench.refused(pools, pool, 400, "invalid");
}

#[test]
fn ranges_that_the_service_manages_are_in_the_subnetwork_while_the_cluster_lives() {
    let mut bench = Bench::new();
    let subnetwork = "GET compute regions/us-central1/subnetworks/default";
    bench.cluster_made(&create(), cluster("c"));
    let ranges = bench.ok(subnetwork, Value::Null)["secondaryIpRanges"].clone();
    assert!(
        ranges[0]["rangeName"]
            .as_str()
            .unwrap()
            .starts_with("gke-c-pods-"),
        "{ranges}"
    );
    bench.cluster_made(&format!("DELETE {CLUSTERS}/c"), Value::Null);
    assert_eq!(
        bench.ok(subnetwork, Value::Null).get("secondaryIpRanges"),
        None
    );
}

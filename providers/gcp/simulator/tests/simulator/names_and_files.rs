//! Cloud DNS and Filestore.

use kubeproof_gcp_simulator::setup::{ACCESS_TOKEN, PROJECT};
use serde_json::{Value, json};

use crate::bench::{Bench, to};

/// A call of Cloud DNS below the project.
fn dns(bench: &mut Bench, line: &str, body: Value) -> (u16, Value) {
    let (method, path) = line.split_once(' ').unwrap();
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let url = format!("dns.googleapis.com/dns/v1/projects/{PROJECT}/{path}");
    bench.send(&to(method, &url, ACCESS_TOKEN, &body))
}

fn record(name: &str) -> Value {
    json!({"name": format!("{name}.a.example."), "type": "A", "ttl": 60, "rrdatas": ["192.0.2.1"]})
}

#[test]
fn a_zone_with_records_is_not_deleted_and_a_change_is_whole_or_none() {
    let mut bench = Bench::new();
    let before = bench.all();
    let zone = json!({"name": "z", "dnsName": "a.example.", "description": ""});
    assert_eq!(dns(&mut bench, "POST managedZones", zone.clone()).0, 200);
    assert_eq!(dns(&mut bench, "POST managedZones", zone).0, 409);
    let change = |additions: Value, deletions: Value| json!({"additions": additions, "deletions": deletions});
    let changes = "POST managedZones/z/changes";
    let both = change(json!([record("x"), record("y")]), json!([]));
    assert_eq!(dns(&mut bench, changes, both).0, 200);
    assert_eq!(
        bench.ids("dns_record"),
        ["z/x.a.example./A", "z/y.a.example./A"]
    );
    // The second half cannot be done, so the first is not.
    let half = change(json!([record("y")]), json!([record("x")]));
    assert_eq!(dns(&mut bench, changes, half).0, 409);
    assert_eq!(bench.ids("dns_record").len(), 2);
    let (status, refused) = dns(&mut bench, "DELETE managedZones/z", Value::Null);
    let reason = refused["error"]["errors"][0]["reason"].as_str();
    assert_eq!((status, reason), (400, Some("containerNotEmpty")));
    let none = change(json!([]), json!([record("x"), record("y")]));
    assert_eq!(dns(&mut bench, changes, none).0, 200);
    assert_eq!(dns(&mut bench, "DELETE managedZones/z", Value::Null).0, 204);
    assert_eq!(bench.all(), before);
}

#[test]
fn an_instance_takes_minutes_to_come_and_to_go_and_is_not_deleted_before() {
    let mut bench = Bench::new();
    let before = bench.all();
    let place = format!("/projects/{PROJECT}/locations/us-central1-a/instances");
    let network = format!("projects/{PROJECT}/global/networks/default");
    let asked = json!({
        "tier": "BASIC_HDD", "networks": [{"network": network}],
        "fileShares": [{"name": "vol1", "capacityGb": "1024"}],
    });
    let create = format!("POST file {place}?instanceId=i");
    let begun = bench.fine(&create, asked.clone());
    assert_eq!(begun["done"], false);
    bench.denied(&create, asked, 409, "ALREADY_EXISTS");
    let delete = format!("DELETE file {place}/i");
    bench.denied(&delete, Value::Null, 400, "FAILED_PRECONDITION");
    bench.wait(300);
    let operation = begun["name"].as_str().unwrap();
    let ended = bench.fine(&format!("GET file /{operation}"), Value::Null);
    assert_eq!(ended["response"]["state"], "READY");
    assert!(bench.cloud_is_unpriced("Filestore BASIC_HDD in us-central1-a"));
    bench.fine(&delete, Value::Null);
    assert_eq!(
        bench.fine(&format!("GET file {place}/i"), Value::Null)["state"],
        "DELETING"
    );
    bench.wait(300);
    bench.denied(
        &format!("GET file {place}/i"),
        Value::Null,
        404,
        "NOT_FOUND",
    );
    assert_eq!(bench.all(), before);
}

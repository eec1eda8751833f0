//! Resource groups: their cascade, what stops it, and the list of all resources.

use serde_json::{Value, json};

use crate::bench::{Bench, cluster, group, network, two_nodes};

const OTHER: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/other";

fn delete() -> String {
    format!("DELETE {}", group(""))
}

#[test]
fn a_group_goes_with_all_that_is_in_it_after_a_while() {
    let bench = Bench::new();
    let before = bench.all();
    let mut bench = bench.with_group();
    bench.made(
        &format!("PUT {}", network("routeTables/r")),
        json!({"location": "eastus", "properties": {}}),
    );
    bench.made(&format!("PUT {}", cluster("")), two_nodes());
    let begun = bench.is(202, &delete(), Value::Null);
    assert!(begun.operation.is_none(), "groups have a location alone");
    let location = begun.location.unwrap();
    assert_eq!(bench.follow(&location).status, 202);
    assert_eq!(
        bench.get(&group(""))["properties"]["provisioningState"],
        "Deleting"
    );
    let body = json!({"location": "eastus", "properties": {}});
    bench.refused(
        &format!("PUT {}", network("routeTables/s")),
        body,
        409,
        "ResourceGroupBeingDeleted",
    );
    bench.wait(600);
    assert_eq!(bench.follow(&location).status, 200);
    bench.refused(
        &format!("GET {}", group("")),
        Value::Null,
        404,
        "ResourceGroupNotFound",
    );
    assert_eq!(bench.all(), before);
}

#[test]
fn a_lock_on_the_group_above_it_or_in_it_keeps_it() {
    for scope in [
        group(""),
        "/subscriptions/00000000-0000-0000-0000-000000000001".to_owned(),
        network("routeTables/r"),
    ] {
        let mut bench = Bench::new().with_group();
        bench.made(
            &format!("PUT {}", network("routeTables/r")),
            json!({"location": "eastus", "properties": {}}),
        );
        let lock = format!("{scope}/providers/Microsoft.Authorization/locks/keep");
        bench.is(
            201,
            &format!("PUT {lock}"),
            json!({"properties": {"level": "CanNotDelete"}}),
        );
        bench.refused(&delete(), Value::Null, 409, "ScopeLocked");
        bench.is(200, &format!("DELETE {lock}"), Value::Null);
        bench.is(202, &delete(), Value::Null);
    }
}

#[test]
fn what_is_used_from_another_group_stays_and_so_does_its_group() {
    let mut bench = Bench::new().with_group();
    bench.is(201, &format!("PUT {OTHER}"), json!({"location": "eastus"}));
    let address = network("publicIPAddresses/a");
    bench.made(
        &format!("PUT {address}"),
        json!({"location": "eastus", "properties": {}}),
    );
    let body = json!({"location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": address}]}});
    bench.made(
        &format!("PUT {OTHER}/providers/Microsoft.Network/natGateways/n"),
        body,
    );
    bench.made(
        &format!("PUT {}", network("routeTables/r")),
        json!({"location": "eastus", "properties": {}}),
    );
    let location = bench.is(202, &delete(), Value::Null).location.unwrap();
    bench.wait(600);
    let ended = bench.follow(&location);
    assert_eq!(
        (ended.status, ended.code()),
        (409, "ResourceGroupDeletionBlocked")
    );
    assert!(
        ended.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains(&address)
    );
    assert_eq!(
        bench.get(&group(""))["properties"]["provisioningState"],
        "Succeeded"
    );
    assert_eq!(
        (
            bench.names("public_ip").len(),
            bench.names("route_table").len()
        ),
        (1, 0)
    );
}

#[test]
fn a_deletion_may_leave_a_part() {
    let mut bench = Bench::new().with_group();
    bench.made(
        &format!("PUT {}", network("publicIPAddresses/a")),
        json!({"location": "eastus", "properties": {}}),
    );
    let seen = bench.faulty("partial", &delete(), Value::Null);
    assert!(seen.acknowledged);
    bench.wait(600);
    assert_eq!(bench.names("public_ip"), ["a"]);
    assert_eq!(bench.names("resource_group"), ["g"]);
}

#[test]
fn tags_of_a_group_are_not_inherited_and_the_list_of_resources_filters_by_tag() {
    let mut bench = Bench::new().with_group();
    bench.made(
        &format!("PUT {}", network("routeTables/bare")),
        json!({"location": "eastus", "properties": {}}),
    );
    let tagged = json!({"location": "eastus", "tags": {"kubeproof:run": "r1"}, "properties": {}});
    bench.made(&format!("PUT {}", network("routeTables/marked")), tagged);
    let list = "/subscriptions/00000000-0000-0000-0000-000000000001/resources?$filter=tagName%20eq%20%27kubeproof%3Arun%27%20and%20tagValue%20eq%20%27r1%27&$expand=createdTime,provisioningState";
    let found = bench.get(list);
    let names: Vec<&str> = found["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["marked"]);
    assert!(found["value"][0]["createdTime"].is_string());
    let strange = "GET /subscriptions/00000000-0000-0000-0000-000000000001/resources?$filter=name%20eq%20%27x%27";
    bench.refused(strange, Value::Null, 501, "NotImplemented");
}

#[test]
fn existence_is_asked_for_without_a_document() {
    let mut bench = Bench::new().with_group();
    bench.is(204, &format!("HEAD {}", group("")), Value::Null);
    bench.is(404, &format!("HEAD {OTHER}"), Value::Null);
    bench.refused(
        &format!("DELETE {OTHER}"),
        Value::Null,
        404,
        "ResourceGroupNotFound",
    );
}

#[test]
fn what_was_changed_shows_in_the_activity_log_minutes_later() {
    let mut bench = Bench::new().with_group();
    let log = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Insights/eventtypes/management/values?$filter=eventTimestamp%20ge%20%272026-11-01T00:00:00Z%27";
    assert_eq!(bench.get(log)["value"], json!([]));
    bench.wait(200);
    let entry = bench.get(log)["value"][0].clone();
    assert_eq!(
        entry["operationName"]["value"],
        "Microsoft.Resources/subscriptions/resourceGroups/write"
    );
    assert_eq!(entry["caller"], "22222222-2222-2222-2222-222222222222");
}

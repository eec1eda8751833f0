//! Lists: pages, filters, and all scopes at once, complete or not.

use serde_json::{Value, json};

use crate::bench::Bench;

fn with_disks() -> Bench {
    let mut bench = Bench::new();
    for (name, zone) in [
        ("a", "us-central1-f"),
        ("b", "us-central1-f"),
        ("c", "us-east1-b"),
    ] {
        let body = json!({"name": name, "sizeGb": 10, "labels": {"kubeproof-run": name}});
        bench.made(&format!("POST compute zones/{zone}/disks"), body);
    }
    bench
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().into_iter().flatten();
    items.filter_map(|one| one["name"].as_str()).collect()
}

#[test]
fn a_list_has_pages_and_a_token_for_itself_alone() {
    let mut bench = with_disks();
    let disks = "GET compute zones/us-central1-f/disks";
    let first = bench.ok(&format!("{disks}?maxResults=1"), Value::Null);
    assert_eq!(names(&first), ["a"]);
    let token = first["nextPageToken"].as_str().unwrap().to_owned();
    let second = bench.ok(
        &format!("{disks}?maxResults=1&pageToken={token}"),
        Value::Null,
    );
    assert_eq!(
        (names(&second), second.get("nextPageToken")),
        (vec!["b"], None)
    );
    let other = format!("GET compute zones/us-east1-b/disks?pageToken={token}");
    bench.refused(&other, Value::Null, 400, "invalid");
    bench.refused(
        &format!("{disks}?maxResults=501"),
        Value::Null,
        400,
        "invalid",
    );
}

#[test]
fn an_empty_list_has_no_items() {
    let mut bench = Bench::new();
    let list = bench.ok("GET compute zones/us-central1-f/disks", Value::Null);
    assert_eq!(
        (&list["kind"], list.get("items")),
        (&json!("compute#diskList"), None)
    );
}

#[test]
fn a_filter_selects_by_labels_and_others_are_refused_by_name() {
    let mut bench = with_disks();
    let disks = "GET compute zones/us-central1-f/disks";
    let list = bench.ok(
        &format!("{disks}?filter=labels.kubeproof-run%3Db"),
        Value::Null,
    );
    assert_eq!(names(&list), ["b"]);
    let strange = format!("{disks}?filter=sizeGb%20%3E%205");
    bench.refused(&strange, Value::Null, 501, "notImplemented");
}

#[test]
fn an_aggregated_list_has_all_scopes_and_a_warning_where_nothing_is() {
    let mut bench = with_disks();
    let list = bench.ok("GET compute aggregated/disks", Value::Null);
    let items = &list["items"];
    assert_eq!(
        items["zones/us-central1-f"]["disks"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        items["zones/us-east1-b"]["disks"].as_array().unwrap().len(),
        1
    );
    assert_eq!(
        items["zones/us-west1-a"]["warning"]["code"],
        "NO_RESULTS_ON_PAGE"
    );
    let first = bench.ok("GET compute aggregated/disks?maxResults=4", Value::Null);
    assert_eq!(
        first["items"]["zones/us-east1-b"]["warning"]["code"],
        "NO_RESULTS_ON_PAGE"
    );
    let token = first["nextPageToken"].as_str().unwrap().to_owned();
    let next = format!("GET compute aggregated/disks?maxResults=4&pageToken={token}");
    let second = bench.ok(&next, Value::Null);
    assert_eq!(second["items"]["zones/us-east1-b"]["disks"][0]["name"], "c");
}

#[test]
fn a_scope_that_cannot_be_read_is_a_warning_and_not_empty() {
    let mut bench = with_disks();
    let list = bench.faulty("partial", "GET compute aggregated/disks", Value::Null);
    assert_eq!(
        list["items"]["zones/us-central1-a"]["warning"]["code"],
        "UNREACHABLE"
    );
    assert_eq!(list["unreachables"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_new_may_be_hidden_from_a_read() {
    let mut bench = with_disks();
    bench.made(
        "POST compute zones/us-central1-f/disks",
        json!({"name": "new", "sizeGb": 10}),
    );
    let disks = "GET compute zones/us-central1-f/disks";
    let list = bench.faulty("stale-read(1000)", disks, Value::Null);
    assert_eq!(names(&list), ["a", "b"]);
}

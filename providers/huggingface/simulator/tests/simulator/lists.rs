//! Lists: pages, filters, and what an injected lag hides.
//!
//! The official client reads the first page alone, so it misses the rest: `clients` shows it.

use kubeproof_huggingface_simulator::setup::{ORGANISATION, USER};
use serde_json::{Value, json};

use crate::bench::{Bench, endpoint, endpoint_with};

#[test]
fn a_page_has_20_endpoints_unless_another_number_is_asked_for() {
    let mut bench = Bench::new();
    let list = format!("v2 /endpoint/{ORGANISATION}");
    let first = bench.get(&list);
    assert_eq!(first["items"].as_array().unwrap().len(), 20);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = bench.get(&format!("{list}?cursor={cursor}"));
    assert_eq!(second["items"].as_array().unwrap().len(), 5);
    assert!(second.get("nextCursor").is_none());
    let name = |page: &Value, at: usize| page["items"][at]["name"].as_str().unwrap().to_owned();
    assert_eq!(
        (name(&first, 0), name(&second, 4)),
        ("research-00".into(), "research-24".into())
    );
    let all = bench.get(&format!("{list}?limit=100"));
    assert_eq!(all["items"].as_array().unwrap().len(), 25);
    for query in ["limit=0", "limit=101", "limit=x", "cursor=nonsense"] {
        bench.refused(
            &format!("GET {list}?{query}"),
            &Value::Null,
            400,
            "BAD_REQUEST",
        );
    }
    let other = format!("GET v2 /endpoint/{USER}?cursor={cursor}");
    bench.refused(&other, &Value::Null, 400, "cursor is not one of this list");
}

#[test]
fn a_list_is_filtered_by_tags_and_by_a_part_of_the_name() {
    let mut bench = Bench::new();
    bench.ok(
        "POST endpoint",
        &endpoint_with("one", &[("/tags", json!(["a", "b"]))]),
    );
    bench.ok(
        "POST endpoint",
        &endpoint_with("two", &[("/tags", json!(["a"]))]),
    );
    let mut check = |query: &str, expected: &[&str]| {
        let shown = bench.get(&format!("endpoint ?{query}"));
        let items = shown["items"].as_array().unwrap().iter();
        let names: Vec<&str> = items.map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{query}");
    };
    check("tags=a", &["one", "two"]);
    check("tags=a,b", &["one"]);
    check("tags=c", &[]);
    check("search=tw", &["two"]);
}

#[test]
fn an_injected_lag_hides_what_is_new_from_lists_and_reads() {
    let mut bench = Bench::new();
    bench.ok("POST endpoint", &endpoint("e"));
    bench.wait(10);
    let lag = "stale-read(30)";
    assert_eq!(
        bench.faulty(lag, "GET endpoint /e", &Value::Null).status,
        404
    );
    let listed = bench.faulty(lag, "GET endpoint", &Value::Null).json();
    assert_eq!(
        listed["items"].as_array().unwrap().len(),
        2,
        "the bystanders' alone"
    );
    assert_eq!(bench.get("endpoint")["items"].as_array().unwrap().len(), 3);
}

#[test]
fn the_catalogue_has_prices_and_the_quota_of_the_namespace() {
    let mut bench = Bench::new();
    let shown = bench.get(&format!("v2 /provider/{USER}"));
    let find = |shown: &Value, id: &str| {
        let vendors = shown["vendors"].as_array().unwrap().iter();
        let regions = vendors.flat_map(|one| one["regions"].as_array().unwrap());
        let mut all = regions.flat_map(|one| one["computes"].as_array().unwrap());
        all.find(|one| one["id"] == id).cloned().unwrap_or_default()
    };
    // The price page: $0.8 an hour.
    let l4 = find(&shown, "aws-us-east-1-nvidia-l4-x1");
    assert_eq!(
        (&l4["pricePerHour"], &l4["status"]),
        (&json!(0.8), &json!("available"))
    );
    assert_eq!(
        l4["quota"],
        json!({"maxAccelerators": 8, "usedAccelerators": 0})
    );
    // There are no L4 in Ireland.
    assert!(find(&shown, "aws-eu-west-1-nvidia-l4-x1").is_null());
    let public = bench.get("v2 /provider");
    let spr = find(&public, "aws-eu-west-1-intel-spr-x1");
    assert_eq!(spr["pricePerHour"], json!(0.033));
    assert!(spr.get("quota").is_none());
}

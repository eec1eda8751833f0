//! Resource Graph: all resources in one table, some minutes late.

use kubeproof_azure_simulator::setup::SUBSCRIPTION;
use kubeproof_simkit::cloud::Cloud as _;
use serde_json::{Value, json};

use crate::bench::{Bench, cluster, network, two_nodes};

const LINE: &str = "POST /providers/Microsoft.ResourceGraph/resources";

fn ask(bench: &mut Bench, query: &str) -> Value {
    let body = json!({"query": query, "subscriptions": [SUBSCRIPTION]});
    bench.is(200, LINE, body).body
}

fn names(bench: &mut Bench, query: &str) -> Vec<String> {
    let seen = ask(bench, query);
    let all = seen["data"].as_array().unwrap();
    all.iter()
        .map(|row| row["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn what_is_made_and_what_is_removed_shows_minutes_later() {
    let mut bench = Bench::new().with_group();
    let line = network("publicIPAddresses/a");
    let body =
        json!({"location": "eastus", "tags": {"kubeproof:run": "r1"}, "sku": {"name": "Standard"}});
    bench.is(201, &format!("PUT {line}"), body);
    bench.wait(10);
    let query = "Resources | where tags['kubeproof:run'] == 'r1' | project name";
    assert_eq!(names(&mut bench, query), [""; 0]);
    bench.wait(180);
    assert_eq!(names(&mut bench, query), ["a"]);
    bench.is(202, &format!("DELETE {line}"), Value::Null);
    bench.wait(10);
    assert!(bench.names("public_ip").is_empty());
    assert_eq!(names(&mut bench, query), ["a"]);
    bench.wait(180);
    assert_eq!(names(&mut bench, query), [""; 0]);
}

#[test]
fn it_shows_what_the_list_of_all_resources_shows() {
    let mut bench = Bench::new().with_group();
    bench.made(&format!("PUT {}", cluster("")), two_nodes());
    bench.wait(600);
    let listed = bench.get(&format!(
        "/subscriptions/{SUBSCRIPTION}/resources?$top=1000"
    ));
    let ids = |list: &Value| {
        let mut ids: Vec<String> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let seen = ask(&mut bench, "Resources | project id");
    assert_eq!(ids(&seen["data"]), ids(&listed["value"]));
    assert_eq!(seen["totalRecords"], seen["count"]);
    // Groups are in another table, with the cluster that one was made for.
    let seen = ask(
        &mut bench,
        "ResourceContainers | where name =~ 'mc_g_c_eastus' | project name, managedBy",
    );
    // The service writes it in another case than the cluster itself has.
    let owner = seen["data"][0]["managedBy"].as_str().unwrap();
    assert!(owner.eq_ignore_ascii_case(&cluster("")), "{owner}");
    // Types are in lower case, and `==` has a case.
    let disks = "Resources | where type == 'microsoft.compute/disks' | project name";
    assert_eq!(names(&mut bench, disks).len(), 3);
    let none = "Resources | where type == 'Microsoft.Compute/disks' | project name";
    assert_eq!(names(&mut bench, none).len(), 0);
}

#[test]
fn an_answer_has_pages() {
    let mut bench = Bench::new();
    bench.wait(600);
    let all = names(&mut bench, "Resources | project name");
    let mut seen = Vec::new();
    let mut options = json!({"$top": 2});
    for _ in 0..all.len() {
        let body = json!({"query": "Resources | project name", "options": options});
        let page = bench.is(200, LINE, body).body;
        let rows = page["data"].as_array().unwrap();
        seen.extend(
            rows.iter()
                .map(|row| row["name"].as_str().unwrap().to_owned()),
        );
        let Some(token) = page["$skipToken"].as_str() else {
            break;
        };
        options = json!({"$top": 2, "$skipToken": token});
    }
    assert_eq!(seen, all);
    assert!(all.len() > 2);
}

#[test]
fn everything_else_is_refused_by_name() {
    let mut bench = Bench::new();
    let check = |bench: &mut Bench, body: Value, status: u16, words: &str| {
        let seen = bench.call(LINE, body);
        assert_eq!(seen.status, status, "{}", seen.body);
        assert!(seen.body.to_string().contains(words), "{}", seen.body);
    };
    let query = "Resources | summarize count() by type";
    check(&mut bench, json!({ "query": query }), 400, "summarize");
    let elsewhere = json!({"query": "Resources", "subscriptions": ["x"]});
    check(&mut bench, elsewhere, 400, "not accessible");
    let facets = json!({"query": "Resources", "facets": []});
    check(&mut bench, facets, 501, "facets");
    let table = json!({"query": "Resources", "options": {"resultFormat": "table"}});
    check(&mut bench, table, 501, "format table");
    assert!(bench.cloud.unpriced().is_empty());
}

//! What is seen of changes afterwards: audit entries, and the search over all resources.

use kubeproof_gcp_simulator::setup::{ACCESS_TOKEN, CALLER, PROJECT};
use serde_json::{Value, json};

use crate::bench::{Bench, to};

fn entries(bench: &mut Bench, body: &Value) -> (u16, Value) {
    let url = "logging.googleapis.com/v2/entries:list";
    bench.send(&to("POST", url, ACCESS_TOKEN, &body.to_string()))
}

#[test]
fn a_change_is_in_the_audit_log_a_little_later_and_a_read_is_not() {
    let mut bench = Bench::new();
    bench.made("POST compute global/networks", json!({"name": "n"}));
    let account = json!({"accountId": "kp-r1-nodes"});
    bench.fine(
        &format!("POST iam /projects/{PROJECT}/serviceAccounts"),
        account,
    );
    let asked = json!({
        "resourceNames": [format!("projects/{PROJECT}")], "orderBy": "timestamp desc", "pageSize": 1,
        "filter": "timestamp>=\"2026-01-01T00:00:00Z\"",
    });
    // The account was made just now.
    let (status, first) = entries(&mut bench, &asked);
    assert_eq!(
        (status, first["entries"].as_array().unwrap().len()),
        (200, 1)
    );
    let payload = &first["entries"][0]["protoPayload"];
    assert_eq!(payload["methodName"], "v1.compute.networks.insert");
    assert_eq!(
        payload["resourceName"],
        format!("projects/{PROJECT}/global/networks/n")
    );
    assert_eq!(payload["authenticationInfo"]["principalEmail"], CALLER);
    bench.wait(60);
    let (_, first) = entries(&mut bench, &asked);
    let payload = &first["entries"][0]["protoPayload"];
    assert_eq!(
        payload["methodName"],
        "google.iam.admin.v1.CreateServiceAccount"
    );
    let mut next = asked.clone();
    next["pageToken"] = first["nextPageToken"].clone();
    let (_, second) = entries(&mut bench, &next);
    assert_eq!(second["entries"].as_array().unwrap().len(), 1);
    assert!(second.get("nextPageToken").is_none(), "{second}");
    let mut other = asked;
    other["resourceNames"] = json!(["projects/another"]);
    assert_eq!(entries(&mut bench, &other).0, 403);
}

#[test]
fn a_search_finds_resources_by_type_and_name_minutes_later() {
    let mut bench = Bench::new();
    let network = json!({"name": "kp-r1", "autoCreateSubnetworks": false});
    bench.ok("POST compute global/networks", network);
    let found = |bench: &mut Bench, query: &str| -> Vec<String> {
        let url =
            format!("cloudasset.googleapis.com/v1/projects/{PROJECT}:searchAllResources?{query}");
        let (status, answer) = bench.send(&to("GET", &url, ACCESS_TOKEN, ""));
        assert_eq!(status, 200, "{answer}");
        let results = answer["results"].as_array().cloned().unwrap_or_default();
        let names = results
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned());
        names.collect()
    };
    assert_eq!(found(&mut bench, "query=kp-r1"), [""; 0]);
    bench.wait(600);
    let name = format!("//compute.googleapis.com/projects/{PROJECT}/global/networks/kp-r1");
    assert_eq!(found(&mut bench, "query=kp-r1"), [name]);
    let networks = found(&mut bench, "assetTypes=compute.googleapis.com%2FNetwork");
    // Two are bystanders.
    assert_eq!(networks.len(), 3);
    assert!(networks.iter().all(|name| name.contains("/networks/")));
    assert_eq!(
        found(&mut bench, "query=labels.kubeproof-run%3Ar1"),
        [""; 0]
    );
    let page = found(&mut bench, "pageSize=1");
    assert_eq!(page.len(), 1);
}

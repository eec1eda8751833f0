//! The audited inventory equals the ground truth.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri};
use kubeproof_contract::call::Actor;
use kubeproof_contract::observer::{Lister as _, Observer as _};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::scope::{Breadth, Scope};
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use kubeproof_gcp::observer::GkeObserver;
use kubeproof_simkit::bench::{assert_same, listed};
use serde_json::json;

use crate::bench::Bench;

const SPECS: [fn() -> serde_json::Value; 3] = [
    || json!({}),
    || json!({"location": "us-central1", "network": {"private_nodes": true}}),
    || json!({"mode": "autopilot", "location": "us-central1", "node_pools": []}),
];

#[tokio::test(start_paused = true)]
async fn the_audit_equals_the_ground_truth_before_and_after_a_cluster_is_made_and_removed() {
    for spec in SPECS {
        let bench = Bench::new(spec(), &[]);
        assert_same(bench.audited().await, bench.ground_truth.inventory());
        bench.provision_with_leftovers().await;
        assert_same(bench.audited().await, bench.ground_truth.inventory());
        bench.provisioner().teardown().await.unwrap();
        assert_same(bench.audited().await, bench.ground_truth.inventory());
    }
}

#[tokio::test(start_paused = true)]
async fn an_audit_makes_few_calls_and_changes_nothing() {
    let bench = Bench::new(json!({}), &[]);
    bench.audited().await;
    // The key rings of Cloud KMS are listed location by location.
    assert!(bench.journal.len() <= 60, "{}", bench.journal.len());
    assert_eq!(bench.changes_since(0), [""; 0]);
}

/// Asks for pages of one item.
#[derive(Debug)]
struct SmallPages(SharedTransport);

#[async_trait::async_trait]
impl Transport for SmallPages {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let uri = request.uri().to_string();
        let uri = uri.replace("maxResults=500", "maxResults=1");
        let uri: Uri = uri.replace("pageSize=100", "pageSize=1").parse().unwrap();
        *request.uri_mut() = uri;
        self.0.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_to_their_last_page() {
    let bench = Bench::new(json!({}), &[]);
    bench.provisioner().provision().await.unwrap();
    let mut connection = bench.connection(Actor::Auditor);
    connection.transport = Arc::new(SmallPages(connection.transport));
    let calls = bench.journal.len();
    let observer = GkeObserver::new(bench.spec.clone(), &connection);
    let seen = listed(&observer, &Breadth::Scenario).await;
    assert!(bench.journal.len() - calls > 60);
    assert_same(seen.resources, bench.ground_truth.inventory());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_sent_twice_shows_nothing_twice() {
    let faults = ["auditor/compute:instances.aggregatedList#1=repeated-page"];
    let bench = Bench::new(json!({}), &faults);
    assert_same(bench.audited().await, bench.ground_truth.inventory());
}

/// What is unread of one type, when this happens to the calls of the auditor.
async fn unread(fault: &str, breadth: &Breadth) -> Vec<String> {
    let bench = Bench::new(json!({}), &[]);
    bench.provisioner().provision().await.unwrap();
    let there = bench.ground_truth.inventory().len();
    let bench = bench.with_faults(&[fault]);
    let listed = listed(&bench.observer(), breadth).await;
    assert!(listed.resources.len() < there, "{fault}");
    let cells = listed.unread.iter();
    cells.map(|(cell, _)| cell.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_does_not_answer_is_unread_and_not_empty() {
    for (list, of_type) in [
        ("compute:disks.aggregatedList", "disk"),
        ("container:projects.locations.clusters.list", "gke_cluster"),
    ] {
        let fault = format!("auditor/{list}#1=partial");
        let whole = unread(&fault, &Breadth::Scenario).await;
        assert_eq!(whole, [format!("{of_type} in global")]);
        let regional = unread(&fault, &Breadth::Account).await;
        assert_eq!(regional, [format!("{of_type} in us-central1")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_refused_is_an_error() {
    let fault = "auditor/compute:firewalls.list#1*1000=reject";
    let bench = Bench::new(json!({}), &[fault]);
    let observer = bench.observer();
    let cells = observer.cells(&Breadth::Scenario).await.unwrap();
    let rules = cells
        .iter()
        .find(|one| one.cells[0].resource_type == "firewall_rule");
    let error = observer.list(rules.unwrap()).await.unwrap_err();
    assert!(error.call.contains("firewalls.list"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_disabled_has_unknown_resources_and_not_none() {
    let bench = Bench::new(json!({}), &[]);
    bench
        .service("POST", "container.googleapis.com:disable")
        .await;
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let observer = bench.observer();
    let cells = observer.cells(&Breadth::Scenario).await.unwrap();
    let error = observer.list(&cells[0]).await.unwrap_err();
    assert!(
        error.message.contains("has not been used") || error.message.contains("disabled"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_is_listed_region_by_region_and_a_named_region_alone() {
    let bench = Bench::new(json!({}), &[]);
    let observer = bench.observer();
    let all = listed(&observer, &Breadth::Account).await;
    assert_same(all.resources, bench.ground_truth.inventory());
    let named = Breadth::Named(vec![Scope::new("us-east1")]);
    let seen = listed(&observer, &named).await;
    let places: BTreeSet<&str> = seen
        .resources
        .iter()
        .map(|one| one.scope.as_str())
        .collect();
    assert_eq!(places, ["global", "us-east1"].into());
    let unknown = Breadth::Named(vec![Scope::new("us-east9")]);
    let error = observer.cells(&unknown).await.unwrap_err();
    assert!(error.message.contains("`us-east9` is no region"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_account_is_the_project_that_the_api_confirms() {
    let bench = Bench::new(json!({}), &[]);
    let observer = bench.observer();
    assert_eq!(observer.learned().account, None);
    let id = observer.account_id().await.unwrap();
    assert_eq!(id.as_deref(), Some("kubeproof-rehearsal"));
    assert_eq!(observer.learned().account, id);
}

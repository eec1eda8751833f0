//! A fork of a simulated project is equal to it and independent of it.

use bytes::Bytes;
use http::Request;
use kubeproof_contract::resource::Resource;
use kubeproof_gcp_simulator::cloud::GcpCloud;
use kubeproof_gcp_simulator::setup::Setup;
use serde_json::{Value, json};

use crate::bench::{CLUSTERS, cluster, request, start};
use crate::fork_support as fork;

/// A cluster that is still being created when the project is forked.
fn first(there: &[Resource]) -> Vec<Request<Bytes>> {
    let count = there.len();
    let address = json!({"name": format!("a{count}"), "labels": {"kubeproof-run": "r1"}});
    vec![
        request("POST compute regions/us-central1/addresses", &address),
        request(&format!("POST {CLUSTERS}"), &cluster(&format!("c{count}"))),
    ]
}

/// Waits for it, and creates and removes something.
fn further(there: &[Resource]) -> Vec<Request<Bytes>> {
    let named = |of: &str| {
        let mut found = there.iter().filter(|one| one.resource_type == of);
        found.next().map(|one| one.id.clone()).unwrap_or_default()
    };
    let list = || request("GET compute aggregated/instances", &Value::Null);
    let clusters = || request("GET container locations/-/clusters", &Value::Null);
    let network = json!({"name": "n", "autoCreateSubnetworks": false});
    let address = format!(
        "DELETE compute regions/us-central1/addresses/{}",
        named("address")
    );
    let delete = format!("DELETE {CLUSTERS}/{}", named("gke_cluster"));
    vec![
        list(),
        request("POST compute global/networks", &network),
        clusters(),
        list(),
        request(&address, &Value::Null),
        clusters(),
        list(),
        request(&delete, &Value::Null),
        clusters(),
        list(),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_fork_is_equal_and_independent() {
    let cloud = GcpCloud::new(Setup::new(1, start()));
    fork::check(cloud, start(), first, further).await;
}

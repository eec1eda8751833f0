//! The provisioner against the simulated project, through the contract alone.

mod apis;
mod bench;
mod billing;
mod defects;
mod observer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Actor;
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use kubeproof_gcp::provisioner::GkeProvisioner;
use serde_json::{Value, json};

use bench::{Bench, make_ingress};

const CREATE: &str = "container:projects.locations.clusters.create";

async fn whole_life(change: Value) {
    let bench = Bench::new(change, &[]);
    let before = bench.ground_truth.inventory();
    let mut provisioner = bench.provisioner();
    let provisioned = provisioner.provision().await.unwrap();
    assert!(provisioned.made.contains_key("cluster"), "{provisioned:?}");
    // A second provision converges.
    let calls = bench.journal.len();
    let again = bench.provisioner().provision().await.unwrap();
    assert_eq!(again.made, provisioned.made);
    assert_eq!(bench.changes_since(calls), [""; 0]);
    provisioner.teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0]);
    assert_eq!(bench.ground_truth.inventory(), before);
    let calls = bench.journal.len();
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.changes_since(calls), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn two_nodes_in_a_zone_are_made_and_removed() {
    whole_life(json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn a_regional_cluster_with_autoscaling_is_made_and_removed() {
    let pools = json!([
        {"name": "main", "machine_type": "e2-standard-2", "count": 1, "autoscaling": {"min": 1, "max": 3}},
    ]);
    whole_life(json!({"location": "us-central1", "node_pools": pools})).await;
}

#[tokio::test(start_paused = true)]
async fn private_nodes_behind_nat_are_made_and_removed() {
    whole_life(json!({"network": {"private_nodes": true}})).await;
}

#[tokio::test(start_paused = true)]
async fn the_time_to_ready_is_within_five_percent_of_the_longest_chain() {
    let regional = json!({"location": "us-central1"});
    let private = json!({"network": {"private_nodes": true}});
    let default = json!({"network": "default", "subnetwork": "default"});
    let autopilot = json!({"mode": "autopilot", "location": "us-central1", "node_pools": []});
    for change in [
        json!({}),
        regional,
        private,
        json!({"network": {"existing": default}}),
        autopilot,
    ] {
        for seed in 10..14 {
            let bench = Bench::seeded(seed, change.clone(), &[]);
            let began = bench.clock.elapsed();
            bench.provisioner().provision().await.unwrap();
            let took = bench.clock.elapsed().checked_sub(began).unwrap();
            let (fastest, chain) = bench.ground_truth.fastest_ready().unwrap();
            assert!(
                took <= fastest.mul_f64(1.05) && took >= fastest,
                "{change}, seed {seed}: took {took:?}, fastest {fastest:?}: {chain}"
            );
        }
    }
}

/// Whatever happens to a call, one cluster exists, it is used, and nothing of it stays.
async fn survives(fault: &str) {
    let bench = Bench::new(json!({"network": {"private_nodes": true}}), &[fault]);
    let before = bench.ground_truth.inventory();
    let mut provisioner = bench.provisioner();
    let provisioned = provisioner.provision().await;
    provisioned.unwrap_or_else(|error| panic!("{fault}: {error}"));
    let clusters = bench.more_than(&before);
    let clusters = clusters
        .iter()
        .filter(|one| one.starts_with("gke_cluster "));
    assert_eq!(clusters.count(), 1, "{fault}");
    let removed = provisioner.teardown().await;
    removed.unwrap_or_else(|error| panic!("{fault}: {error}"));
    assert_eq!(bench.more_than(&before), [""; 0], "{fault}");
}

#[tokio::test(start_paused = true)]
async fn what_gets_lost_is_looked_up() {
    let effects = [
        "lost-response",
        "lost-request",
        "server-error",
        "server-error-after",
        "late-apply",
        "garbled",
        "throttle(20)",
        "hang",
    ];
    for call in [
        CREATE,
        "compute:networks.insert",
        "compute:subnetworks.insert",
        "compute:routers.insert",
        "iam:projects.serviceAccounts.create",
        "cloudresourcemanager:projects.setIamPolicy",
    ] {
        for effect in effects {
            survives(&format!("{call}#1={effect}")).await;
        }
    }
}

/// Sends no request ids, as many tools do.
#[derive(Debug)]
struct WithoutRequestIds(SharedTransport);

#[async_trait::async_trait]
impl Transport for WithoutRequestIds {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let uri = request.uri().to_string();
        let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
        let kept = query
            .split('&')
            .filter(|pair| !pair.starts_with("requestId="));
        let kept = kept.collect::<Vec<_>>().join("&");
        *request.uri_mut() = format!("{path}?{kept}").parse().unwrap();
        self.0.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn what_gets_lost_without_a_request_id_is_found_by_its_name() {
    for call in [
        "compute:networks.insert",
        "compute:subnetworks.insert",
        "compute:routers.insert",
    ] {
        for effect in ["lost-response", "server-error-after", "late-apply"] {
            let fault = format!("{call}#1={effect}");
            let bench = Bench::new(json!({"network": {"private_nodes": true}}), &[&fault]);
            let before = bench.ground_truth.inventory();
            let mut connection = bench.connection(Actor::Provisioner);
            connection.transport = Arc::new(WithoutRequestIds(connection.transport));
            let mut provisioner = GkeProvisioner::new(bench.spec.clone(), &connection);
            let provisioned = provisioner.provision().await;
            provisioned.unwrap_or_else(|error| panic!("{fault}: {error}"));
            assert!(bench.calls(call) > 1, "{fault}: it is called again");
            provisioner.teardown().await.unwrap();
            assert_eq!(bench.more_than(&before), [""; 0], "{fault}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_stopped_process_has_asked_for_does_not_outlive_a_teardown() {
    let own = json!({});
    let existing = json!({"existing": {"network": "default", "subnetwork": "default"}});
    for (change, call) in [
        (own.clone(), "compute:networks.insert"),
        (own, "iam:projects.serviceAccounts.create"),
        (json!({ "network": existing }), CREATE),
    ] {
        let bench = Bench::new(change, &[&format!("{call}#1=late-apply(30)")]);
        let before = bench.ground_truth.inventory();
        let asked = async {
            while bench.calls(call) == 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let mut provisioner = bench.provisioner();
        tokio::select! {
            ended = provisioner.provision() => panic!("{call}: {ended:?}"),
            () = asked => {}
        }
        // Nothing of it is there yet.
        bench.provisioner().teardown().await.unwrap();
        tokio::time::sleep(Duration::from_mins(30)).await;
        assert_eq!(bench.more_than(&before), [""; 0], "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_that_pass_by_are_waited_for() {
    for fault in [
        format!("{CREATE}#1*3=permission-lag"),
        format!("{CREATE}#1*3=reject(SERVICE_DISABLED)"),
        "cloudresourcemanager:projects.setIamPolicy#1*3=reject(ABORTED)".to_owned(),
        "cloudresourcemanager:projects.setIamPolicy#1*3=permission-lag".to_owned(),
        "compute:networks.delete#1*3=dependency".to_owned(),
        "compute:networks.delete#1=async-fail(RESOURCE_IN_USE_BY_ANOTHER_RESOURCE)".to_owned(),
        "container:projects.locations.clusters.delete#1*3=dependency".to_owned(),
        "compute:subnetworks.insert#1=async-late(3)".to_owned(),
        "container:projects.locations.clusters.delete#1=partial".to_owned(),
        "compute:disks.aggregatedList#1=partial".to_owned(),
        "compute:disks.aggregatedList#1=repeated-page".to_owned(),
    ] {
        survives(&fault).await;
    }
}

/// An attempt fails with these words, says what it leaves, and a second one or a teardown mends it.
async fn fails(fault: &str, words: &[&str]) {
    let bench = Bench::new(json!({}), &[fault]);
    let before = bench.ground_truth.inventory();
    let error = bench.provisioner().provision().await.unwrap_err();
    for word in words {
        assert!(error.message.contains(word), "`{word}` is not in: {error}");
    }
    bench.provisioner().provision().await.unwrap();
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0], "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_says_the_clouds_own_code_and_can_be_repeated() {
    fails(&format!("{CREATE}=quota"), &["Insufficient regional quota"]).await;
    fails(&format!("{CREATE}=capacity"), &["GCE_STOCKOUT"]).await;
    fails(
        &format!("{CREATE}=async-fail(GCE_STOCKOUT)"),
        &["GCE_STOCKOUT"],
    )
    .await;
    // It is gone before anybody sees it fail.
    let vanished = ["removes itself", "An internal error has occurred"];
    fails(&format!("{CREATE}=partial"), &vanished).await;
    let quota = "compute:networks.insert=async-fail(QUOTA_EXCEEDED)";
    fails(quota, &["QUOTA_EXCEEDED"]).await;
    let quota = "compute:subnetworks.insert=quota";
    fails(quota, &["quotaExceeded"]).await;
}

#[tokio::test(start_paused = true)]
async fn autopilot_and_an_existing_network_are_used_and_left_as_they_were() {
    let autopilot = json!({"mode": "autopilot", "location": "us-central1", "node_pools": []});
    whole_life(autopilot).await;
    let default = json!({"network": "default", "subnetwork": "default"});
    whole_life(json!({"network": {"existing": default}})).await;
}

#[tokio::test(start_paused = true)]
async fn what_workloads_made_goes_with_the_cluster_or_after_it() {
    // The second time Kubernetes does not answer, so that nothing is drained.
    for faults in [&[][..], &["kubernetes:list-services#1*1000=reject"]] {
        let bench = Bench::new(json!({}), faults);
        let before = bench.ground_truth.inventory();
        let provisioned = bench.provisioner().provision().await.unwrap();
        let transport = bench.connection(Actor::Workload).transport;
        let access = provisioned.access.unwrap();
        let client = kubeproof_kubernetes::client(&access, transport).unwrap();
        let labels = std::collections::BTreeMap::new();
        let made = kubeproof_kubernetes::leftovers::create(&client, "work", &labels).await;
        made.unwrap();
        let more = bench.more_than(&before);
        let has = |kind: &str| more.iter().any(|one| one.starts_with(kind));
        assert!(has("forwarding_rule") && has("disk pvc-"), "{more:?}");
        bench.provisioner().teardown().await.unwrap();
        assert_eq!(bench.more_than(&before), [""; 0], "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_load_balancer_of_an_ingress_goes_with_the_cluster_or_after_it() {
    let shared = json!({"network": {"existing": {"network": "default", "subnetwork": "default"}}});
    // The second time Kubernetes does not answer, so that nothing is drained.
    for faults in [&[][..], &["kubernetes:list-ingresses#1*1000=reject"]] {
        for (change, seed) in [
            (json!({}), 1),
            (json!({}), 2),
            (shared.clone(), 1),
            (shared.clone(), 2),
        ] {
            let bench = Bench::seeded(seed, change, faults);
            let before = bench.ground_truth.inventory();
            let provisioned = bench.provisioner().provision().await.unwrap();
            let transport = bench.connection(Actor::Workload).transport;
            let access = provisioned.access.unwrap();
            let client = kubeproof_kubernetes::client(&access, transport).unwrap();
            make_ingress(&client).await;
            let more = bench.more_than(&before);
            let has = |kind: &str| more.iter().any(|one| one.starts_with(kind));
            assert!(has("forwarding_rule") && has("url_map"), "{more:?}");
            let torn = bench.provisioner().teardown().await;
            torn.unwrap_or_else(|error| panic!("{faults:?}, seed {seed}: {error}"));
            assert_eq!(bench.more_than(&before), [""; 0], "{faults:?}, seed {seed}");
            assert_eq!(bench.ground_truth.inventory(), before);
        }
    }
}

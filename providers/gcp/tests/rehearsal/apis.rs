//! APIs that are disabled: before the run, by somebody else during it, and after it.

use std::time::Duration;

use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::provisioner::{Provisioner as _, UNKNOWN_LEFT};
use kubeproof_gcp::spec::GkeSpec;
use kubeproof_gcp_simulator::cloud::GcpCloud;
use kubeproof_gcp_simulator::setup::Setup;
use kubeproof_simkit::in_memory::InMemory;
use serde_json::json;

use crate::bench::Bench;

const CONTAINER: &str = "container.googleapis.com";
const APIS: [&str; 2] = [CONTAINER, "compute.googleapis.com"];

/// A project without anything of others: Compute Engine can only be disabled where it has nothing.
fn empty_project(_: &GkeSpec, clock: Clock, seed: u64) -> Rehearsal {
    let setup = Setup {
        bystanders: false,
        ..Setup::new(seed, clock.now())
    };
    InMemory::rehearsal(GcpCloud::new(setup), clock)
}

/// Somebody changes an API, and the change is known everywhere.
async fn change(bench: &Bench, api: &str, verb: &str) {
    bench.service("POST", &format!("{api}:{verb}")).await;
    tokio::time::sleep(Duration::from_mins(3)).await;
}

async fn is_enabled(bench: &Bench, api: &str) -> bool {
    bench.service("GET", api).await["state"] == "ENABLED"
}

/// What is left enabled of the APIs that were disabled before, when teardown restores them or not.
async fn left_enabled(restore: bool) -> Vec<&'static str> {
    let change_of_spec = json!({ "restore_apis": restore });
    let bench = Bench::with(change_of_spec, &[], empty_project);
    for api in APIS {
        change(&bench, api, "disable").await;
    }
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    bench.provisioner().teardown().await.unwrap();
    // Google makes its own account with the API, and keeps it.
    let left = bench.more_than(&before);
    let is_googles = |one: &String| one.starts_with("iam_binding roles/container.serviceAgent/");
    assert!(left.iter().all(is_googles), "{left:?}");
    let calls = bench.journal.len();
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.changes_since(calls), [""; 0]);
    let mut enabled = Vec::new();
    for api in APIS {
        if is_enabled(&bench, api).await {
            enabled.push(api);
        }
    }
    enabled
}

#[tokio::test(start_paused = true)]
async fn disabled_apis_are_enabled_and_restored_only_when_asked() {
    assert_eq!(left_enabled(false).await, APIS);
    assert_eq!(left_enabled(true).await, [""; 0]);
    // All were enabled before, so nothing is disabled.
    let bench = Bench::new(json!({"restore_apis": true}), &[]);
    bench.provisioner().provision().await.unwrap();
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.calls("serviceusage:services.disable"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_api_of_the_workload_is_enabled_and_restored_whatever_gets_lost() {
    let api = "monitoring.googleapis.com";
    let change = json!({"apis": [api], "restore_apis": true});
    for faults in [
        &[][..],
        &["serviceusage:services.batchEnable#1=lost-response"],
        &["serviceusage:services.disable#1=lost-response"],
        &["serviceusage:services.disable#1=server-error-after"],
    ] {
        let bench = Bench::new(change.clone(), faults);
        assert!(!is_enabled(&bench, api).await);
        bench.provisioner().provision().await.unwrap();
        assert!(is_enabled(&bench, api).await, "{faults:?}");
        let torn = bench.provisioner().teardown().await;
        torn.unwrap_or_else(|error| panic!("{faults:?}: {error}"));
        assert!(!is_enabled(&bench, api).await, "{faults:?}");
        assert!(is_enabled(&bench, CONTAINER).await);
    }
}

/// Tears down while others have disabled the API of the cluster, which must fail and say why; then it is enabled, and all
/// of it goes.
async fn hidden(bench: &Bench) {
    let api = CONTAINER;
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    change(bench, api, "disable").await;
    let error = bench.provisioner().teardown().await.unwrap_err();
    for part in [
        format!("{api} is disabled in project kubeproof-rehearsal"),
        format!("`gcloud services enable {api} --project kubeproof-rehearsal`"),
    ] {
        assert!(error.message.contains(&part), "{error}");
    }
    // What it could not see is not told as gone either.
    assert_eq!(error.left_behind, [UNKNOWN_LEFT], "{error}");
    let left = bench.more_than(&before);
    assert!(!left.is_empty(), "the cloud deletes nothing");
    change(bench, api, "enable").await;
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_teardown_does_not_succeed_while_others_have_disabled_the_api() {
    for change in [json!({}), json!({"restore_apis": true})] {
        hidden(&Bench::new(change, &[])).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_that_was_disabled_before_and_again_meanwhile_hides_the_cluster_too() {
    let bench = Bench::new(json!({}), &[]);
    change(&bench, CONTAINER, "disable").await;
    hidden(&bench).await;
}

/// Disables the API after this call of the first attempt, which fails; the second one finishes what it began.
async fn disabled_after(call: &str) {
    let fault = format!("{call}#1=foreign-change(disables-api)");
    let bench = Bench::new(json!({}), &[&fault]);
    let before = bench.ground_truth.inventory();
    let error = bench.provisioner().provision().await.unwrap_err();
    assert!(error.message.contains("is disabled in project"), "{error}");
    assert_eq!(bench.faults.failed_changes(), [""; 0]);
    bench.provisioner().teardown().await.unwrap_err();
    bench.provisioner().provision().await.unwrap();
    assert_eq!(
        bench.calls("container:projects.locations.clusters.create"),
        1
    );
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_second_attempt_enables_what_others_disabled_and_adopts_the_hidden_cluster() {
    disabled_after("container:projects.locations.clusters.create").await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_where_the_api_was_disabled_before_and_could_not_be_enabled() {
    let fault = "serviceusage:services.batchEnable#1*100=reject";
    let bench = Bench::new(json!({}), &[fault]);
    change(&bench, CONTAINER, "disable").await;
    let before = bench.ground_truth.inventory();
    let error = bench.provisioner().provision().await.unwrap_err();
    assert_eq!(error.left_behind, [""; 0], "{error}");
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0]);
    assert_eq!(
        bench.calls("container:projects.locations.clusters.create"),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_knows_nothing_of_a_disabled_api_does_not_call_it_empty() {
    let bench = Bench::new(json!({}), &[]);
    change(&bench, CONTAINER, "disable").await;
    let error = bench.provisioner().teardown().await.unwrap_err();
    assert!(error.message.contains("is disabled in project"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lost_its_notes_does_not_call_a_disabled_api_empty() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    let bench = bench.with_an_empty_disk();
    change(&bench, CONTAINER, "disable").await;
    bench.provisioner().teardown().await.unwrap_err();
    assert!(!bench.more_than(&before).is_empty());
}

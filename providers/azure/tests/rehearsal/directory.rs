//! A control plane that acts as an application of the directory: what no group holds is found and removed, too.

use kubeproof_contract::provisioner::Provisioner as _;
use serde_json::{Value, json};

use super::bench::Bench;
use super::{CREATE, fails, survives_with, whole_life};

fn principal() -> Value {
    json!({"identity": "service-principal"})
}

#[tokio::test(start_paused = true)]
async fn an_application_is_made_and_removed_with_all_that_it_was_given() {
    whole_life(principal()).await;
}

#[tokio::test(start_paused = true)]
async fn what_gets_lost_of_the_directory_is_asked_for_again() {
    for call in [
        "graph:applications.create",
        "graph:applications.addPassword",
        "graph:servicePrincipals.create",
        "graph:servicePrincipals.delete",
        "graph:applications.delete",
        "graph:deletedItems.delete",
        "arm:roleAssignments.create",
        "arm:roleAssignments.delete",
        CREATE,
    ] {
        for effect in [
            "lost-response",
            "lost-request",
            "server-error-after",
            "late-apply",
            "hang",
            "throttle(20)",
        ] {
            survives_with(principal(), &format!("{call}#1={effect}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_everywhere_yet_is_waited_for() {
    for fault in [
        "graph:servicePrincipals.create#1*3=permission-lag".to_owned(),
        "arm:roleAssignments.create#1*3=permission-lag".to_owned(),
        format!("{CREATE}#1*3=permission-lag"),
        format!("{CREATE}#1=async-fail(LinkedAuthorizationFailed)"),
        "graph:applications.list#1=stale-read(30)".to_owned(),
    ] {
        survives_with(principal(), &fault).await;
    }
}

/// A process dies at this call; the next one finishes, makes nothing twice, and nothing stays.
async fn taken_over(fault: &str) {
    let bench = Bench::new(principal(), &[fault]);
    let before = bench.ground_truth.inventory();
    bench.dies_in_provision(fault).await;
    bench.provisioner().provision().await.unwrap();
    let more = bench.more_than(&before);
    for kind in [
        "app_registration_sp ",
        "service_principal ",
        "aks_managed_cluster ",
    ] {
        let count = more.iter().filter(|one| one.starts_with(kind)).count();
        assert_eq!(count, 1, "{fault}: {kind}");
    }
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0], "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_between_application_and_assignment_is_taken_over() {
    for call in [
        "graph:applications.create",
        "graph:servicePrincipals.create",
        "arm:roleAssignments.create",
        "graph:applications.addPassword",
        CREATE,
    ] {
        for effect in ["crash-before", "crash-after"] {
            taken_over(&format!("{call}#1={effect}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_dies_before_the_recycle_bin_is_emptied_is_finished_by_the_next() {
    for call in [
        "graph:applications.delete",
        "graph:servicePrincipals.delete",
        "graph:deletedItems.delete",
        "arm:roleAssignments.delete",
    ] {
        let fault = format!("{call}#1=crash-after");
        let bench = Bench::new(principal(), &[&fault]);
        let before = bench.ground_truth.inventory();
        bench.provisioner().provision().await.unwrap();
        bench.dies_in_teardown(&fault).await;
        bench.provisioner().teardown().await.unwrap();
        assert_eq!(bench.more_than(&before), [""; 0], "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_names_what_the_directory_holds() {
    let fault = format!("{CREATE}=quota");
    let bench = Bench::new(principal(), &[&fault]);
    let error = bench.provisioner().provision().await.unwrap_err();
    let there = bench.ground_truth.inventory();
    for kind in [
        "app_registration_sp",
        "service_principal",
        "role_assignment",
    ] {
        let is_named = there.iter().any(|one| {
            one.resource_type == kind && error.left_behind.contains(&one.id.to_lowercase())
        });
        assert!(is_named, "{kind}: {error:?}");
    }
    fails(principal(), &fault, &["ErrCode_InsufficientVCPUQuota"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_principal_that_is_never_known_is_given_up_within_minutes() {
    let bench = Bench::new(
        principal(),
        &["arm:roleAssignments.create#1*1000=permission-lag"],
    );
    let error = bench.provisioner().provision().await.unwrap_err();
    assert!(error.message.contains("PrincipalNotFound"), "{error}");
    let took = bench.clock.elapsed();
    assert!(took < std::time::Duration::from_mins(4), "{took:?}");
}

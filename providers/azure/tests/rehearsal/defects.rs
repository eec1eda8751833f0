//! Each wrong provisioner leaves or breaks exactly what it is named for, where the correct one does not.

use std::time::Duration;

use kubeproof_azure::defects::{DEFECTS, WRONG};
use kubeproof_azure::provisioner::AksProvisioner;
use kubeproof_azure::rehearsal::SUBSCRIPTION;
use kubeproof_contract::call::Actor;
use kubeproof_contract::provisioner::ProvisionerError;
use serde_json::{Value, json};

use super::CREATE;
use super::bench::Bench;

/// The end of a lifecycle.
struct End {
    /// The types of what exists that was not there before, once each.
    left: Vec<String>,
    torn: Result<(), ProvisionerError>,
}

/// Provisions, again where that fails, and tears down; half an hour later, what is left.
async fn lifecycle(defect: Option<&str>, change: Value, faults: &[&str]) -> End {
    let bench = Bench::new(change, faults);
    let before = bench.ground_truth.inventory();
    let spec = bench.spec.clone();
    let correct = |connection| AksProvisioner::new(spec.clone(), &connection);
    let process = || WRONG.provisioner(defect, bench.connection(Actor::Provisioner), correct);
    if process().provision().await.is_err() && defect.is_none() {
        process().provision().await.unwrap();
    }
    let torn = process().teardown().await;
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(bench.not_injected(), [""; 0], "{defect:?}");
    let left = bench.more_than(&before);
    let mut left: Vec<String> = left
        .iter()
        .filter_map(|one| one.split(' ').next().map(str::to_owned))
        .collect();
    left.sort();
    left.dedup();
    End { left, torn }
}

/// The end of the wrong one, which reports success, after the correct one was seen to leave nothing.
async fn left_by(defect: &str, change: Value, faults: &[&str]) -> Vec<String> {
    let right = lifecycle(None, change.clone(), faults).await;
    assert_eq!(right.torn.map_err(|error| error.message), Ok(()));
    assert_eq!(right.left, [""; 0], "the correct one, {faults:?}");
    let wrong = lifecycle(Some(defect), change, faults).await;
    assert_eq!(
        wrong.torn.map_err(|error| error.message),
        Ok(()),
        "{defect}"
    );
    wrong.left
}

fn network() -> Value {
    json!({"network": {"resource_group": "kp-legacy", "virtual_network": "kp-legacy", "subnet": "build"}})
}

fn application() -> Value {
    json!({"identity": "service-principal"})
}

fn group() -> Value {
    json!({"resource_group": "kp-legacy"})
}

#[test]
fn all_defects_are_told_apart() {
    let mut names: Vec<&str> = DEFECTS.iter().map(|defect| defect.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DEFECTS.len());
}

#[tokio::test(start_paused = true)]
async fn an_assignment_at_a_subnet_of_others_is_left() {
    for defect in ["forgets-assignments", "new-guid", "first-page-only"] {
        let left = left_by(defect, network(), &[]).await;
        assert_eq!(left, ["role_assignment"], "{defect}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_is_left() {
    let left = left_by("forgets-application", application(), &[]).await;
    assert_eq!(left, ["app_registration_sp", "service_principal"]);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_fails_later_is_not_noticed() {
    let fault = "arm:resourceGroups.delete#1=async-fail(InternalServerError)";
    let left = left_by("does-not-wait", application(), &[fault]).await;
    assert_eq!(left, ["resource_group", "vnet_subnet"]);
    let fault = "arm:managedClusters.delete#1=async-fail(InternalServerError)";
    let left = left_by("takes-202-for-done", group(), &[fault]).await;
    assert!(left.contains(&"aks_managed_cluster".to_owned()), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_comes_up_late_is_left() {
    let fault = format!("{CREATE}=async-fail(CreateVMSSAgentPoolFailed)");
    let left = left_by("failed-is-the-end", group(), &[&fault]).await;
    assert!(left.contains(&"aks_managed_cluster".to_owned()), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_group_of_nodes_is_not_known_by_another_case() {
    let fault = "arm:managedClusters.delete#1=partial";
    let left = left_by("ids-by-case", json!({}), &[fault]).await;
    assert_eq!(left, ["node_resource_group", "public_ip"]);
}

#[tokio::test(start_paused = true)]
async fn the_address_of_a_gateway_in_a_group_of_others_is_left() {
    let change = json!({"resource_group": "kp-legacy", "outbound": "nat-gateway"});
    let left = left_by("forgets-address", change, &[]).await;
    assert_eq!(left, ["public_ip"]);
}

#[tokio::test(start_paused = true)]
async fn groups_of_nodes_are_taken_by_their_names() {
    let taken = |defect: Option<&'static str>| async move {
        let bench = Bench::new(json!({}), &[]);
        let other = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/MC_kp-r1-2_c_eastus");
        bench
            .other("PUT", &other, json!({"location": "eastus"}))
            .await;
        let before = bench.ground_truth.inventory();
        let spec = bench.spec.clone();
        let correct = |connection| AksProvisioner::new(spec, &connection);
        let mut process = WRONG.provisioner(defect, bench.connection(Actor::Provisioner), correct);
        process.provision().await.unwrap();
        process.teardown().await.unwrap();
        bench.ground_truth.inventory() != before
    };
    assert!(!taken(None).await);
    assert!(taken(Some("deletes-node-groups-by-name")).await);
}

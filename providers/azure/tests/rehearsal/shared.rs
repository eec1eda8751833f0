//! A network and a group that were there before: the run adds to them, and takes away only what it added.

use kubeproof_azure::rehearsal::SUBSCRIPTION;
use kubeproof_contract::provisioner::Provisioner as _;
use serde_json::{Value, json};

use super::bench::Bench;
use super::{CREATE, survives_with, whole_life};

fn network() -> Value {
    json!({"network": {"resource_group": "kp-legacy", "virtual_network": "kp-legacy", "subnet": "build"}})
}

fn group() -> Value {
    json!({"resource_group": "kp-legacy"})
}

#[tokio::test(start_paused = true)]
async fn a_subnet_of_others_is_used_and_given_back() {
    whole_life(network()).await;
}

#[tokio::test(start_paused = true)]
async fn a_group_of_others_is_used_and_stays_with_all_that_is_theirs() {
    whole_life(group()).await;
}

#[tokio::test(start_paused = true)]
async fn what_gets_lost_in_what_others_own_is_asked_for_again() {
    for change in [network(), group()] {
        for call in [
            "arm:roleAssignments.create",
            "arm:roleAssignments.delete",
            "arm:userAssignedIdentities.createOrUpdate",
            "arm:managedClusters.delete",
        ] {
            for effect in ["lost-response", "server-error-after", "late-apply", "hang"] {
                survives_with(change.clone(), &format!("{call}#1={effect}")).await;
            }
        }
    }
    for call in [
        "arm:virtualNetworks.delete",
        "arm:userAssignedIdentities.delete",
    ] {
        survives_with(group(), &format!("{call}#1=lost-response")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_told_before_anything_is_made() {
    let subnet = json!({"network": {"resource_group": "kp-legacy", "virtual_network": "kp-legacy", "subnet": "none"}});
    let check = |change: Value, words: &'static str| async move {
        let bench = Bench::new(change, &[]);
        let before = bench.ground_truth.inventory();
        let error = bench.provisioner().provision().await.unwrap_err();
        assert!(error.message.contains(words), "{error}");
        let kinds = bench.more_than(&before);
        assert!(
            !kinds.iter().any(|one| one.starts_with("aks_")),
            "{kinds:?}"
        );
        bench.provisioner().teardown().await.unwrap();
        assert_eq!(bench.ground_truth.inventory(), before);
    };
    check(subnet, "has no subnet `none`").await;
    check(json!({"resource_group": "none"}), "`none` does not exist").await;
}

#[tokio::test(start_paused = true)]
async fn what_has_the_runs_name_and_no_tag_is_neither_used_nor_removed() {
    for (kind, part) in [
        ("Microsoft.Network/virtualNetworks", "kp-r1-net"),
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "kp-r1-id",
        ),
    ] {
        let bench = Bench::new(group(), &[]);
        let path = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-legacy/providers/{kind}/{part}"
        );
        let body = json!({"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}}});
        let body = if kind.ends_with("Identities") {
            json!({"location": "eastus"})
        } else {
            body
        };
        bench.other("PUT", &path, body).await;
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        let before = bench.ground_truth.inventory();
        let error = bench.provisioner().provision().await.unwrap_err();
        assert!(error.message.contains("someone else's"), "{error}");
        bench.provisioner().teardown().await.unwrap();
        assert_eq!(bench.ground_truth.inventory(), before, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_assignment_that_somebody_gave_to_the_runs_identity_goes_with_it() {
    let bench = Bench::new(network(), &[]);
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    let identity = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-r1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kp-r1-id"
    );
    let identity = bench.other("GET", &identity, Value::Null).await;
    let scope = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-legacy");
    let role = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    let body = json!({"properties": {
        "roleDefinitionId": format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
        "principalId": identity["properties"]["principalId"], "principalType": "ServicePrincipal",
    }});
    let name = "eb7f4194-f509-4202-aadb-72fabfe5ba59";
    let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
    bench.other("PUT", &path, body).await;
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_role_outside_the_group_is_left_by_no_attempt_that_failed() {
    let bench = Bench::new(network(), &[&format!("{CREATE}=capacity")]);
    let before = bench.ground_truth.inventory();
    let error = bench.provisioner().provision().await.unwrap_err();
    let is_named = |id: &String| id.contains("/subnets/build/") && id.contains("roleassignments");
    assert!(error.left_behind.iter().any(is_named), "{error:?}");
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0]);
}

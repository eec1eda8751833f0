//! What a run made is proven to be its own, and nothing else is.

use kubeproof_azure::rehearsal::SUBSCRIPTION;
use kubeproof_contract::observer::{Caller, Lister as _, Ownership as _};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use serde_json::{Value, json};

use crate::bench::Bench;

#[tokio::test(start_paused = true)]
async fn everything_that_a_run_made_is_proven_and_nothing_that_was_there_before() {
    for id in ["r1", "kube-system-and-more"] {
        let mut bench = Bench::new(json!({}), &[]);
        bench.run = Run::new(id, "tester", bench.run.started_at);
        let before = bench.ground_truth.inventory();
        bench.provision_with_leftovers().await;
        let all = bench.audited().await;
        let observer = bench.observer();
        let other = Run::new("r9", "tester", bench.run.started_at);
        for one in &all {
            let is_new = !before.iter().any(|old| old.is_same(one));
            let proofs = observer.proofs(&bench.run, one, &all);
            assert_eq!(!proofs.is_empty(), is_new, "{one:?}: {proofs:?}");
            assert_eq!(observer.ownership_claim(&bench.run, one, &all), None);
            let theirs = observer.proofs(&other, one, &all);
            assert!(theirs.is_empty(), "{one:?}: {theirs:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_of_nodes_that_outlives_its_cluster_is_proven_with_what_is_in_it() {
    let bench = Bench::new(json!({}), &["foreign/arm:managedClusters.delete#1=partial"]);
    let before = bench.ground_truth.inventory();
    bench.provision_with_leftovers().await;
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-r1");
    let cluster = format!("{group}/providers/Microsoft.ContainerService/managedClusters/kp-r1");
    bench.other("DELETE", &cluster, Value::Null).await;
    tokio::time::sleep(std::time::Duration::from_mins(20)).await;
    bench.other("DELETE", &group, Value::Null).await;
    tokio::time::sleep(std::time::Duration::from_mins(20)).await;
    let left = bench.new_since(&before);
    let has = |of_type: &str| left.iter().any(|one| one.resource_type == of_type);
    assert!(
        !has("aks_managed_cluster") && !has("resource_group"),
        "{left:?}"
    );
    assert!(has("node_resource_group") && has("public_ip"), "{left:?}");
    let all = bench.audited().await;
    for one in all
        .iter()
        .filter(|one| left.iter().any(|it| it.is_same(one)))
    {
        let proofs = bench.observer().proofs(&bench.run, one, &all);
        assert!(!proofs.is_empty(), "{one:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_assignment_elsewhere_is_proven_by_its_principal_and_says_when_that_is_gone() {
    let bench = Bench::new(json!({}), &[]);
    bench.provisioner().provision().await.unwrap();
    let before = bench.ground_truth.inventory();
    let identity = before
        .iter()
        .find(|one| one.name.as_deref() == Some("kp-r1-id"))
        .unwrap();
    let network = "Microsoft.Network/virtualNetworks/kp-legacy/subnets/build";
    let scope =
        format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-legacy/providers/{network}");
    let path = format!(
        "{scope}/providers/Microsoft.Authorization/roleAssignments/77777777-7777-7777-7777-777777777777"
    );
    let role = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7"
    );
    let body = json!({"properties": {"roleDefinitionId": role,
        "principalId": identity.properties["principalId"], "principalType": "ServicePrincipal"}});
    bench.other("PUT", &path, body).await;
    let observer = bench.observer();
    let all = bench.audited().await;
    let find = |all: &[Resource]| {
        let mut all = all.iter();
        all.find(|one| one.id == path.to_lowercase())
            .cloned()
            .unwrap()
    };
    let proofs = observer.proofs(&bench.run, &find(&all), &all);
    assert_eq!(proofs, ["its principal kp-r1-id belongs to the run"]);
    // Without the identity nothing in it says whose it was: its reason is told, and the log who made it.
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-r1");
    bench.other("DELETE", &group, Value::Null).await;
    tokio::time::sleep(std::time::Duration::from_mins(20)).await;
    let all = bench.audited().await;
    let left = observer.complete(vec![find(&all)]).await.unwrap();
    let why = &left[0].properties["orphaned_because"];
    assert!(why.ends_with("is gone"), "{why}");
    let made = observer.created_by(&bench.run, &left).await.unwrap();
    assert_eq!(made[&left[0].id].caller, Caller::Ours, "{made:?}");
}

#[tokio::test(start_paused = true)]
async fn an_application_without_a_principal_is_told_with_its_reason() {
    let bench = Bench::new(json!({}), &[]);
    let made = bench
        .directory("POST", "applications", json!({"displayName": "kp-r1"}))
        .await;
    let id = made["id"].as_str().unwrap();
    let all = bench.audited().await;
    let observer = bench.observer();
    let one = all.iter().find(|one| one.id == id).cloned().unwrap();
    let complete = observer.complete(vec![one]).await.unwrap();
    let proofs = observer.proofs(&bench.run, &complete[0], &all);
    assert_eq!(
        proofs,
        ["its name is kp-r1", "it has no service principal any more"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_activity_log_says_who_made_what() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    // Entries show some minutes late.
    tokio::time::sleep(std::time::Duration::from_mins(5)).await;
    let made = bench.new_since(&before);
    let creators = bench
        .observer()
        .created_by(&bench.run, &made)
        .await
        .unwrap();
    let of = |name: &str| {
        let resource = made.iter().find(|one| one.name.as_deref() == Some(name));
        creators
            .get(&resource.unwrap().id)
            .map(|creation| creation.caller)
    };
    for name in ["kp-r1", "kp-r1-net", "kp-r1-id"] {
        assert_eq!(of(name), Some(Caller::Ours), "{creators:?}");
    }
    // What AKS made for the cluster has no entry.
    assert_eq!(of("kubernetes"), None);
    let calls = bench.journal.len();
    let none = bench.observer().created_by(&bench.run, &[]).await.unwrap();
    assert!(none.is_empty() && bench.journal.len() == calls);
}

#[tokio::test(start_paused = true)]
async fn an_activity_log_or_a_detail_that_cannot_be_read_is_an_error() {
    let faults = [
        "auditor/arm:activityLogs.list#1*1000=reject",
        "auditor/graph:servicePrincipals.get#1*1000=reject",
    ];
    let bench = Bench::new(json!({}), &faults);
    let all = bench.ground_truth.inventory();
    let observer = bench.observer();
    let error = observer.created_by(&bench.run, &all).await.unwrap_err();
    assert!(error.call.contains("activityLogs.list"), "{error}");
    let error = observer.complete(bench.audited().await).await.unwrap_err();
    assert!(error.call.contains("servicePrincipals.get"), "{error}");
}

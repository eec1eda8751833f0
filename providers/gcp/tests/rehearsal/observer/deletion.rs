//! The deleter removes what it is told to, waits until it is gone, and touches nothing else.

use kubeproof_contract::call::Actor;
use kubeproof_contract::deleter::Deleter as _;
use kubeproof_contract::observer::Lister as _;
use kubeproof_contract::resource::Resource;
use kubeproof_gcp::deleter::GkeDeleter;
use serde_json::json;

use crate::bench::Bench;

fn deleter(bench: &Bench) -> GkeDeleter {
    GkeDeleter::new(&bench.spec, &bench.connection(Actor::Auditor))
}

/// Those of the audit that are new, in deletion order.
async fn new(bench: &Bench, before: &[Resource]) -> Vec<Resource> {
    let observer = bench.observer();
    let types = observer.resource_types();
    let mut new = bench.audited().await;
    new.retain(|one| !before.iter().any(|old| old.is_same(one)));
    new.sort_by_key(|one| types.iter().position(|it| it.name == one.resource_type));
    new
}

#[tokio::test(start_paused = true)]
async fn a_whole_cluster_with_what_it_left_is_deleted_in_order_and_twice_is_no_error() {
    let existing = json!({"existing": {"network": "default", "subnetwork": "default"}});
    // A deletion that leaves a firewall rule, a range of the subnetwork, and what the workload made.
    let partial = "auditor/container:projects.locations.clusters.delete#1=partial";
    for (asked, faults) in [
        (json!({"network": {"private_nodes": true}}), &[][..]),
        (json!({"location": "us-central1"}), &[]),
        (json!({"network": existing}), &[partial]),
    ] {
        let bench = Bench::new(asked, faults);
        let before = bench.ground_truth.inventory();
        let bystanders = bench.ground_truth.bystanders();
        bench.provision_with_leftovers().await;
        let new = new(&bench, &before).await;
        for _ in 0..2 {
            for one in &new {
                let deleted = deleter(&bench).delete(one).await;
                deleted.unwrap_or_else(|error| panic!("{one:?}: {error}"));
            }
        }
        assert_eq!(bench.more_than(&before), [""; 0]);
        assert_eq!(bench.ground_truth.bystanders(), bystanders);
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_resource_of_the_same_name_stays() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    bench.provision_with_leftovers().await;
    let there = bench.ground_truth.inventory();
    let calls = bench.journal.len();
    for mut one in new(&bench, &before).await {
        // Bindings have no id of their own.
        if one.incarnation.is_some() {
            one.incarnation = Some("1".to_owned());
            deleter(&bench).delete(&one).await.unwrap();
        }
    }
    assert_eq!(bench.ground_truth.inventory(), there);
    let changes = bench.changes_since(calls);
    // The id itself is what the call names.
    assert!(
        changes
            .iter()
            .all(|call| call.ends_with("serviceAccounts.delete")),
        "{changes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_binding_goes_alone_also_when_somebody_else_is_faster() {
    let fault = "auditor/cloudresourcemanager:projects.setIamPolicy#1*2=reject(ABORTED)";
    let bench = Bench::new(json!({}), &[fault]);
    let before = bench.ground_truth.inventory();
    bench.provision_with_leftovers().await;
    let new = new(&bench, &before).await;
    let bindings: Vec<&Resource> = new
        .iter()
        .filter(|one| one.resource_type == "iam_binding")
        .collect();
    assert_eq!(bindings.len(), 1);
    let there = bench.ground_truth.inventory().len();
    deleter(&bench).delete(bindings[0]).await.unwrap();
    let left = bench.ground_truth.inventory();
    assert_eq!(left.len(), there - 1);
    assert!(!left.iter().any(|one| one.is_same(bindings[0])));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_use_or_of_an_unknown_type_is_refused() {
    let bench = Bench::new(json!({}), &[]);
    bench.provision_with_leftovers().await;
    let there = bench.ground_truth.inventory();
    let network = there
        .iter()
        .find(|one| one.id == "kp-r1" && one.resource_type == "network");
    let error = deleter(&bench).delete(network.unwrap()).await.unwrap_err();
    assert!(error.message.contains("already being used by"), "{error}");
    let error = deleter(&bench)
        .delete(&Resource::new("moon", "m", "global"))
        .await
        .unwrap_err();
    assert!(
        error.message.contains("unknown resource type `moon`"),
        "{error}"
    );
    let elsewhere = Resource::new("firewall_rule", "default-allow-ssh", "us-central1");
    let error = deleter(&bench).delete(&elsewhere).await.unwrap_err();
    assert!(
        error.message.contains("no call deletes it there"),
        "{error}"
    );
    assert_eq!(bench.ground_truth.inventory(), there);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_fails_is_an_error() {
    let fault = "auditor/compute:firewalls.delete#1=async-fail(INTERNAL_ERROR)";
    let bench = Bench::new(json!({}), &[fault]);
    bench.provision_with_leftovers().await;
    let there = bench.ground_truth.inventory();
    let rule = there.iter().find(|one| one.id == "kp-r1-internal").unwrap();
    let error = deleter(&bench).delete(rule).await.unwrap_err();
    assert!(error.message.contains("INTERNAL"), "{error}");
    assert_eq!(bench.ground_truth.inventory(), there);
}

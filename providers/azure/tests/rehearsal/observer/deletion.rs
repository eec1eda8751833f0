//! The deleter removes what it is told to, waits until it is gone, and touches nothing else.

use kubeproof_azure::deleter::AksDeleter;
use kubeproof_azure::marks;
use kubeproof_azure::rehearsal::SUBSCRIPTION;
use kubeproof_contract::call::Actor;
use kubeproof_contract::deleter::Deleter as _;
use kubeproof_contract::observer::Lister as _;
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::bench::Bench;

fn deleter(bench: &Bench) -> AksDeleter {
    AksDeleter::new(&bench.spec, &bench.connection(Actor::Auditor))
}

/// Those of the audit that are new and carry the run's marks, in deletion order.
async fn marked(bench: &Bench, before: &[Resource]) -> Vec<Resource> {
    let observer = bench.observer();
    let types = observer.resource_types();
    let mut new = bench.audited().await;
    new.retain(|one| !before.iter().any(|old| old.is_same(one)));
    new.retain(|one| marks::owner_of(one).is_some_and(|owner| owner.run == bench.run.id));
    new.sort_by_key(|one| types.iter().position(|it| it.name == one.resource_type));
    new
}

fn group(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-r1{rest}")
}

#[tokio::test(start_paused = true)]
async fn a_whole_cluster_with_what_it_left_is_deleted_in_order_and_twice_is_no_error() {
    let subnet =
        json!({"resource_group": "kp-legacy", "virtual_network": "kp-legacy", "subnet": "build"});
    for asked in [
        json!({}),
        json!({"identity": "service-principal", "network": subnet}),
    ] {
        let bench = Bench::new(asked.clone(), &[]);
        let before = bench.ground_truth.inventory();
        let bystanders = bench.ground_truth.bystanders();
        bench.provision_with_leftovers().await;
        let marked = marked(&bench, &before).await;
        for _ in 0..2 {
            for one in &marked {
                let deleted = deleter(&bench).delete(one).await;
                deleted.unwrap_or_else(|error| panic!("{one:?}: {error}"));
            }
        }
        assert_eq!(bench.more_than(&before), [""; 0], "{asked}");
        assert_eq!(bench.ground_truth.bystanders(), bystanders);
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_resource_of_the_same_name_stays() {
    let bench = Bench::new(json!({"identity": "service-principal"}), &[]);
    let before = bench.ground_truth.inventory();
    bench.provision_with_leftovers().await;
    let there = bench.ground_truth.inventory();
    let calls = bench.journal.len();
    for mut one in marked(&bench, &before).await {
        one.incarnation = Some("2020-01-01T00:00:00Z".to_owned());
        deleter(&bench).delete(&one).await.unwrap();
    }
    assert_eq!(bench.ground_truth.inventory(), there);
    assert_eq!(bench.changes_since(calls), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_without_the_runs_marks_or_once_they_have_changed() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    let there = bench.ground_truth.inventory();
    let calls = bench.journal.len();
    for one in &before {
        let error = deleter(&bench).delete(one).await.unwrap_err();
        assert!(error.message.contains("no run's marks"), "{error}");
    }
    let mut foreign = marked(&bench, &before).await;
    for one in &mut foreign {
        let tag = one.tags.get_mut("kubeproof:run");
        let described = one.properties.get_mut("description");
        for text in tag.into_iter().chain(described) {
            *text = text.replace("r1", "r2");
        }
        let error = deleter(&bench).delete(one).await.unwrap_err();
        assert!(error.message.contains("its marks now name r1"), "{error}");
    }
    assert_eq!(bench.ground_truth.inventory(), there);
    assert_eq!(bench.changes_since(calls), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_group_of_nodes_goes_with_its_cluster_and_alone_only_when_that_is_gone() {
    let fault = "foreign/arm:managedClusters.delete#1=partial";
    let bench = Bench::new(json!({}), &[fault]);
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    let marked = marked(&bench, &before).await;
    let mut all = marked.iter();
    let nodes = all
        .find(|one| one.resource_type == "node_resource_group")
        .unwrap();
    let error = deleter(&bench).delete(nodes).await.unwrap_err();
    assert!(error.message.contains("it goes with that"), "{error}");
    let cluster = "/providers/Microsoft.ContainerService/managedClusters/kp-r1";
    bench.other("DELETE", &group(cluster), Value::Null).await;
    tokio::time::sleep(std::time::Duration::from_mins(20)).await;
    assert!(
        bench
            .ground_truth
            .inventory()
            .iter()
            .any(|one| one.is_same(nodes))
    );
    deleter(&bench).delete(nodes).await.unwrap();
    assert!(
        !bench
            .ground_truth
            .inventory()
            .iter()
            .any(|one| one.is_same(nodes))
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_that_holds_something_of_others_stays_and_so_does_one_that_is_locked() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    let body = json!({"location": "eastus", "tags": bench.run.tags()});
    bench.other("PUT", &group(""), body).await;
    let table = group("/providers/Microsoft.Network/routeTables/theirs");
    bench
        .other(
            "PUT",
            &table,
            json!({"location": "eastus", "properties": {}}),
        )
        .await;
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let marked = marked(&bench, &before).await;
    let [own] = marked.as_slice() else {
        panic!("{marked:?}");
    };
    let error = deleter(&bench).delete(own).await.unwrap_err();
    assert!(
        error
            .message
            .contains("1 resources without the marks of run r1"),
        "{error}"
    );
    bench.other("DELETE", &table, Value::Null).await;
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let lock = group("/providers/Microsoft.Authorization/locks/keep");
    let body = json!({"properties": {"level": "CanNotDelete"}});
    bench.other("PUT", &lock, body).await;
    let error = deleter(&bench).delete(own).await.unwrap_err();
    assert!(error.message.contains("locked"), "{error}");
    let all = bench.audited().await;
    let locked = all
        .iter()
        .find(|one| one.resource_type == "management_lock");
    let error = deleter(&bench).delete(locked.unwrap()).await.unwrap_err();
    assert!(error.message.contains("somebody's decision"), "{error}");
    bench.other("DELETE", &lock, Value::Null).await;
    deleter(&bench).delete(own).await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_application_goes_with_its_principal_and_out_of_the_recycle_bin() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    let body = json!({"displayName": "kp-r1", "tags": marks::words(&bench.run)});
    let made = bench.directory("POST", "applications", body).await;
    let client = json!({"appId": made["appId"]});
    bench.directory("POST", "servicePrincipals", client).await;
    let marked = marked(&bench, &before).await;
    let mut all = marked.iter();
    let application = all
        .find(|one| one.resource_type == "app_registration_sp")
        .unwrap();
    deleter(&bench).delete(application).await.unwrap();
    assert_eq!(bench.ground_truth.inventory(), before);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_or_is_of_an_unknown_type_is_refused() {
    let bench = Bench::new(
        json!({}),
        &["auditor/arm:resourceGroups.list#1*1000=reject"],
    );
    let before = bench.ground_truth.inventory();
    let of = |of_type: &str| {
        let one = Resource::new(of_type, "/subscriptions/s/resourcegroups/g", "global");
        one.tagged(bench.run.tags())
    };
    let check = |seen: Result<(), kubeproof_contract::observer::ObserverError>, part: &str| {
        let error = seen.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    };
    let deleter = deleter(&bench);
    check(
        deleter.delete(&of("resource_group")).await,
        "resourceGroups.list",
    );
    check(
        deleter.delete(&of("moon")).await,
        "unknown resource type `moon`",
    );
    check(
        deleter.delete(&of("role_definition")).await,
        "az role definition delete",
    );
    assert_eq!(bench.ground_truth.inventory(), before);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_fails_is_an_error() {
    let fault = "auditor/arm:managedClusters.delete#1=async-fail(InternalServerError)";
    let bench = Bench::new(json!({}), &[fault]);
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    let marked = marked(&bench, &before).await;
    let mut all = marked.iter();
    let cluster = all
        .find(|one| one.resource_type == "aks_managed_cluster")
        .unwrap();
    let error = deleter(&bench).delete(cluster).await.unwrap_err();
    assert!(error.message.contains("it is Failed"), "{error}");
}

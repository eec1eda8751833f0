//! The provisioner against the simulated subscription, through the contract alone.

mod bench;
mod billing;
mod defects;
mod directory;
mod live;
mod observer;
mod shared;

use kubeproof_azure::rehearsal::SUBSCRIPTION;
use kubeproof_contract::call::Actor;
use kubeproof_contract::provisioner::Provisioner as _;
use serde_json::{Value, json};

use bench::Bench;

const CREATE: &str = "arm:managedClusters.createOrUpdate";

async fn whole_life(change: Value) {
    let bench = Bench::new(change, &[]);
    let before = bench.ground_truth.inventory();
    let mut provisioner = bench.provisioner();
    let provisioned = provisioner.provision().await.unwrap();
    assert!(
        provisioned.made.contains_key("managedClusters/kp-r1"),
        "{provisioned:?}"
    );
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
async fn two_nodes_with_a_managed_identity_are_made_and_removed() {
    whole_life(json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn a_standard_cluster_with_a_user_pool_in_zones_is_made_and_removed() {
    let pools = json!([
        {"name": "main", "vm_size": "Standard_D2s_v3", "count": 1},
        {"name": "spare", "vm_size": "Standard_D2s_v3", "count": 2, "spot": true, "zones": ["1", "2"], "autoscaling": {"min": 1, "max": 3}},
    ]);
    whole_life(json!({"tier": "standard", "node_pools": pools})).await;
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_within_five_percent_of_the_longest_chain() {
    let check = async |change: Value, expected: &str| {
        let bench = Bench::new(change, &[]);
        bench.provisioner().provision().await.unwrap();
        let took = bench.clock.elapsed().as_secs_f64();
        let (fastest, chain) = bench.ground_truth.fastest_ready().unwrap();
        assert!(chain.contains(expected), "{chain}");
        assert!(
            took <= fastest.as_secs_f64() * 1.05,
            "{took} s, {fastest:?} were possible: {chain}"
        );
    };
    check(json!({}), "group → virtual network → cluster").await;
    let gateway = json!({"outbound": "nat-gateway"});
    check(gateway, "public address → NAT gateway → virtual network").await;
    let application = json!({"identity": "service-principal"});
    check(application, "application, known everywhere → cluster").await;
}

/// Whatever happens to a call, one cluster exists, it is used, and nothing of it stays.
async fn survives(fault: &str) {
    survives_with(json!({}), fault).await;
}

/// The same for a scenario with other members.
async fn survives_with(change: Value, fault: &str) {
    let bench = Bench::new(change, &[fault]);
    let before = bench.ground_truth.inventory();
    let mut provisioner = bench.provisioner();
    let provisioned = provisioner.provision().await;
    provisioned.unwrap_or_else(|error| panic!("{fault}: {error}"));
    let clusters = bench.more_than(&before);
    let clusters = clusters
        .iter()
        .filter(|one| one.starts_with("aks_managed_cluster "));
    assert_eq!(clusters.count(), 1, "{fault}");
    let removed = provisioner.teardown().await;
    removed.unwrap_or_else(|error| panic!("{fault}: {error}"));
    assert_eq!(bench.more_than(&before), [""; 0], "{fault}");
    assert_eq!(bench.not_injected(), [""; 0], "{fault}");
}

#[tokio::test(start_paused = true)]
async fn what_gets_lost_is_asked_for_again() {
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
        "arm:virtualNetworks.createOrUpdate",
        "arm:resourceGroups.createOrUpdate",
        "arm:userAssignedIdentities.createOrUpdate",
        "arm:roleAssignments.create",
        "arm:managedClusters.delete",
        "arm:resourceGroups.delete",
        "authority:token",
    ] {
        for effect in effects {
            survives(&format!("{call}#1={effect}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_that_pass_by_are_waited_for() {
    for fault in [
        format!("{CREATE}#1*3=permission-lag"),
        format!("{CREATE}#1=dependency"),
        "arm:roleAssignments.create#1*3=permission-lag".to_owned(),
        "arm:virtualNetworks.createOrUpdate#1=dependency".to_owned(),
        "arm:virtualNetworks.createOrUpdate#1=async-late(3)".to_owned(),
        "arm:managedClusters.delete#1*3=dependency".to_owned(),
        "arm:managedClusters.delete#1=partial".to_owned(),
        "arm:managedClusters.delete#1=async-fail(InternalServerError)".to_owned(),
        "arm:resourceGroups.delete#1=partial".to_owned(),
        "arm:resourceGroups.delete#1=async-fail(InternalServerError)".to_owned(),
        "arm:resourceGroups.list#1=repeated-page".to_owned(),
        "arm:virtualNetworks.get#2=stale-read(30)".to_owned(),
        "arm:operations.get#1=reject(OperationNotFound)".to_owned(),
        "arm:operations.get#4*3=reject(OperationNotFound)".to_owned(),
        "arm:operationResults.get#1=reject(OperationNotFound)".to_owned(),
        format!("{CREATE}#1=async-fail(LinkedAuthorizationFailed)"),
    ] {
        survives(&fault).await;
    }
}

/// An attempt fails with these words, says what it leaves, and a second one or a teardown mends it.
async fn fails(change: Value, fault: &str, words: &[&str]) {
    let bench = Bench::new(change, &[fault]);
    let before = bench.ground_truth.inventory();
    let error = bench.provisioner().provision().await.unwrap_err();
    for word in words {
        assert!(error.message.contains(word), "`{word}` is not in: {error}");
    }
    assert!(!error.left_behind.is_empty(), "{fault}: {error:?}");
    bench.provisioner().provision().await.unwrap();
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0], "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_says_the_clouds_own_code_and_can_be_repeated() {
    fails(
        json!({}),
        &format!("{CREATE}=quota"),
        &["ErrCode_InsufficientVCPUQuota"],
    )
    .await;
    fails(
        json!({}),
        &format!("{CREATE}=capacity"),
        &["AllocationFailed"],
    )
    .await;
    fails(
        json!({}),
        &format!("{CREATE}=async-fail(ZonalAllocationFailed)"),
        &["ZonalAllocationFailed"],
    )
    .await;
    // It comes up five minutes after its operation has failed, or is mended before.
    fails(
        json!({}),
        &format!("{CREATE}=async-fail(CreateVMSSAgentPoolFailed)"),
        &["CreateVMSSAgentPoolFailed"],
    )
    .await;
    fails(
        json!({}),
        "arm:virtualNetworks.createOrUpdate=async-fail(InternalServerError)",
        &["InternalServerError"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_comes_up_late_is_removed_too() {
    let fault = format!("{CREATE}=async-fail(CreateVMSSAgentPoolFailed)");
    let bench = Bench::new(json!({}), &[&fault]);
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap_err();
    tokio::time::sleep(std::time::Duration::from_mins(10)).await;
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.more_than(&before), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_reported_and_not_removed() {
    let bench = Bench::new(json!({}), &[]);
    bench.provisioner().provision().await.unwrap();
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-r1");
    let lock = format!("{group}/providers/Microsoft.Authorization/locks/keep");
    bench
        .other(
            "PUT",
            &lock,
            json!({"properties": {"level": "CanNotDelete"}}),
        )
        .await;
    let error = bench.provisioner().teardown().await.unwrap_err();
    assert!(error.message.contains("ScopeLocked"), "{error}");
    assert!(
        bench
            .ground_truth
            .inventory()
            .iter()
            .any(|one| one.resource_type == "management_lock")
    );
    bench.other("DELETE", &lock, Value::Null).await;
    bench.provisioner().teardown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_group_of_somebody_else_is_neither_used_nor_removed() {
    let bench = Bench::new(json!({}), &[]);
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-r1");
    bench
        .other("PUT", &group, json!({"location": "eastus"}))
        .await;
    let before = bench.ground_truth.inventory();
    let error = bench.provisioner().provision().await.unwrap_err();
    assert!(error.message.contains("someone else's"), "{error}");
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.ground_truth.inventory(), before);
}

#[tokio::test(start_paused = true)]
async fn what_workloads_made_goes_with_the_cluster() {
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
        assert!(
            has("public_ip kubernetes-a") && has("managed_disk pvc-"),
            "{more:?}"
        );
        bench.provisioner().teardown().await.unwrap();
        assert_eq!(bench.more_than(&before), [""; 0], "{faults:?}");
    }
}

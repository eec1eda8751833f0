//! The rows of the checklist over a cluster of the reference provisioner, and over one that is not as asked for.

use kubeproof_azure::observer::AksObserver;
use kubeproof_azure::observer::checks::CHECKLIST;
use kubeproof_azure::rehearsal::SUBSCRIPTION;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::Observer as _;
use kubeproof_contract::provisioner::{NoAccess, Provisioned, Provisioner as _};
use serde_json::{Value, json};

use crate::bench::{Bench, spec};

/// The rows of a bench's cluster, seen by an observer of what this asks for.
async fn rows(bench: &Bench, asked: Value, provisioned: &Provisioned) -> Vec<Check> {
    let observer = AksObserver::new(spec(asked), &bench.connection(Actor::Observer));
    observer.checks(&bench.run, provisioned).await
}

fn verdicts(rows: &[Check], verdict: Verdict) -> Vec<&str> {
    let rows = rows.iter().filter(|row| row.verdict == verdict);
    rows.map(|row| row.id.as_str()).collect()
}

/// The rows that are judged of a cluster: the checklist's without those of preflight and of the harness.
fn ids() -> Vec<&'static str> {
    let of_harness = ["azure.cost", "azure.teardown", "azure.partial_failure"];
    let ids = CHECKLIST.iter().map(|(id, _)| *id);
    ids.filter(|id| id.starts_with("azure.") && !of_harness.contains(id))
        .collect()
}

const SUBNET: fn() -> Value =
    || json!({"resource_group": "kp-legacy", "virtual_network": "kp-legacy", "subnet": "build"});

#[tokio::test(start_paused = true)]
async fn a_cluster_as_asked_for_passes_every_row() {
    let pools = json!([
        {"name": "main", "vm_size": "Standard_D2s_v3", "count": 1},
        {"name": "spare", "vm_size": "Standard_D2s_v3", "count": 2, "spot": true, "zones": ["1", "2"],
            "autoscaling": {"min": 1, "max": 3}, "labels": {"a": "b"}},
    ]);
    for asked in [
        json!({}),
        json!({"tier": "standard", "kubernetes_version": "1.34"}),
        json!({"node_pools": pools}),
        json!({"identity": "service-principal"}),
        json!({"network": SUBNET()}),
        json!({"resource_group": "kp-legacy"}),
    ] {
        let bench = Bench::new(asked.clone(), &[]);
        let provisioned = bench.provisioner().provision().await.unwrap();
        let calls = bench.journal.len();
        let rows = rows(&bench, asked.clone(), &provisioned).await;
        assert_eq!(bench.changes_since(calls), [""; 0]);
        let seen: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(seen, ids());
        let passed = verdicts(&rows, Verdict::Pass).len();
        assert_eq!(passed, rows.len(), "{asked}: {rows:#?}");
        assert!(rows.iter().all(|row| !row.evidence.is_empty()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_not_as_asked_for_fails_the_rows_that_it_concerns() {
    let bench = Bench::new(json!({}), &[]);
    let provisioned = bench.provisioner().provision().await.unwrap();
    let pools = |size: &str, count: u32| json!({"node_pools": [{"name": "main", "vm_size": size, "count": count}]});
    for (asked, failed) in [
        (pools("Standard_D4s_v3", 2), &["azure.node_pools"][..]),
        (
            pools("Standard_D2s_v3", 3),
            &["azure.node_pools", "azure.ready"],
        ),
        (json!({"tier": "standard"}), &["azure.cluster"]),
        (json!({"network_cidr": "10.9.0.0/16"}), &["azure.network"]),
        (json!({"network": SUBNET()}), &["azure.network"]),
        (
            json!({"identity": "service-principal"}),
            &["azure.identity"],
        ),
    ] {
        let rows = rows(&bench, asked.clone(), &provisioned).await;
        assert_eq!(verdicts(&rows, Verdict::Fail), failed, "{asked}: {rows:#?}");
    }
}

/// Gives the control plane of a bench's cluster a role that it does not need.
async fn give_role(bench: &Bench, role: &str, scope: &str) {
    let all = bench.ground_truth.inventory();
    let mut all = all.iter();
    let identity = all.find(|one| one.name.as_deref() == Some("kp-r1-id"));
    let principal = &identity.unwrap().properties["principalId"];
    let name = "77777777-7777-7777-7777-777777777777";
    let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
    let definitions = "providers/Microsoft.Authorization/roleDefinitions";
    let role = format!("/subscriptions/{SUBSCRIPTION}/{definitions}/{role}");
    let body = json!({"properties": {"roleDefinitionId": role, "principalId": principal,
        "principalType": "ServicePrincipal"}});
    bench.other("PUT", &path, body).await;
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_wider_than_needed_fails_the_row_of_the_identity() {
    let contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    let network = "4d97b98b-1d4f-4787-a291-c67834d212e7";
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-r1");
    for (role, scope) in [
        (contributor, format!("/subscriptions/{SUBSCRIPTION}")),
        (network, group),
    ] {
        let bench = Bench::new(json!({}), &[]);
        let provisioned = bench.provisioner().provision().await.unwrap();
        give_role(&bench, role, &scope).await;
        let rows = rows(&bench, json!({}), &provisioned).await;
        assert_eq!(verdicts(&rows, Verdict::Fail), ["azure.identity"]);
        let evidence = &rows
            .iter()
            .find(|row| row.id == "azure.identity")
            .unwrap()
            .evidence;
        assert!(evidence.contains("which it does not need"), "{evidence}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_cluster_nothing_of_it_passes() {
    let bench = Bench::new(json!({}), &[]);
    let none = Provisioned {
        access: Err(NoAccess::NotGiven("none")),
        made: std::collections::BTreeMap::new(),
    };
    let rows = rows(&bench, json!({}), &none).await;
    assert_eq!(verdicts(&rows, Verdict::Pass), [""; 0]);
    assert_eq!(verdicts(&rows, Verdict::Skipped), ["azure.credentials"]);
    assert_eq!(verdicts(&rows, Verdict::Unknown), ["azure.ready"]);
    assert_eq!(verdicts(&rows, Verdict::Fail).len(), 5, "{rows:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_unknown() {
    let all = [
        "azure.resource_group",
        "azure.network",
        "azure.cluster",
        "azure.node_pools",
        "azure.identity",
    ];
    for (call, unknown) in [
        ("arm:resourceGroups.get", &["azure.resource_group"][..]),
        ("arm:networkSecurityGroups.listAll", &["azure.network"]),
        ("arm:virtualNetworks.get", &["azure.network"]),
        ("arm:virtualMachineScaleSets.listAll", &["azure.node_pools"]),
        (
            "arm:roleAssignments.listForSubscription",
            &["azure.identity"],
        ),
        ("arm:managedClusters.get", &all),
        (
            "arm:agentPools.list",
            &["azure.network", "azure.node_pools", "azure.identity"],
        ),
        (
            "arm:managedClusters.listClusterUserCredentials",
            &["azure.credentials", "azure.ready"],
        ),
    ] {
        let fault = format!("observer/{call}#1*1000=reject");
        let bench = Bench::new(json!({}), &[&fault]);
        let provisioned = bench.provisioner().provision().await.unwrap();
        let rows = rows(&bench, json!({}), &provisioned).await;
        assert_eq!(
            verdicts(&rows, Verdict::Unknown),
            unknown,
            "{call}: {rows:#?}"
        );
        assert_eq!(verdicts(&rows, Verdict::Fail), [""; 0], "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn access_to_another_cluster_does_not_pass() {
    let bench = Bench::new(json!({}), &[]);
    let mut provisioned = bench.provisioner().provision().await.unwrap();
    if let Ok(access) = &mut provisioned.access {
        access.certificate_authority_pem =
            Some("-----BEGIN CERTIFICATE-----\nanother\n".to_owned());
    }
    let rows = rows(&bench, json!({}), &provisioned).await;
    assert_eq!(verdicts(&rows, Verdict::Fail), ["azure.credentials"]);
}

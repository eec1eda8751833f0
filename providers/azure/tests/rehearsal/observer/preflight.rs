//! Preflight: what would make a run fail is found before anything is made.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use kubeproof_azure::observer::AksObserver;
use kubeproof_azure::rehearsal::{SUBSCRIPTION, TENANT};
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::Observer as _;
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use serde_json::{Value, json};

use crate::bench::Bench;

/// The rows that do not pass, and their evidence.
fn bad(rows: &[Check]) -> Vec<(&str, Verdict, &str)> {
    let bad = rows.iter().filter(|row| row.verdict != Verdict::Pass);
    bad.map(|row| (row.id.as_str(), row.verdict, row.evidence.as_str()))
        .collect()
}

#[track_caller]
fn assert_only(rows: &[Check], id: &str, verdict: Verdict, part: &str) {
    let bad = bad(rows);
    let [(seen, of, evidence)] = bad.as_slice() else {
        panic!("{bad:#?}");
    };
    assert_eq!((*seen, *of), (id, verdict), "{evidence}");
    assert!(evidence.contains(part), "{evidence}");
}

const SUBNET: fn(&str) -> Value = |subnet| json!({"network": {"resource_group": "kp-legacy", "virtual_network": "kp-legacy", "subnet": subnet}});

#[tokio::test(start_paused = true)]
async fn a_fresh_subscription_and_one_with_this_very_run_pass_and_nothing_is_changed() {
    for asked in [
        json!({}),
        json!({"kubernetes_version": "1.33", "identity": "service-principal"}),
        SUBNET("build"),
        json!({"resource_group": "kp-legacy"}),
    ] {
        let bench = Bench::new(asked, &[]);
        let observer = bench.observer();
        let rows = observer.preflight().await;
        assert_eq!(bad(&rows), []);
        assert_eq!(rows.len(), 10, "{rows:#?}");
        assert_eq!(bench.changes_since(0), [""; 0]);
        let account = format!("{TENANT}/{SUBSCRIPTION}");
        assert_eq!(observer.learned().account, Some(account));
        bench.provisioner().provision().await.unwrap();
        let rows = bench.observer().preflight().await;
        assert_eq!(bad(&rows), []);
        let names = rows.last().unwrap();
        assert!(names.evidence.contains("of this run: "), "{names:?}");
        assert!(names.evidence.contains("cluster kp-r1"), "{names:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn quotas_versions_and_sizes_are_compared_with_what_there_is() {
    let pools = |size: &str, count: u32, zones: &[&str]| json!({"node_pools": [{"name": "main", "vm_size": size, "count": count, "zones": zones}]});
    for (asked, id, part) in [
        (
            pools("Standard_D8s_v5", 13, &[]),
            "azure.preflight.quotas",
            "cores: 0 used + 104 needed exceed the limit of 100 by 4",
        ),
        (
            pools("Standard_Huge", 1, &[]),
            "azure.preflight.place",
            "eastus does not offer Standard_Huge",
        ),
        (
            pools("Standard_D2s_v3", 1, &["9"]),
            "azure.preflight.place",
            "Standard_D2s_v3 is not offered in zone 9",
        ),
        (
            json!({"kubernetes_version": "1.20"}),
            "azure.preflight.version",
            "eastus does not offer 1.20; offered: 1.",
        ),
        (
            SUBNET("nowhere"),
            "azure.preflight.names",
            "which should be used",
        ),
        (
            json!({"resource_group": "nowhere"}),
            "azure.preflight.names",
            "there is no resource group nowhere, which should be used",
        ),
    ] {
        let bench = Bench::new(asked, &[]);
        let rows = bench.observer().preflight().await;
        let row = rows.iter().find(|row| row.id == id).unwrap();
        assert_eq!(row.verdict, Verdict::Fail, "{rows:#?}");
        assert!(row.evidence.contains(part), "{row:?}");
        assert_eq!(bench.changes_since(0), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_found() {
    let bench = Bench::new(json!({}), &[]);
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/KP-R1");
    bench
        .other("PUT", &group, json!({"location": "eastus"}))
        .await;
    let rows = bench.observer().preflight().await;
    let part = "resource group kp-r1 exists and does not carry this run's tag";
    assert_only(&rows, "azure.preflight.names", Verdict::Fail, part);
    let bench = Bench::new(json!({}), &[]);
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/mc_kp-r1_kp-r1_eastus");
    bench
        .other("PUT", &group, json!({"location": "eastus"}))
        .await;
    let rows = bench.observer().preflight().await;
    let part = "resource group MC_kp-r1_kp-r1_eastus exists and does not carry this run's tag";
    assert_only(&rows, "azure.preflight.names", Verdict::Fail, part);
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_may_not_be_read_is_told_with_the_permission_and_one_that_fails_is_unknown()
 {
    for (effect, verdict, part) in [
        ("reject", Verdict::Fail, "Application.Read.All"),
        ("server-error", Verdict::Unknown, "applications.list"),
    ] {
        let fault = format!("auditor/graph:applications.list#1*1000={effect}");
        let bench = Bench::new(json!({}), &[&fault]);
        let rows = bench.observer().preflight().await;
        assert_only(&rows, "azure.preflight.directory", verdict, part);
    }
}

/// A subscription whose caller is a contributor.
#[derive(Debug)]
struct Contributor(SharedTransport);

#[async_trait::async_trait]
impl Transport for Contributor {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let is_asked = request.uri().path().ends_with("/permissions");
        let mut answer = self.0.send(request).await?;
        if is_asked {
            let mut body: Value = serde_json::from_slice(answer.body()).unwrap();
            body["value"][0]["notActions"] = json!([
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write"
            ]);
            *answer.body_mut() = Bytes::from(body.to_string());
        }
        Ok(answer)
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_may_not_give_roles_is_told() {
    let bench = Bench::new(json!({}), &[]);
    let mut connection = bench.connection(Actor::Auditor);
    connection.transport = Arc::new(Contributor(connection.transport));
    let observer = AksObserver::new(bench.spec.clone(), &connection);
    let rows = observer.preflight().await;
    let part = "missing: Microsoft.Authorization/roleAssignments/delete, Microsoft.Authorization/roleAssignments/write";
    assert_only(&rows, "azure.preflight.permissions", Verdict::Fail, part);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_not_registered_is_told_and_is_no_obstacle() {
    let bench = Bench::new(json!({}), &[]);
    let path =
        format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerService/unregister");
    bench.other("POST", &path, Value::Null).await;
    let rows = bench.observer().preflight().await;
    let id = "azure.preflight.registrations";
    assert_only(
        &rows,
        id,
        Verdict::Fail,
        "Microsoft.ContainerService is Unregistering",
    );
    tokio::time::sleep(std::time::Duration::from_mins(5)).await;
    let rows = bench.observer().preflight().await;
    assert_eq!(bad(&rows), []);
    let row = rows.iter().find(|row| row.id == id).unwrap();
    assert!(
        row.evidence
            .contains("not registered yet: Microsoft.ContainerService"),
        "{row:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_unknown_and_stops_the_run() {
    for (call, id) in [
        ("arm:subscriptions.get", "credentials.load"),
        ("arm:providers.get", "azure.preflight.registrations"),
        (
            "arm:permissions.listForScope",
            "azure.preflight.permissions",
        ),
        (
            "arm:managedClusters.listKubernetesVersions",
            "azure.preflight.version",
        ),
        ("arm:usage.list", "azure.preflight.quotas"),
        ("arm:resourceGroups.get", "azure.preflight.names"),
    ] {
        let fault = format!("auditor/{call}#1*1000=reject");
        let bench = Bench::new(json!({}), &[&fault]);
        let rows = bench.observer().preflight().await;
        let part = call.split(':').next_back().unwrap();
        assert_only(&rows, id, Verdict::Unknown, part);
    }
}

//! Leftovers: a workload creates them in the cloud, and draining removes all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_kubernetes::leftovers::{LeftoverType, create, drain, list};
use serde_json::{Value, json};

use crate::cloud::json as call;
use crate::cloud::{Cluster, send};

async fn with_leftovers() -> Cluster {
    let cluster = Cluster::with_nodes(1);
    let labels = BTreeMap::from([("kubeproof.dev/run".to_owned(), "test".to_owned())]);
    create(&cluster.client(), "jobs", &labels).await.unwrap();
    cluster
}

#[tokio::test(start_paused = true)]
async fn a_workload_makes_one_balancer_and_one_disk() {
    let cluster = with_leftovers().await;
    assert_eq!(cluster.in_the_cloud(), (1, 1));
    assert_eq!(
        cluster
            .cloud
            .with(|cloud| cloud.disks.values().copied().collect::<Vec<_>>()),
        [4]
    );
    let found = list(&cluster.client()).await.unwrap();
    let types: Vec<_> = found
        .iter()
        .map(|leftover| leftover.leftover_type)
        .collect();
    assert_eq!(
        types,
        [
            LeftoverType::LoadBalancerService,
            LeftoverType::VolumeClaim,
            LeftoverType::PersistentVolume,
        ]
    );
    assert!(
        found
            .iter()
            .all(|leftover| !leftover.counterpart.is_empty()),
        "{found:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn draining_removes_balancer_and_disk_from_the_cloud() {
    let cluster = with_leftovers().await;
    let remaining = drain(&cluster.client(), Duration::from_mins(5))
        .await
        .unwrap();
    assert_eq!(remaining, []);
    assert_eq!(cluster.in_the_cloud(), (0, 0));
    let again = drain(&cluster.client(), Duration::from_mins(5))
        .await
        .unwrap();
    assert_eq!(again, []);
}

#[tokio::test(start_paused = true)]
async fn draining_names_what_remains_when_the_time_is_up() {
    let cluster = with_leftovers().await;
    let remaining = drain(&cluster.client(), Duration::ZERO).await.unwrap();
    assert_eq!(remaining.len(), 3);
    assert_eq!(cluster.in_the_cloud(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn deleting_the_namespace_releases_balancer_and_disk() {
    let cluster = with_leftovers().await;
    let (status, _) = call(&cluster, "DELETE", "/api/v1/namespaces/jobs", Value::Null).await;
    assert_eq!(status, 200);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(cluster.in_the_cloud(), (0, 0));
    let (status, _) = call(&cluster, "GET", "/api/v1/namespaces/jobs", Value::Null).await;
    assert_eq!(status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_no_pod_uses_gets_no_disk() {
    let cluster = Cluster::with_nodes(1);
    let claim = json!({
        "metadata": {"name": "idle"},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    let (status, made) = call(&cluster, "POST", claims, claim).await;
    assert_eq!(status, 201);
    assert_eq!(made["spec"]["storageClassName"], "standard");
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(cluster.in_the_cloud(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_claim_stays_while_a_pod_uses_it_even_when_the_pod_has_ended() {
    let cluster = with_leftovers().await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let pod = "/api/v1/namespaces/jobs/pods/kubeproof-leftover";
    let (_, ended) = call(&cluster, "GET", pod, Value::Null).await;
    assert_eq!(ended["status"]["phase"], "Succeeded");
    let claim = "/api/v1/namespaces/jobs/persistentvolumeclaims/kubeproof-leftover";
    call(&cluster, "DELETE", claim, Value::Null).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let (status, marked) = call(&cluster, "GET", claim, Value::Null).await;
    assert_eq!(status, 200);
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    call(&cluster, "DELETE", pod, Value::Null).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(cluster.in_the_cloud(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_is_retained_keeps_its_disk() {
    let cluster = with_leftovers().await;
    let found = list(&cluster.client()).await.unwrap();
    let volume = format!("/api/v1/persistentvolumes/{}", found[2].name);
    let retain = json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}});
    let (status, _) = call(&cluster, "PATCH", &volume, retain).await;
    assert_eq!(status, 200);
    drain(&cluster.client(), Duration::from_mins(5))
        .await
        .unwrap();
    assert_eq!(cluster.in_the_cloud(), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stops_being_a_balancer_gives_it_back() {
    let cluster = with_leftovers().await;
    let service = "/api/v1/namespaces/jobs/services/kubeproof-leftover";
    let change = r#"{"spec":{"type":"ClusterIP"}}"#;
    let media = "application/strategic-merge-patch+json";
    let (parts, _) = send(&cluster, "PATCH", service, media, change).await;
    assert_eq!(parts.status, 200);
    assert_eq!(cluster.in_the_cloud().0, 0);
}

//! Workloads through the contract's trait: where an access leads, a job, scaling, and what is left on purpose.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::workload::{JobOrder, ScaleOrder, Workload, WorkloadError};
use kubeproof_kubernetes::workload::through;

use crate::cloud::{Cluster, GUEST};

fn workload(cluster: &Cluster) -> Box<dyn Workload> {
    through(&Cluster::access(), cluster.transport()).unwrap()
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([("kubeproof.dev/run".to_owned(), "test".to_owned())])
}

#[tokio::test(start_paused = true)]
async fn an_access_shows_where_it_leads_and_how_many_nodes_there_are() {
    let (one, other) = (Cluster::with_nodes(2), Cluster::with_nodes(1));
    let place = workload(&one).place(2).await.unwrap();
    assert_eq!((place.nodes, place.ready), (2, 2));
    assert_eq!(place.server, "https://cluster.test");
    assert!(place.problems.is_empty(), "{place:?}");
    assert_eq!(workload(&one).uid().await.unwrap(), place.uid);
    assert_eq!(workload(&other).place(1).await.unwrap().nodes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_a_service_scales_and_things_are_left_on_purpose() {
    let cluster = Cluster::with_nodes(2);
    let workload = workload(&cluster);
    let order = JobOrder {
        name: "proof".to_owned(),
        namespace: "kp-test".to_owned(),
        image: None,
        print: "hello".to_owned(),
        nonce: "n-8f2a61c0".to_owned(),
        gpus: None,
        timeout: Duration::from_mins(5),
        labels: labels(),
    };
    let proof = workload.run(&order).await.unwrap();
    assert!(
        proof.output.contains("hello") && proof.exit_code == Some(0),
        "{proof:?}"
    );
    let order = ScaleOrder {
        name: "web".to_owned(),
        namespace: "kp-scale".to_owned(),
        image: None,
        from: 1,
        to: 3,
        timeout: Duration::from_mins(5),
        labels: labels(),
    };
    let scaling = workload.scaling().expect("a cluster scales");
    assert_eq!(scaling.scale(&order).await.unwrap().after.len(), 3);
    assert_eq!(cluster.in_the_cloud(), (0, 0));
    let leaving = workload.leaving().expect("a cluster has leftovers");
    leaving.leave("kp-left", &labels()).await.unwrap();
    assert_eq!(cluster.in_the_cloud(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_access_that_cannot_be_used_is_an_error_and_not_a_refusal() {
    let cluster = Cluster::with_nodes(1);
    let mut access = Cluster::access();
    access.server = "no URL".to_owned();
    let error = through(&access, cluster.transport())
        .err()
        .expect("an error");
    assert!(matches!(error, WorkloadError::Failed(_)), "{error}");
    let unknown = Cluster::access_with("unknown");
    let stranger = through(&unknown, cluster.transport()).unwrap();
    let error = stranger.uid().await.unwrap_err();
    assert!(matches!(error, WorkloadError::Failed(_)), "{error}");
    // A caller that the server knows, and who may not list nodes.
    let guest = through(&Cluster::access_with(GUEST), cluster.transport()).unwrap();
    let error = guest.place(1).await.unwrap_err();
    assert!(matches!(error, WorkloadError::Forbidden(_)), "{error}");
}

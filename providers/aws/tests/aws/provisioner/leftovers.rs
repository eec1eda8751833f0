//! What workloads made in the cloud: a service of type `LoadBalancer` and a volume claim, which must not outlive the
//! cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::provisioner::Provisioner;

use super::bench::{Bench, expect_injected, plan};

/// A cluster on which a workload made a load balancer and a volume.
async fn with_leftovers(seed: u64) -> Bench {
    let bench = Bench::new(seed);
    let provisioned = bench.provisioned().await;
    let transport = bench.connection(&plan(&[])).transport;
    let client = kubeproof_kubernetes::client(&provisioned.access.unwrap(), transport).unwrap();
    let labels = BTreeMap::new();
    kubeproof_kubernetes::leftovers::create(&client, "leftovers", &labels)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(bench.ids_of("elb_classic").len(), 1);
    let volumes = bench.ids_of("ebs_volume").len();
    assert!(volumes > 2, "{volumes} volumes: two are the nodes' own");
    bench
}

#[tokio::test(start_paused = true)]
async fn leftovers_of_workloads_go_with_the_cluster() {
    let bench = with_leftovers(51).await;
    bench.expect_clean_after_teardown("drained").await;
}

#[tokio::test(start_paused = true)]
async fn leftovers_go_even_when_the_api_server_refuses_everything() {
    let bench = with_leftovers(52).await;
    let plan = plan(&["kubernetes:*#1*100000=reject"]);
    assert_eq!(bench.process(&plan).teardown().await, Ok(()));
    expect_injected(&plan);
    bench.expect_clean("not drained");
}

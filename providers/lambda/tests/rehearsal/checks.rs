//! The rows on the cluster: what is a fail, what is unknown, and what is skipped.

use kubeproof_contract::check::Verdict::{self, Fail, Pass, Skipped, Unknown};
use kubeproof_contract::provisioner::{NoAccess, Provisioned};

use crate::bench::{Bench, ONE, TWO};

/// A cluster of this many nodes, seen under a fault and with this changed, by an observer that expects one node.
async fn check(
    cluster: &str,
    faults: &[&str],
    change: fn(&mut Provisioned),
    expected: (Verdict, Verdict),
) {
    check_against(ONE, cluster, faults, change, expected).await;
}

/// The same, by an observer that expects the cluster `asked`.
async fn check_against(
    asked: &str,
    cluster: &str,
    faults: &[&str],
    change: fn(&mut Provisioned),
    expected: (Verdict, Verdict),
) {
    let mut bench = Bench::new(cluster, faults);
    let mut provisioned = bench.provisioner().provision().await.unwrap();
    change(&mut provisioned);
    bench.scenario = Bench::new(asked, &[]).scenario;
    let checks = bench.observer().checks(&bench.run, &provisioned).await;
    let verdict = |id: &str| checks.iter().find(|check| check.id == id).unwrap().verdict;
    let seen = (verdict("lambda.kubernetes"), verdict("lambda.gpu"));
    assert_eq!(seen, expected, "{faults:?} {checks:#?}");
}

fn nothing(_: &mut Provisioned) {}

fn no_kubeconfig(provisioned: &mut Provisioned) {
    provisioned.access = Err(NoAccess::NotGiven("it has no kubeconfig"));
}

fn another_server(provisioned: &mut Provisioned) {
    provisioned.access.as_mut().unwrap().server = "https://203.0.113.9:6443".to_owned();
}

#[tokio::test(start_paused = true)]
async fn without_a_kubeconfig_that_was_handed_over_its_row_is_skipped_but_wrong_nodes_fail() {
    check(ONE, &[], nothing, (Pass, Pass)).await;
    check(ONE, &[], no_kubeconfig, (Skipped, Pass)).await;
    check(TWO, &[], no_kubeconfig, (Fail, Pass)).await;
    check(ONE, &[], another_server, (Fail, Pass)).await;
}

#[tokio::test(start_paused = true)]
async fn more_nodes_than_asked_for_fail() {
    check(TWO, &[], nothing, (Fail, Pass)).await;
}

#[tokio::test(start_paused = true)]
async fn an_observer_without_access_does_not_know() {
    let refused = &["observer/lambda:ListInstances#1*1000=reject"];
    check(ONE, refused, nothing, (Unknown, Unknown)).await;
    check(ONE, refused, no_kubeconfig, (Unknown, Unknown)).await;
    let lost = &["observer/lambda:ListInstances#1*1000=lost-request"];
    check(ONE, lost, nothing, (Unknown, Unknown)).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_server_refuses_fails_and_its_silence_is_unknown() {
    let refused = &["observer/kubernetes:list-nodes#1*1000=reject"];
    check(ONE, refused, nothing, (Fail, Fail)).await;
    let lost = &["observer/kubernetes:list-nodes#1*1000=lost-request"];
    check(ONE, lost, nothing, (Unknown, Unknown)).await;
    check(ONE, lost, no_kubeconfig, (Unknown, Unknown)).await;
}

#[tokio::test(start_paused = true)]
async fn nodes_that_offer_fewer_or_more_gpus_than_asked_for_fail() {
    let two = "  regions: [us-east-1]\n  instance_type: gpu_2x_a6000\n";
    check_against(two, ONE, &[], nothing, (Pass, Fail)).await;
    check_against(ONE, two, &[], nothing, (Pass, Fail)).await;
    check_against(two, two, &[], nothing, (Pass, Pass)).await;
}

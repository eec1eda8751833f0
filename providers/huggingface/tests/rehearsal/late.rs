//! Requests that are carried out long after their client has given up, or has died.

use std::time::Duration;

use crate::bench::{Bench, CPU, JOB};

/// After so long, nothing that was asked for is still on its way.
async fn all_has_arrived() {
    tokio::time::sleep(Duration::from_mins(5)).await;
}

/// A process that provisions, and dies of a fault.
async fn dies(bench: &Bench) {
    let mut process = bench.provisioner();
    tokio::select! {
        biased;
        () = bench.faults.crash() => {}
        ended = process.provision() => panic!("it ended: {ended:?}"),
    }
}

/// All faults were injected.
fn assert_injected(bench: &Bench) {
    for (fault, count) in bench.faults.tally() {
        assert_eq!(count.injected(), 1, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_deletion_does_not_remove_the_endpoint_that_the_next_try_makes() {
    let faults = [
        "endpoints:CreateEndpoint#1=async-fail(failed)",
        "endpoints:DeleteEndpoint#1=late-apply",
    ];
    let bench = Bench::new(CPU, &faults);
    bench.provisioner().provision().await.unwrap_err();
    bench.provisioner().provision().await.unwrap();
    all_has_arrived().await;
    assert_injected(&bench);
    assert_eq!(bench.mine().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_deletion_does_not_remove_the_endpoint_in_the_next_place() {
    let spec = format!(
        "{CPU}    fallbacks: [{{vendor: gcp, region: us-east4, instance_type: intel-spr, instance_size: x1}}]\n"
    );
    let faults = [
        "endpoints:CreateEndpoint#1=async-fail(no-capacity)",
        "endpoints:DeleteEndpoint#1=late-apply",
    ];
    let bench = Bench::new(&spec, &faults);
    bench.provisioner().provision().await.unwrap();
    all_has_arrived().await;
    assert_injected(&bench);
    assert_eq!(bench.mine().len(), 1);
}

/// A process dies while a creation of its own is on its way. Whatever follows, nothing is left by teardown, and no second
/// one was ever there.
async fn taken_over(cluster: &str, resource_type: &str, faults: [&str; 2]) {
    let bench = Bench::new(cluster, &faults);
    dies(&bench).await;
    bench.provisioner().provision().await.unwrap();
    all_has_arrived().await;
    assert_injected(&bench);
    assert_eq!(bench.ever(resource_type), 1, "{faults:?}");
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.mine(), [], "{faults:?}");
}

/// The same, if teardown follows at once: it removes also what arrives late.
async fn torn_down(cluster: &str, faults: [&str; 2]) {
    let bench = Bench::new(cluster, &faults);
    dies(&bench).await;
    bench.provisioner().teardown().await.unwrap();
    all_has_arrived().await;
    assert_injected(&bench);
    assert_eq!(bench.mine(), [], "{faults:?}");
}

const LATE_JOB: [&str; 2] = ["hub:RunJob#1=late-apply", "hub:ListJobs#3=crash-before"];

#[tokio::test(start_paused = true)]
async fn a_job_that_a_dead_process_has_asked_for_is_found_by_the_next_one() {
    taken_over(JOB, "job", LATE_JOB).await;
}

#[tokio::test(start_paused = true)]
async fn teardown_cancels_a_job_that_a_dead_process_has_asked_for() {
    torn_down(JOB, LATE_JOB).await;
}

#[tokio::test(start_paused = true)]
async fn teardown_removes_an_endpoint_that_a_dead_process_has_asked_for() {
    let faults = [
        "endpoints:CreateEndpoint#1=late-apply",
        "endpoints:GetEndpoint#3=crash-before",
    ];
    torn_down(CPU, faults).await;
}

#[tokio::test(start_paused = true)]
async fn teardown_waits_for_late_requests_only_soon_after_the_last_one() {
    let check = |cluster: &'static str, held: Duration, expected: bool| async move {
        let bench = Bench::new(cluster, &[]);
        bench.provisioner().provision().await.unwrap();
        tokio::time::sleep(held).await;
        let began = bench.clock.elapsed();
        bench.provisioner().teardown().await.unwrap();
        let spent = bench.clock.elapsed().saturating_sub(began);
        let waited = spent > Duration::from_secs(20);
        assert_eq!(waited, expected, "{cluster} {held:?} {spent:?}");
    };
    for cluster in [CPU, JOB] {
        check(cluster, Duration::ZERO, true).await;
        check(cluster, Duration::from_hours(1), false).await;
    }
}

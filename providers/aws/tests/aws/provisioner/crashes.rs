//! Processes that die, and new ones that take over without their memory.

use std::time::Duration;

use kubeproof_contract::provisioner::Provisioner;

use super::bench::{Bench, plan};

/// Dies when a crash effect is injected.
async fn provision_and_die(bench: &Bench, fault: &str) {
    let plan = plan(&[fault]);
    let mut process = bench.process(&plan);
    tokio::select! {
        result = process.provision() => panic!("{fault}: it ended before it died: {result:?}"),
        () = plan.crash() => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_process_takes_over_whenever_the_first_one_died() {
    for milliseconds in [50, 200, 400, 700, 1500, 3000, 8000, 90_000, 700_000] {
        let bench = Bench::new(31);
        let context = format!("died after {milliseconds} ms");
        let mut process = bench.calm();
        let time = Duration::from_millis(milliseconds);
        let died = tokio::time::timeout(time, process.provision()).await;
        assert!(died.is_err(), "{context}: it had ended");
        drop(process);
        bench.provisioned().await;
        bench.expect_no_duplicates(&context);
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_processes_that_die_makes_no_duplicate() {
    let bench = Bench::new(32);
    for call in [
        "iam:CreateRole",
        "ec2:CreateVpc",
        "ec2:CreateSubnet",
        "ec2:CreateInternetGateway",
        "ec2:AllocateAddress",
        "ec2:CreateNatGateway",
        "ec2:CreateRoute",
        "eks:CreateNodegroup",
    ] {
        provision_and_die(&bench, &format!("{call}=crash-after")).await;
    }
    bench.provisioned().await;
    bench.expect_no_duplicates("after all deaths");
    bench.expect_clean_after_teardown("after all deaths").await;
}

#[tokio::test(start_paused = true)]
async fn a_template_made_just_before_the_death_is_taken_over() {
    let bench = Bench::new(35);
    provision_and_die(&bench, "ec2:CreateLaunchTemplate=crash-after").await;
    bench.provisioned().await;
    bench.expect_no_duplicates("after the death");
    bench.expect_clean_after_teardown("after the death").await;
}

#[tokio::test(start_paused = true)]
async fn a_teardown_finds_what_a_call_made_just_before_the_death() {
    for call in [
        "iam:CreateRole",
        "ec2:CreateVpc",
        "ec2:AllocateAddress",
        "ec2:CreateNatGateway",
        "eks:CreateCluster",
        "ec2:CreateLaunchTemplate",
        "eks:CreateNodegroup",
    ] {
        let bench = Bench::new(33);
        provision_and_die(&bench, &format!("{call}=crash-after")).await;
        bench.expect_clean_after_teardown(call).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_died_is_finished_by_another() {
    for seconds in [1, 30, 200, 400, 700] {
        let bench = Bench::new(34);
        bench.provisioned().await;
        let mut process = bench.calm();
        let died = tokio::time::timeout(Duration::from_secs(seconds), process.teardown()).await;
        drop(process);
        let context = format!("died after {seconds} s: {died:?}");
        bench.expect_clean_after_teardown(&context).await;
    }
}

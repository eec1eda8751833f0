//! The life of a cluster on which nothing strikes.

use kubeproof_contract::provisioner::Provisioner;

use crate::stage::Stage;

#[tokio::test(start_paused = true)]
async fn a_cluster_is_provisioned_and_torn_down_without_a_trace() {
    let stage = Stage::new(1);
    let provisioned = stage.provisioned().await;
    let access = provisioned.access.unwrap();
    assert!(access.server.starts_with("https://"));
    assert!(
        access
            .token()
            .unwrap_or_default()
            .starts_with("k8s-aws-v1.")
    );
    let check = |resource_type: &str, expected: usize| {
        assert_eq!(
            stage.ids_of(resource_type).len(),
            expected,
            "{resource_type}"
        );
    };
    check("vpc", 1);
    check("subnet", 4);
    check("elastic_ip", 2);
    check("nat_gateway", 2);
    check("eks_cluster", 1);
    check("eks_nodegroup", 1);
    check("ec2_instance", 2);
    check("launch_template", 2);
    for instance in stage.new_resources() {
        if ["ec2_instance", "ebs_volume"].contains(&instance.resource_type.as_str()) {
            assert!(stage.run.owns(&instance.tags), "{instance:?}");
        }
    }
    stage.expect_no_twins("after provision");
    stage.expect_clean_after_teardown("after teardown").await;
}

#[tokio::test(start_paused = true)]
async fn a_second_provision_finds_everything_and_makes_nothing() {
    let stage = Stage::new(2);
    let first = stage.provisioned().await;
    let before = stage.new_resources();
    let second = stage.provisioned().await;
    assert_eq!(second.made, first.made);
    assert_eq!(stage.new_resources().len(), before.len());
    stage.expect_no_twins("after the second provision");
}

#[tokio::test(start_paused = true)]
async fn a_second_teardown_only_looks() {
    let stage = Stage::new(3);
    stage.provisioned().await;
    stage.expect_clean_after_teardown("first teardown").await;
    let ordinal = stage.journal.len();
    stage.expect_clean_after_teardown("second teardown").await;
    let calls = stage.calls_since(ordinal);
    let mutating: Vec<_> = calls
        .iter()
        .filter(|call| call.signature.mutating)
        .collect();
    assert!(mutating.is_empty(), "{mutating:?}");
    assert!(calls.len() <= 15, "{} calls", calls.len());
}

#[tokio::test(start_paused = true)]
async fn a_teardown_of_nothing_only_looks() {
    let stage = Stage::new(4);
    stage.expect_clean_after_teardown("nothing").await;
    assert!(
        stage
            .journal
            .calls()
            .iter()
            .all(|call| !call.signature.mutating)
    );
}

#[tokio::test(start_paused = true)]
async fn a_cluster_can_be_made_again_after_teardown() {
    let stage = Stage::new(5);
    stage.provisioned().await;
    stage.expect_clean_after_teardown("first").await;
    stage.provisioned().await;
    stage.expect_no_twins("after both");
    stage.expect_clean_after_teardown("second").await;
}

#[tokio::test(start_paused = true)]
async fn the_time_to_ready_is_within_five_percent_of_the_longest_chain() {
    for seed in 10..16 {
        let stage = Stage::new(seed);
        let began = stage.clock.elapsed();
        stage.provisioned().await;
        let took = stage.clock.elapsed() - began;
        let (fastest, chain) = stage.fastest_ready();
        let limit = fastest.mul_f64(1.05);
        assert!(
            took <= limit,
            "seed {seed}: took {took:?}, fastest {fastest:?}: {chain}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_provision_takes_few_calls() {
    let stage = Stage::new(6);
    stage.provisioned().await;
    let provision = stage.journal.len();
    stage.expect_clean_after_teardown("calls").await;
    let calls = stage.journal.len();
    assert!(
        calls <= 360,
        "{provision} to provision, {} to tear down",
        calls - provision
    );
}

#[tokio::test(start_paused = true)]
async fn the_provisioner_says_who_it_is() {
    assert_eq!(Stage::new(7).calm().name(), "reference");
}

//! The lifecycle of a cluster without faults.

use kubeproof_contract::provisioner::Provisioner;

use super::bench::Bench;

#[tokio::test(start_paused = true)]
async fn a_cluster_is_provisioned_and_torn_down_without_a_trace() {
    let bench = Bench::new(1);
    let provisioned = bench.provisioned().await;
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
            bench.ids_of(resource_type).len(),
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
    for instance in bench.new_resources() {
        if ["ec2_instance", "ebs_volume"].contains(&instance.resource_type.as_str()) {
            assert!(bench.run.owns(&instance.tags), "{instance:?}");
        }
    }
    bench.expect_no_duplicates("after provision");
    bench.expect_clean_after_teardown("after teardown").await;
}

#[tokio::test(start_paused = true)]
async fn a_second_provision_finds_everything_and_makes_nothing() {
    let bench = Bench::new(2);
    let first = bench.provisioned().await;
    let before = bench.new_resources();
    let second = bench.provisioned().await;
    assert_eq!(second.made, first.made);
    assert_eq!(bench.new_resources().len(), before.len());
    bench.expect_no_duplicates("after the second provision");
}

#[tokio::test(start_paused = true)]
async fn a_second_teardown_only_looks() {
    let bench = Bench::new(3);
    bench.provisioned().await;
    bench.expect_clean_after_teardown("first teardown").await;
    let ordinal = bench.journal.len();
    bench.expect_clean_after_teardown("second teardown").await;
    let calls = bench.calls_since(ordinal);
    let mutating: Vec<_> = calls
        .iter()
        .filter(|call| call.signature.mutating)
        .collect();
    assert!(mutating.is_empty(), "{mutating:?}");
    assert!(calls.len() <= 15, "{} calls", calls.len());
}

#[tokio::test(start_paused = true)]
async fn a_teardown_of_nothing_only_looks() {
    let bench = Bench::new(4);
    bench.expect_clean_after_teardown("nothing").await;
    assert!(
        bench
            .journal
            .calls()
            .iter()
            .all(|call| !call.signature.mutating)
    );
}

#[tokio::test(start_paused = true)]
async fn a_cluster_can_be_made_again_after_teardown() {
    let bench = Bench::new(5);
    bench.provisioned().await;
    bench.expect_clean_after_teardown("first").await;
    bench.provisioned().await;
    bench.expect_no_duplicates("after both");
    bench.expect_clean_after_teardown("second").await;
}

#[tokio::test(start_paused = true)]
async fn the_time_to_ready_is_within_five_percent_of_the_longest_chain() {
    for seed in 10..16 {
        let bench = Bench::new(seed);
        let began = bench.clock.elapsed();
        bench.provisioned().await;
        let took = bench.clock.elapsed().checked_sub(began).unwrap();
        let (fastest, chain) = bench.fastest_ready();
        let limit = fastest.mul_f64(1.05);
        assert!(
            took <= limit,
            "seed {seed}: took {took:?}, fastest {fastest:?}: {chain}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_provision_takes_few_calls() {
    let bench = Bench::new(6);
    bench.provisioned().await;
    let provision = bench.journal.len();
    bench.expect_clean_after_teardown("calls").await;
    let calls = bench.journal.len();
    assert!(
        calls <= 360,
        "{provision} to provision, {} to tear down",
        calls - provision
    );
}

#[tokio::test(start_paused = true)]
async fn the_provisioner_says_who_it_is() {
    assert_eq!(Bench::new(7).calm().name(), "reference");
}

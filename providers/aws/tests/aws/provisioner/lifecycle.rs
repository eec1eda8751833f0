//! A lifecycle without faults: how long it takes, and how many calls. That it leaves nothing and converges is what every
//! scenario shows.

use kubeproof_contract::provisioner::Provisioner;

use super::bench::Bench;

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

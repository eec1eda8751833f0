//! A fault counts as injected only when it took effect.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kubeproof_contract::fault_layer::{Count, ForeignChanges};
use kubeproof_contract::provider_errors::ForeignChangeError;

use super::{Bench, bench, bench_of};

#[derive(Debug)]
struct Refused;

#[async_trait]
impl ForeignChanges for Refused {
    async fn make(&self, _: &str) -> Result<(), ForeignChangeError> {
        Err(ForeignChangeError::failed("refused"))
    }
}

/// How often the first fault was carried out in full, after these calls.
#[track_caller]
fn injected(bench: &Bench) -> u64 {
    bench.plan.tally()[0].1.injected()
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_the_simulator_does_not_acknowledge_was_not_injected() {
    for effect in ["async-fail", "async-stuck", "async-late(2)", "partial"] {
        let bench = bench(&format!("toy:Simple={effect}"));
        bench.call("/Simple").await;
        assert_eq!(injected(&bench), 0, "{effect}");
    }
    let bench = bench("toy:Look#1=stale-read(30)");
    bench.call("/Look").await;
    assert_eq!(bench.arrived(), ["/Look stale-read(30)"]);
    assert_eq!(injected(&bench), 1);
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_shows_later_takes_the_first_accepted_call_from_its_occurrence_on() {
    for fault in ["toy:Later#1=async-fail", "toy:Later#2=async-fail"] {
        let bench = bench(fault);
        for _ in 0..3 {
            bench.call("/Later").await;
        }
        let with_it = |call: &String| call.contains("async-fail");
        assert!(
            with_it(&bench.arrived()[1]),
            "{fault}: {:?}",
            bench.arrived()
        );
        assert!(
            !with_it(&bench.arrived()[2]),
            "{fault}: {:?}",
            bench.arrived()
        );
        assert_eq!(injected(&bench), 1, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_due_after_the_trial_is_not_applied_and_was_not_injected() {
    for (over_after, applied) in [(10, false), (100, true)] {
        let bench = bench("toy:Make=late-apply(30)");
        assert_eq!(bench.call("/Make").await, "timeout");
        assert_eq!(injected(&bench), 0);
        tokio::time::sleep(Duration::from_secs(over_after)).await;
        bench.plan.trial_is_over();
        tokio::time::sleep(Duration::from_secs(1000)).await;
        assert_eq!(injected(&bench), u64::from(applied), "{over_after}");
        assert_eq!(bench.arrived().len(), usize::from(applied), "{over_after}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_cannot_be_garbled() {
    let bench = bench("toy:Empty=garbled");
    bench.call("/Empty").await;
    assert_eq!(injected(&bench), 0);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_could_not_be_made_was_not_injected() {
    let bench = bench("toy:Make=foreign-change(cut)");
    bench.plan.let_change(Arc::new(Refused));
    bench.call("/Make").await;
    assert_eq!(injected(&bench), 0);
    assert_eq!(bench.plan.failed_changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fault_whose_call_another_one_took_counts_it_as_taken() {
    let bench = bench_of(&["toy:Make#1=quota", "toy:M*#1=throttle"]);
    bench.call("/Make").await;
    let counts: Vec<Count> = bench.plan.tally().iter().map(|one| one.1).collect();
    assert_eq!((counts[0].injected(), counts[0].taken), (1, 0));
    assert_eq!((counts[1].injected(), counts[1].taken), (0, 1));
}

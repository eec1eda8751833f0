//! The same seed gives the same journal, however many threads run.
//!
//! Apart from the other tests because it is about all trials together.

use std::path::PathBuf;

use kubeproof::providers;
use kubeproof::run::lab;
use kubeproof::run::plan::{Choice, plan};
use kubeproof::run::progress::Silent;
use kubeproof::run::stage::Surroundings;
use kubeproof::scenario;
use kubeproof_contract::scenario::Tier;

fn hashes(seed: u64, jobs: usize) -> Vec<(String, String)> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/aws/two-zones.yaml"
    ));
    let scenarios = scenario::read::all(&[path], &providers::shared()).expect("a scenario");
    let choice = Choice {
        tier: Tier::Rehearsal,
        providers: Vec::new(),
        seed,
        faults: Vec::new(),
        only: ["two-zones", "two-zones/lost-vpc-answer"]
            .map(str::to_owned)
            .to_vec(),
        clients: None,
    };
    let plan = plan(&scenarios, &choice).expect("a plan");
    let records = lab::run_all(
        &plan.trials,
        jobs,
        &Surroundings::quiet(),
        &Silent::shared(),
    )
    .records;
    records
        .into_iter()
        .map(|record| (record.scenario, record.journal_hash))
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_journal_on_one_thread_and_on_two() {
    let one = hashes(7, 1);
    assert_eq!(one.len(), 2);
    assert_eq!(one, hashes(7, 1), "the same seed twice");
    assert_eq!(one, hashes(7, 2), "one thread and two");
    assert_ne!(one, hashes(8, 2), "another seed is another journal");
}

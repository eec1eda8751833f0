//! The same seed gives the same journal, regardless of the number of threads.

use std::path::PathBuf;

use jiff::Timestamp;
use kubeproof::providers;
use kubeproof::runner;
use kubeproof::scenario;
use kubeproof::trial::plan::{Choice, plan};
use kubeproof::trial::{Part, Trial};
use kubeproof::trial_context::RunOptions;
use kubeproof::trial_context::progress::Silent;
use kubeproof::trial_context::runtime::runtime;
use kubeproof::wall_clock::today;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::Snapshot;
use kubeproof_contract::resource::Resource;
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
    let records =
        runner::run_all(&plan.trials, jobs, &RunOptions::quiet(), &Silent::shared()).records;
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

/// The content of a copy of an account at the start of a trial.
fn copied(
    account: &dyn Snapshot,
    trial: &Trial,
) -> (Vec<Resource>, Vec<(Resource, String)>, String) {
    let runtime = runtime(trial).expect("a runtime");
    runtime.block_on(async {
        let ground_truth = account
            .fork(Clock::starting_at(trial.start(today())))
            .ground_truth;
        let past = format!(
            "{:?} {:?}",
            ground_truth.lifetimes(),
            ground_truth.charges(Timestamp::UNIX_EPOCH)
        );
        (ground_truth.inventory(), ground_truth.bystanders(), past)
    })
}

#[test]
fn a_fork_of_an_account_is_equal_and_independent() {
    for (file, cluster) in [
        ("../scenarios/aws/two-zones.yaml", "eks_cluster"),
        ("../scenarios/gcp/zonal-two-nodes.yaml", "gke_cluster"),
        ("../scenarios/azure/two-nodes.yaml", "aks_managed_cluster"),
        ("../scenarios/lambda/one-a10.yaml", "instance"),
    ] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
        let scenarios = scenario::read::all(&[path], &providers::shared()).expect("a scenario");
        let trial = Trial {
            scenario: scenarios[0].clone(),
            part: Part::Lifecycle(Vec::new()),
            tier: Tier::Rehearsal,
            seed: 3,
        };
        let options = runner::with_bystander(&trial, &RunOptions::quiet()).expect("an account");
        let account = options.bystander.account().expect("a bystander's cluster");
        let first = copied(account, &trial);
        let name = format!("{}-2", trial.run("o", Timestamp::UNIX_EPOCH).name(""));
        let is_its = |one: &Resource| {
            one.resource_type == cluster
                && one.name.as_ref().is_some_and(|own| own.starts_with(&name))
        };
        assert!(first.0.iter().any(is_its), "{name}: {:#?}", first.0);
        assert!(
            first.1.iter().any(|(one, _)| is_its(one)),
            "it is among the bystanders"
        );
        assert_eq!(
            first,
            copied(account, &trial),
            "{file}: two copies are equal"
        );
        let hash = || {
            let ran = runner::in_memory(&trial, &options, &Silent::shared()).expect("a run");
            assert_eq!(
                ran.0.record.verdict,
                Verdict::Pass,
                "{:#?}",
                ran.0.record.findings
            );
            ran.0.record.journal_hash
        };
        // A whole run, in which all API servers work, is the same in two copies and does not affect a third.
        assert_eq!(hash(), hash(), "{file}");
        assert_eq!(
            first,
            copied(account, &trial),
            "{file}: no copy changes another"
        );
    }
}

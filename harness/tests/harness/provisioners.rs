//! Wrong provisioners, each exposed by at most two faults, and right ones without findings.
//!
//! The table shows what the oracles can find: each oracle is the only one to find at least one row, and each row is
//! clean without its faults.

use std::collections::BTreeSet;

use kubeproof::faults::campaign::{CampaignOptions, Mode, run};
use kubeproof::faults::shard::Shard;
use kubeproof::providers;
use kubeproof::runner;
use kubeproof::scenario::Scenario;
use kubeproof::trial::{Part, Trial};
use kubeproof::trial_context::RunOptions;
use kubeproof::trial_context::progress::Silent;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::campaign::{Campaign, page};
use kubeproof_reports::record::Record;

mod another_cluster;
#[path = "../../testdata/provisioners/blind.rs"]
mod blind;
mod live;
#[path = "../../testdata/provisioners/of.rs"]
mod of;
#[path = "../../testdata/provisioners/other_users.rs"]
mod other_users;
#[path = "../../testdata/provisioners/right.rs"]
mod right;
#[path = "../../testdata/provisioners/table.rs"]
mod table;
#[path = "../../testdata/provisioners/variant.rs"]
mod variant;
#[path = "../../testdata/provisioners/whole_runs.rs"]
mod whole_runs;
#[path = "../../testdata/provisioners/wrong.rs"]
mod wrong;

use crate::campaigns::{NoProgress, faults, options, scenario_of};
use of::Of::{Contract, File};
use of::{ONE_MACHINE, TWO_ZONES, right_one, wrong_one};
use table::TABLE;
use variant::{Make, among, in_place};
use whole_runs::{BESIDE, WHOLE_RUNS};

fn campaign(scenario: &Scenario, options: &CampaignOptions) -> Campaign {
    run(scenario, options, &RunOptions::quiet(), &NoProgress).expect("a campaign")
}

fn under(scenario: &Scenario, texts: &[&str]) -> Campaign {
    campaign(scenario, &options(Mode::These(faults(texts)), &[]))
}

/// The oracles with findings.
fn oracles(shown: &Campaign) -> BTreeSet<&str> {
    let all = shown.findings.iter();
    all.map(|finding| finding.oracle.as_str()).collect()
}

#[test]
fn each_wrong_provisioner_is_exposed_by_its_faults_and_by_its_oracles() {
    let mut wrong = Vec::new();
    for (name, of, faults, expected) in TABLE {
        let shown = under(&wrong_one(of), faults);
        let found = oracles(&shown);
        let clean = shown
            .findings
            .iter()
            .all(|finding| !finding.faults.is_empty());
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        let all_injected = shown.unreached.is_empty();
        if found != expected || !clean || !all_injected {
            let said: Vec<String> = shown
                .findings
                .iter()
                .map(|one| format!("  {}: {}", one.oracle, one.message))
                .collect();
            let (said, unreached) = (said.join("\n"), &shown.unreached);
            wrong.push(format!(
                "{name}: {found:?} clean {clean} {unreached:?}\n{said}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ids depend on the seed, and so does their order, by which a provisioner may choose.
#[test]
fn what_exposes_a_second_network_does_not_depend_on_the_order_of_ids() {
    let mut wrong = Vec::new();
    let rows = TABLE.iter().filter(|(name, ..)| {
        name.starts_with("begins anew") || name.starts_with("trusts one look")
    });
    for (name, of, texts, expected) in rows {
        for seed in [2, 3] {
            let options = CampaignOptions {
                seed,
                ..options(Mode::These(faults(texts)), &[])
            };
            let shown = campaign(&wrong_one(of), &options);
            let found = oracles(&shown);
            if found != expected.iter().copied().collect() || !shown.unreached.is_empty() {
                wrong.push(format!(
                    "{name}, seed {seed}: {found:?} {:?}",
                    shown.unreached
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn clean(scenario: Scenario) -> Trial {
    Trial {
        scenario,
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Rehearsal,
        seed: 1,
    }
}

fn whole(scenario: Scenario, texts: &[&str]) -> Record {
    let trial = Trial {
        part: Part::Lifecycle(faults(texts)),
        ..clean(scenario)
    };
    runner::run_one(&trial, &RunOptions::quiet(), &Silent::shared()).expect("a run")
}

#[test]
fn other_users_who_come_go_and_rename_cause_no_findings_for_a_right_provisioner() {
    let reference: Make = |parts| parts.reference();
    let scenario = || among(scenario_of(ONE_MACHINE), reference, Some(other_users::user));
    let passes = |fault: &str| {
        let record = whole(scenario(), &[fault]);
        let (verdict, findings) = (record.verdict, &record.findings);
        assert_eq!(verdict, Verdict::Pass, "{fault}: {findings:#?}");
        assert!(record.faults.iter().all(|one| one.injected > 0), "{fault}");
    };
    for change in ["moves-in", "visits", "moves-out", "rename"] {
        for place in [
            "lambda:LaunchInstance#1",
            "kubernetes:list-nodes#1",
            "lambda:TerminateInstances#1",
        ] {
            let fault = format!("{place}=foreign-change({change})");
            let shown = under(&scenario(), &[&fault]);
            assert!(shown.findings.is_empty(), "{fault}: {:#?}", shown.findings);
            assert!(shown.unreached.is_empty(), "{fault}");
            passes(&fault);
        }
        // During a second provision, which must change nothing. The first one asks twice, because it is throttled.
        passes(&format!(
            "lambda:ListInstanceTypes#3=foreign-change({change})"
        ));
    }
}

#[test]
fn a_bystanders_resource_made_during_the_run_is_missed_in_whole_runs_too() {
    let taking = |change: &str| {
        let make = wrong::takes_newcomers::make;
        let scenario = among(scenario_of(ONE_MACHINE), make, Some(other_users::user));
        let fault = format!("kubernetes:list-nodes#1=foreign-change({change})");
        whole(scenario, &[&fault])
    };
    let findings = taking("moves-in").findings;
    let of_type = |name: &str| {
        let mut all = findings.iter();
        all.any(|one| one.oracle == "O6 bystanders" && one.message.contains(name))
    };
    assert!(of_type("instance") && of_type("ssh_key"), "{findings:#?}");
    assert!(
        findings.iter().all(|one| one.oracle == "O6 bystanders"),
        "{findings:#?}"
    );
    // The other user's resources are gone, so it has nothing to take.
    let findings = taking("visits").findings;
    assert!(findings.is_empty(), "{findings:#?}");
}

/// Each row of these is exposed by what others do, which a right provisioner has to leave alone.
#[test]
fn changes_by_others_cause_no_findings_for_a_right_provisioner() {
    let by_others = |fault: &&str| fault.contains("foreign-change");
    for (name, of, faults, _) in TABLE {
        if matches!(of, File(_)) && faults.iter().any(by_others) {
            let shown = under(&right_one(of), faults);
            assert!(shown.findings.is_empty(), "{name}: {:#?}", shown.findings);
            let record = whole(right_one(of), faults);
            let findings = &record.findings;
            assert_eq!(record.verdict, Verdict::Pass, "{name}: {findings:#?}");
        }
    }
}

#[test]
fn what_campaigns_leave_out_is_exposed_by_whole_runs() {
    let mut wrong = Vec::new();
    for (name, of, faults, expected) in WHOLE_RUNS {
        let record = whole(wrong_one(of), faults);
        let found: BTreeSet<&str> = record
            .findings
            .iter()
            .map(|one| one.oracle.as_str())
            .collect();
        if found != expected.iter().copied().collect() {
            wrong.push(format!("{name}: {:#?}", record.findings));
        }
        let injected = record.faults.iter().all(|fault| fault.injected > 0);
        assert!(injected, "{name}: {:?}", record.faults);
        let right = whole(right_one(of), faults);
        assert_eq!(
            right.verdict,
            Verdict::Pass,
            "{name}: {:#?}",
            right.findings
        );
        let clean = faults.is_empty() || whole(wrong_one(of), &[]).verdict == Verdict::Pass;
        assert!(clean, "{name} is not clean without its faults");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_first_teardown_left_is_reported_even_if_a_second_one_hides_it() {
    let row = TABLE.iter().find(|row| row.0 == "finishes later");
    let (_, of, faults, _) = row.expect("a row");
    let shown = under(&wrong_one(of), faults);
    let told = "which reported success, had left: elastic_ip";
    let is_told = shown.findings.iter().any(|one| one.message.contains(told));
    assert!(is_told, "{:#?}", shown.findings);
}

#[test]
fn each_oracle_is_the_only_one_to_find_at_least_one_row() {
    let alone: BTreeSet<&str> = TABLE
        .iter()
        .filter(|(.., expected)| expected.len() == 1)
        .flat_map(|(.., expected)| expected.iter().copied())
        .collect();
    let all = [
        "O1 orphans",
        "O2 duplicates",
        "O3 truth",
        "O4 bill",
        "O5 ends",
        "O6 bystanders",
        "O7 no-op",
        "O8 end state",
    ];
    let never: Vec<_> = all.iter().filter(|one| !alone.contains(**one)).collect();
    assert!(never.is_empty(), "{never:?}");
}

#[test]
fn every_defect_that_can_be_rehearsed_has_a_row() {
    let rows = TABLE.iter().map(|(_, of, ..)| of);
    let rows = rows.chain(WHOLE_RUNS.iter().map(|(_, of, ..)| of));
    let rows = rows.chain(BESIDE.iter().map(|(_, of)| of));
    let files = rows.filter(|of| matches!(of, File(_))).map(wrong_one);
    let known: BTreeSet<(&str, String)> = files
        .filter_map(|scenario| {
            let defect = scenario.content.provisioner.defect.clone()?;
            Some((scenario.provider.name(), defect))
        })
        .collect();
    let all = providers::all();
    let rehearsed = all
        .iter()
        .filter(|provider| provider.tiers().contains(&Tier::Rehearsal));
    let missing: Vec<(&str, &str)> = rehearsed
        .flat_map(|provider| {
            let defects = provider.defects().iter();
            defects.map(|defect| (provider.name(), defect.name))
        })
        .filter(|(provider, defect)| !known.contains(&(*provider, (*defect).to_owned())))
        .collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[test]
fn no_row_needs_more_than_two_faults() {
    assert!(TABLE.iter().all(|(_, _, faults, _)| faults.len() <= 2));
}

/// The faults that expose the wrong ones, as far as they apply to a right one, and a slice of all others.
#[track_caller]
fn raises_nothing(make: Make, effects: &[&str], slice: u64) {
    let scenario = in_place(scenario_of(TWO_ZONES), make);
    let mut missed = BTreeSet::new();
    for (name, of, faults, _) in TABLE {
        let applies =
            matches!(of, Contract(_)) && !faults.iter().any(|one| one.starts_with("disk:"));
        if applies {
            let shown = under(&scenario, faults);
            assert!(shown.findings.is_empty(), "{name}: {:#?}", shown.findings);
            let places = shown.unreached.iter().map(|one| one.fault.split_once('='));
            missed.extend(places.flatten().map(|(place, _)| place.to_owned()));
        }
    }
    // With another order, fewer calls of one name are made: that fault is never reached.
    assert!(missed.len() <= 1, "{missed:?}");
    let sliced = CampaignOptions {
        shard: Some(Shard {
            number: 1,
            of: slice,
        }),
        ..options(Mode::Singles, effects)
    };
    let shown = campaign(&scenario, &sliced);
    assert!(shown.lifecycles > 5, "{}", shown.lifecycles);
    assert_eq!(
        page::verdict(&shown),
        Verdict::Pass,
        "{:#?}",
        shown.findings
    );
}

#[test]
fn a_sequential_provisioner_has_no_findings() {
    raises_nothing(right::sequential::make, &[], 150);
}

#[test]
fn a_provisioner_that_unwinds_has_no_findings() {
    raises_nothing(right::unwinds::make, &[], 150);
}

#[test]
fn a_provisioner_with_a_journal_and_tokens_on_disk_has_no_findings() {
    let effects = &["write-fails", "torn-write", "lost-disk"];
    raises_nothing(right::journals::make, effects, 15);
}

/// The results of two trials in this folder, the first with this provisioner.
fn run_two(make: Make, out: Option<&std::path::Path>) -> runner::RunResults {
    let first = in_place(scenario_of(ONE_MACHINE), make);
    let trial = |scenario| Trial {
        scenario,
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Rehearsal,
        seed: 1,
    };
    let trials = [trial(first), trial(scenario_of(TWO_ZONES))];
    let run_options = RunOptions {
        out: out.map(std::path::Path::to_owned),
        ..RunOptions::quiet()
    };
    runner::run_all(&trials, 1, &run_options, &Silent::shared())
}

#[test]
fn an_internal_error_ends_only_its_own_trial_which_is_unknown() {
    let make: Make = |parts| {
        let panics = |_: &variant::Parts| -> variant::Work<'_, _> {
            Box::pin(async { panic!("a bug, on purpose") })
        };
        variant::FunctionProvisioner::boxed("panics", parts, panics, variant::tears_down)
    };
    let outcome = run_two(make, None);
    let verdicts: Vec<Verdict> = outcome.records.iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, [Verdict::Unknown, Verdict::Pass]);
    let said = &outcome.records[0].phases[0].message;
    assert!(
        said.contains("bug of kubeproof") && said.contains("a bug, on purpose"),
        "{said}"
    );
    assert_eq!(outcome.errors, []);
}

#[test]
fn a_file_that_cannot_be_written_loses_no_record() {
    let out = tempfile::tempdir().expect("a folder");
    let reference: Make = |parts| parts.reference();
    let ids: Vec<String> = run_two(reference, Some(out.path()))
        .records
        .iter()
        .map(|record| record.run_id.clone())
        .collect();
    // A folder in place of the first trial's log.
    let log = out.path().join(&ids[0]).join("kubeproof.log");
    std::fs::remove_file(&log).expect("removed");
    std::fs::create_dir(&log).expect("made");
    let other = out.path().join(&ids[1]).join("record.json");
    std::fs::remove_file(&other).expect("removed");
    let outcome = run_two(reference, Some(out.path()));
    let verdicts: Vec<Verdict> = outcome.records.iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass]);
    assert_eq!(outcome.errors.len(), 1, "{:?}", outcome.errors);
    assert_eq!(outcome.errors[0].trial, outcome.records[0].scenario);
    assert!(other.is_file());
}

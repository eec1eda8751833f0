//! The criteria over records: nothing passes that was not observed, and nothing is verified without an attestation.

use std::collections::BTreeSet;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::criteria::criteria_attested;
use kubeproof_reports::matrix::matrix;
use kubeproof_reports::record::Record;

use crate::common::{criterion, failures, leaks_an_address, money, passing, records};

/// A passing trial of another cloud.
fn of(provider: &str, tier: Tier) -> Record {
    let mut record = passing();
    record.provider = provider.to_owned();
    record.scenario = format!("{provider}-cluster");
    record.run_id = format!("kp-{provider}");
    record.tier = tier;
    record
}

fn three(tier: Tier) -> Vec<Record> {
    ["north", "south", "west"]
        .map(|provider| of(provider, tier))
        .to_vec()
}

#[test]
fn three_clouds_in_rehearsal_pass_the_first_criterion_and_are_not_verified() {
    let found = criterion(&three(Tier::Rehearsal), 1);
    assert_eq!(
        (found.verdict, found.tier),
        (Verdict::Pass, Some(Tier::Rehearsal))
    );
    assert!(!found.verified);
    assert!(found.missing.contains("no live trial"), "{}", found.missing);
}

#[test]
fn two_clouds_leave_the_first_criterion_unknown_and_a_failing_third_fails_it() {
    let mut records = three(Tier::Rehearsal);
    let third = records.pop().unwrap();
    assert_eq!(criterion(&records, 1).verdict, Verdict::Unknown);
    let mut failing = third;
    failing.audit.verdict = Verdict::Fail;
    records.push(failing);
    assert_eq!(criterion(&records, 1).verdict, Verdict::Fail);
}

#[test]
fn a_cloud_whose_job_did_not_run_is_undecided_and_one_not_run_at_all_does_not_count() {
    let mut records = three(Tier::Rehearsal);
    records[2].phases.retain(|phase| phase.name != "run_job");
    assert_eq!(criterion(&records, 1).verdict, Verdict::Unknown);
    let mut records = three(Tier::Rehearsal);
    let mut live = of("north", Tier::Live);
    live.verdict = Verdict::Skipped;
    live.phases.clear();
    records.push(live);
    let found = criterion(&records, 1);
    assert_eq!(
        (found.verdict, found.tier),
        (Verdict::Pass, Some(Tier::Rehearsal))
    );
}

#[test]
fn a_kubernetes_on_this_machine_is_no_third_cloud() {
    let mut records = three(Tier::Rehearsal);
    records[2].tier = Tier::Kind;
    assert_eq!(criterion(&records, 1).verdict, Verdict::Unknown);
}

#[test]
fn a_criterion_takes_the_weakest_tier_of_its_evidence() {
    let mut records = three(Tier::Live);
    records[1].tier = Tier::Rehearsal;
    assert_eq!(criterion(&records, 1).tier, Some(Tier::Rehearsal));
}

#[test]
fn only_live_trials_that_a_person_attested_are_verified() {
    let ids = |records: &[Record]| -> BTreeSet<String> {
        records.iter().map(|record| record.run_id.clone()).collect()
    };
    let first = |records: &[Record], attested: &BTreeSet<String>| {
        criteria_attested(records, attested).remove(0)
    };
    let live = three(Tier::Live);
    assert!(first(&live, &ids(&live)).verified);
    assert!(
        !first(&live, &ids(&live[..2])).verified,
        "one is not attested"
    );
    assert!(!first(&live, &BTreeSet::new()).verified, "none is attested");
    let rehearsed = three(Tier::Rehearsal);
    assert!(
        criteria_attested(&[], &ids(&live))
            .iter()
            .all(|one| !one.verified),
        "attested, but not there"
    );
    assert!(
        !first(&rehearsed, &ids(&rehearsed)).verified,
        "attested, but not live"
    );
}

#[test]
fn a_row_is_verified_by_attested_live_trials_that_all_passed() {
    let check = |records: &[Record], expected: bool| {
        let row = matrix(records).remove(0);
        assert_eq!(row.evidence.verified, expected, "{row:?}");
        assert_eq!(criterion(records, 3).verified, expected);
    };
    let attested = |mut record: Record| {
        record.attested = true;
        record
    };
    let live = of("north", Tier::Live);
    check(&[attested(live.clone())], true);
    check(std::slice::from_ref(&live), false);
    check(&[attested(of("north", Tier::Rehearsal))], false);
    let mut wrong = leaks_an_address();
    wrong.tier = Tier::Live;
    check(&[attested(wrong)], false);
    // No record says of itself that it was attested.
    let text = serde_json::to_string(&attested(live)).expect("JSON");
    let claims = text.replacen('{', "{\"attested\":true,", 1);
    let read: Record = serde_json::from_str(&claims).expect("a record");
    check(&[read], false);
}

#[test]
fn cost_more_than_20_percent_off_fails_the_criterion_even_if_the_scenario_allows_more() {
    let mut record = passing();
    record.cost.tolerance_percent = 90;
    record.cost.deviation_percent = Some(money("-20.1"));
    assert_eq!(
        criterion(std::slice::from_ref(&record), 2).verdict,
        Verdict::Fail
    );
    record.cost.deviation_percent = Some(money("20"));
    assert_eq!(
        criterion(std::slice::from_ref(&record), 2).verdict,
        Verdict::Pass
    );
    // What is beyond it by less than its percentage shows, is beyond it.
    record.cost.billed = Some(money("100"));
    for (estimated, expected) in [("79.996", Verdict::Fail), ("80", Verdict::Pass)] {
        record.cost.estimated = Some(money(estimated));
        let found = criterion(std::slice::from_ref(&record), 2);
        assert_eq!(found.verdict, expected, "{estimated}");
    }
}

#[test]
fn a_percentage_that_was_rounded_to_20_does_not_pass_the_criterion() {
    // Billed $1, estimated $0.79996: 20.004 %, which rounds to 20.00.
    let mut record = passing();
    record.cost.billed = Some(money("1"));
    record.cost.estimated = Some(money("0.79996"));
    for percent in ["20.00", "20.004"] {
        record.cost.deviation_percent = Some(money(percent));
        let judged = criterion(std::slice::from_ref(&record), 2);
        assert_eq!(judged.verdict, Verdict::Fail, "{percent}");
    }
    record.cost.estimated = Some(money("0.8"));
    record.cost.deviation_percent = Some(money("20"));
    assert_eq!(criterion(&[record], 2).verdict, Verdict::Pass);
}

#[test]
fn a_line_that_does_not_pass_does_not_pass_the_criterion() {
    for verdict in [Verdict::Fail, Verdict::Unknown] {
        let mut record = passing();
        record.cost.lines[2].verdict = Some(verdict);
        assert_eq!(criterion(&[record], 2).verdict, verdict);
    }
}

#[test]
fn a_cost_that_only_the_meter_knows_is_not_held_for_a_bill() {
    let mut record = passing();
    record.cost.billed = None;
    assert_eq!(criterion(&[record], 2).verdict, Verdict::Skipped);
}

#[test]
fn an_orphan_in_the_trial_of_a_failure_fails_the_third_criterion() {
    let mut records = vec![passing()];
    records.extend(failures());
    assert_eq!(criterion(&records, 3).verdict, Verdict::Pass);
    records[4].audit.orphans = leaks_an_address().audit.orphans;
    assert_eq!(criterion(&records, 3).verdict, Verdict::Fail);
}

#[test]
fn what_records_cannot_show_is_never_a_pass() {
    let mut kind = passing();
    kind.tier = Tier::Kind;
    for records in [vec![], records(), vec![kind]] {
        for number in [5, 6] {
            let found = criterion(&records, number);
            assert!(
                found.verdict != Verdict::Pass && !found.verified,
                "{found:?}"
            );
        }
    }
    assert_eq!(criterion(&[], 1).verdict, Verdict::Skipped);
}

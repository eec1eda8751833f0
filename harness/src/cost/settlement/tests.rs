//! States of a bill by hours after the run, and the cost that follows from them.

use std::collections::BTreeMap;

use kubeproof_contract::cost::Estimate;

use super::super::samples;
use super::*;

fn hour(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

/// The bill of a run that ended at hour 0, whose month is closed at hour 500: estimated at a dollar.
fn bill() -> RunBill {
    RunBill {
        from: hour(0),
        until: hour(0),
        final_after: hour(500),
        estimate: Estimate {
            lines: vec![samples::estimate("nodes", Decimal::ONE)],
            ..Estimate::default()
        },
        planned_minutes: 45,
        lifetime_usd: BTreeMap::new(),
        readings: Vec::new(),
    }
}

/// A reading: at which hour, the cents of each charge, and whether the cloud calls it closed.
type Read<'a> = (i64, &'a [i64], bool);

fn billed((at, cents, is_final): Read<'_>) -> Billed {
    let charge = |cents: &i64| samples::charge("nodes", Decimal::new(*cents, 2));
    Billed {
        charges: cents.iter().map(charge).collect(),
        is_final,
        attribution: Vec::new(),
        shared_lines: Vec::new(),
        last_used: None,
        read_at: hour(at),
    }
}

fn after(reads: &[Read<'_>]) -> RunBill {
    let mut bill = bill();
    for read in reads {
        add(&mut bill, Ok(billed(*read)), hour(read.0));
    }
    bill
}

fn before() -> Cost {
    Cost {
        tolerance_percent: 20,
        ..Cost::none(Verdict::Pending, "")
    }
}

#[track_caller]
fn check(reads: &[Read<'_>], expected: BillState, verdict: Verdict) {
    let bill = after(reads);
    assert_eq!(bill.state(), expected, "{reads:?}");
    let cost = cost(&before(), &bill, BTreeSet::new());
    assert_eq!(cost.verdict, verdict, "{}", cost.message);
}

#[test]
fn a_bill_without_the_run_is_pending_and_unknown_once_it_should_be_closed() {
    check(&[], BillState::Pending, Verdict::Pending);
    check(&[(499, &[], false)], BillState::Pending, Verdict::Pending);
    check(&[(500, &[], false)], BillState::Pending, Verdict::Unknown);
    check(&[(500, &[], true)], BillState::Pending, Verdict::Unknown);
}

#[test]
fn a_bill_is_stable_when_it_was_the_same_for_a_day_two_days_after_the_run() {
    use BillState::{Provisional, Stable};
    let check = |reads: &[Read<'_>], expected| check(reads, expected, Verdict::Pending);
    check(&[(30, &[100], false)], Provisional);
    check(&[(300, &[100], false)], Provisional);
    check(&[(24, &[100], false), (47, &[100], false)], Provisional);
    check(&[(25, &[100], false), (48, &[100], false)], Provisional);
    check(&[(24, &[100], false), (48, &[100], false)], Stable);
    check(&[(24, &[99], false), (48, &[100], false)], Provisional);
    // The same sum, and not the same charges.
    check(&[(24, &[50, 50], false), (48, &[100], false)], Provisional);
    check(&[(24, &[60, 40], false), (48, &[40, 60], false)], Stable);
    // Charges of nothing are none.
    check(&[(24, &[100, 0], false), (48, &[100], false)], Stable);
    // It changed in between, and back.
    let reads: &[Read<'_>] = &[(24, &[100], false), (40, &[90], false), (50, &[100], false)];
    check(reads, Provisional);
    // Two charges of the same amount are two.
    check(&[(24, &[50, 50], false), (48, &[50], false)], Provisional);
}

#[test]
fn only_a_final_bill_is_judged() {
    let check = |reads, verdict| check(reads, BillState::Final, verdict);
    check(&[(500, &[100], true)], Verdict::Pass);
    check(&[(500, &[126], true)], Verdict::Fail);
    check(&[(30, &[90], false), (500, &[100], true)], Verdict::Pass);
    check(&[(500, &[100], true), (600, &[100], true)], Verdict::Pass);
}

#[test]
fn a_closed_bill_that_changes_is_not_final_until_it_stays_the_same() {
    let reads: &[Read<'_>] = &[(500, &[100], true), (524, &[101], true)];
    check(reads, BillState::Provisional, Verdict::Pending);
    let reads: &[Read<'_>] = &[
        (500, &[100], true),
        (524, &[101], true),
        (548, &[101], true),
    ];
    check(reads, BillState::Final, Verdict::Pass);
}

#[test]
fn a_bill_that_cannot_be_read_keeps_its_state_and_is_unknown_once_it_should_be_closed() {
    let check = |at, expected, words: &str| {
        let mut bill = after(&[(24, &[100], false)]);
        add(&mut bill, Err("denied".to_owned()), hour(at));
        assert_eq!(bill.state(), BillState::Provisional);
        let cost = cost(&before(), &bill, BTreeSet::new());
        assert_eq!(cost.verdict, expected, "{}", cost.message);
        assert!(cost.message.contains(words), "{}", cost.message);
    };
    check(48, Verdict::Pending, "the bill could not be read at");
    check(500, Verdict::Unknown, "denied");
    // It says nothing of what was read before.
    let mut bill = after(&[(24, &[100], false)]);
    add(&mut bill, Err("denied".to_owned()), hour(36));
    add(&mut bill, Ok(billed((48, &[100], false))), hour(48));
    assert_eq!(bill.state(), BillState::Stable);
}

#[test]
fn a_bill_that_is_not_final_says_what_it_comes_to_as_it_stands() {
    let check = |cents: &[i64], words: &str| {
        let bill = after(&[(24, cents, false)]);
        let message = cost(&before(), &bill, BTreeSet::new()).message;
        assert!(message.ends_with(words), "{message}");
    };
    check(
        &[100],
        "provisional, read at 1970-01-02T00:00:00Z; as it stands: pass",
    );
    check(&[126], "as it stands: fail");
    check(&[], "read at 1970-01-02T00:00:00Z");
}

#[test]
fn a_bill_is_read_once_a_day_until_it_is_stable_and_again_when_its_month_is_closed() {
    let check = |reads: &[Read<'_>], expected: Option<i64>| {
        assert_eq!(next_reading(&after(reads)), expected.map(hour), "{reads:?}");
    };
    check(&[], Some(24));
    check(&[(30, &[], false)], Some(54));
    check(&[(30, &[100], false)], Some(54));
    check(&[(24, &[100], false), (48, &[100], false)], Some(500));
    check(&[(490, &[100], false), (520, &[100], false)], Some(544));
    check(&[(500, &[100], true)], None);
}

#[test]
fn the_claim_and_the_tolerance_of_the_run_still_count() {
    let bill = after(&[(500, &[100], true)]);
    let claims = Cost {
        claimed_usd_per_hour: Some(Decimal::new(1, 1)),
        ..before()
    };
    assert_eq!(cost(&claims, &bill, BTreeSet::new()).verdict, Verdict::Fail);
    let strict = Cost {
        tolerance_percent: 5,
        ..before()
    };
    let bill = after(&[(500, &[110], true)]);
    assert_eq!(cost(&strict, &bill, BTreeSet::new()).verdict, Verdict::Fail);
    assert_eq!(
        cost(&before(), &bill, BTreeSet::new()).verdict,
        Verdict::Pass
    );
}

#[test]
fn usage_after_the_run_shows_something_that_outlived_it() {
    let check = |used: Option<i64>, is_left: bool| {
        let mut bill = bill();
        bill.until = hour(2);
        let billed = Billed {
            last_used: used.map(hour),
            ..billed((30, &[100], false))
        };
        add(&mut bill, Ok(billed), hour(30));
        assert_eq!(used_afterwards(&bill).is_some(), is_left, "{used:?}");
    };
    check(None, false);
    // The hour, or the day, in which the run ended.
    check(Some(1), false);
    check(Some(0), false);
    check(Some(2), true);
    check(Some(24), true);
}

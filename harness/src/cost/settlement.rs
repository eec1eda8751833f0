//! How far a bill has come, and what a run's cost is by its readings. Pure.
//!
//! | the readings | state | the cost |
//! |---|---|---|
//! | nothing of the run, or no reading yet | pending | pending; unknown once the bill should have been closed |
//! | charges of the run | provisional | pending, with what it comes to as it stands |
//! | the same charges in two readings a day apart, the last one two days after the run | stable | the same |
//! | charges that the cloud calls closed, the same in every reading since it does | final | judged |
//!
//! Only a final bill is judged: a month can change until it is closed.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::cost::{Billed, Charge};
use kubeproof_reports::bill::{BillReading, BillState, RunBill};
use kubeproof_reports::record::Cost;

use super::compare::compare;
use super::inputs::{Bill, CostInputs};

/// The least time between two equal readings of a stable bill, and between two readings at all: clouds refresh their
/// billing data a few times a day.
const APART: SignedDuration = SignedDuration::from_hours(24);
/// The least time between a run and a reading of a stable bill: usage shows up to two days late.
const SHOWN_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// Adds a reading, with the state that the bill has by it.
pub fn add(bill: &mut RunBill, read: Result<Billed, String>, at: Timestamp) {
    let reading = match read {
        Ok(billed) => reading(bill, billed),
        Err(problem) => BillReading {
            read_at: at,
            state: bill.state(),
            usd: None,
            charges: Vec::new(),
            shared_lines: Vec::new(),
            last_used: None,
            is_closed: false,
            notes: Vec::new(),
            problem: Some(problem),
        },
    };
    bill.readings.push(reading);
}

fn reading(bill: &RunBill, billed: Billed) -> BillReading {
    let mut reading = BillReading {
        read_at: billed.read_at,
        state: BillState::Pending,
        usd: (!billed.charges.is_empty())
            .then(|| billed.charges.iter().map(|charge| charge.usd).sum()),
        charges: billed.charges,
        shared_lines: billed.shared_lines,
        last_used: billed.last_used,
        is_closed: billed.is_final,
        notes: billed.attribution,
        problem: None,
    };
    reading.state = state(bill, &reading);
    reading
}

/// The state of a bill by its earlier readings and this one.
fn state(bill: &RunBill, latest: &BillReading) -> BillState {
    if latest.charges.is_empty() {
        return BillState::Pending;
    }
    let charges = comparable(&latest.charges);
    let is_same = |reading: &&BillReading| comparable(&reading.charges) == charges;
    let read = || {
        bill.readings
            .iter()
            .rev()
            .filter(|one| one.problem.is_none())
    };
    let closed_before = read().find(|reading| reading.is_closed);
    if latest.is_closed && closed_before.is_none_or(|before| is_same(&before)) {
        return BillState::Final;
    }
    let unchanged_since = read().take_while(is_same).last();
    let unchanged_since = unchanged_since.map_or(latest.read_at, |reading| reading.read_at);
    let is_stable = latest.read_at.duration_since(unchanged_since) >= APART
        && latest.read_at.duration_since(bill.until) >= SHOWN_AFTER;
    if is_stable {
        BillState::Stable
    } else {
        BillState::Provisional
    }
}

/// Charges in an order of their own, without those of nothing.
fn comparable(charges: &[Charge]) -> Vec<(&str, Option<&str>, Decimal, Decimal)> {
    let mut sorted: Vec<_> = charges
        .iter()
        .filter(|charge| !charge.usd.is_zero())
        .map(|charge| {
            let resource = charge.resource_id.as_deref();
            let usage = charge.usage_type.as_str();
            (usage, resource, charge.quantity, charge.usd)
        })
        .collect();
    sorted.sort_unstable();
    sorted
}

/// What the bill shows of the run after it was over: something outlived it that no audit has seen.
pub fn used_afterwards(bill: &RunBill) -> Option<String> {
    let last = bill.readings.iter().rev().find_map(|one| one.last_used)?;
    (last >= bill.until).then(|| {
        format!(
            "the bill shows usage of the run in the hour or day that began at {last}, after it was torn down and audited \
             ({}): something of it is left, and is charged",
            bill.until
        )
    })
}

/// When the next reading can show more; `None` when the bill is final.
pub fn next_reading(bill: &RunBill) -> Option<Timestamp> {
    let last = bill.readings.last().map(|reading| reading.read_at);
    let in_a_day = last.map(|at| at.checked_add(APART).unwrap_or(at));
    match bill.state() {
        BillState::Final => None,
        BillState::Pending | BillState::Provisional => {
            let first = bill.until.checked_add(APART).unwrap_or(bill.until);
            Some(in_a_day.unwrap_or(first))
        }
        BillState::Stable => Some(in_a_day.unwrap_or(bill.final_after).max(bill.final_after)),
    }
}

/// What a run's cost is by the readings of its bill. `before` is its cost so far, `orphans` are the ids of what it left.
pub fn cost(before: &Cost, bill: &RunBill, orphans: BTreeSet<String>) -> Cost {
    let inputs = CostInputs {
        claimed: before.claimed_usd_per_hour,
        estimate: bill.estimate.clone(),
        planned_minutes: bill.planned_minutes,
        lifetime_usd: bill.lifetime_usd.clone(),
        metered: None,
        billed: read(bill),
        orphans,
        unpriced: Vec::new(),
        tolerance_percent: before.tolerance_percent,
    };
    let mut cost = compare(&inputs);
    if cost.verdict == Verdict::Pending
        && let Some(words) = as_it_stands(&inputs, bill)
    {
        cost.message = format!("{}; {words}", cost.message);
    }
    cost.bill = Some(bill.clone());
    cost
}

/// The last reading, as the comparison takes it.
fn read(bill: &RunBill) -> Bill {
    let final_after = bill.final_after;
    let Some(last) = bill.readings.last() else {
        return Bill::Pending(format!(
            "the bill is final after {final_after}; read it with `kubeproof settle`"
        ));
    };
    let is_due = last.read_at >= final_after;
    if let Some(problem) = &last.problem {
        let why = format!("could not be read at {}: {problem}", last.read_at);
        return if is_due {
            Bill::Unreadable(why)
        } else {
            Bill::Pending(format!("the bill {why}"))
        };
    }
    if last.charges.is_empty() && is_due {
        return Bill::Unreadable(format!(
            "it should have been closed by {final_after}, and shows nothing of the run: what the run made carries no \
             mark that bills show"
        ));
    }
    Bill::Read(Billed {
        charges: last.charges.clone(),
        is_final: last.state == BillState::Final,
        attribution: last.notes.clone(),
        shared_lines: last.shared_lines.clone(),
        last_used: last.last_used,
        read_at: last.read_at,
    })
}

/// What a bill that is not final would come to.
fn as_it_stands(inputs: &CostInputs, bill: &RunBill) -> Option<String> {
    let last = bill.readings.last()?;
    let (state, read_at) = (last.state, last.read_at);
    let Bill::Read(billed) = &inputs.billed else {
        return None;
    };
    if billed.charges.is_empty() {
        return Some(format!("read at {read_at}"));
    }
    let closed = CostInputs {
        billed: Bill::Read(Billed {
            is_final: true,
            ..billed.clone()
        }),
        ..inputs.clone()
    };
    let verdict = compare(&closed).verdict;
    Some(format!(
        "{state}, read at {read_at}; as it stands: {verdict}"
    ))
}

#[cfg(test)]
mod tests;

//! Finishes the cost of a live run: reads its bill again, and writes into its record what that changes.
//!
//! Nothing else in a record changes: what was seen in the run stays as it was seen.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::run::Run;
use kubeproof_reports::bill::{BillState, RunBill};
use kubeproof_reports::judge;
use kubeproof_reports::record::{Finding, Phase, Record};

use crate::cost::settlement;
use crate::oracles::{finding_id, needs};
use crate::phases::{cost, unobserved};

/// The phase and the oracle of what a run costs.
const COST: &str = "cost";
/// The oracle of what outlives a run, which a bill shows the day after.
const ORPHANS: &str = "O1 orphans";
/// How the command that replays a finding of a reading begins.
const COMMAND: &str = "kubeproof settle";

/// Why the bill of a run is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDue {
    /// The record waits for no bill.
    NoBill,
    /// It is final.
    Final,
    /// A reading shows nothing new before this time.
    Before(Timestamp),
}

/// Whether the bill of a run is to be read now.
///
/// # Errors
/// With the reason why it is not.
pub fn is_due(record: &Record, now: Timestamp, again: bool) -> Result<(), NotDue> {
    let Some(bill) = &record.cost.bill else {
        return Err(NotDue::NoBill);
    };
    if bill.state() == BillState::Final {
        return Err(NotDue::Final);
    }
    match settlement::next_reading(bill) {
        Some(next) if now < next && !again => Err(NotDue::Before(next)),
        _ => Ok(()),
    }
}

/// Reads the bill of a run once more, and puts what that changes into its record. `redact` takes secrets out of texts.
pub async fn read_again(
    record: &mut Record,
    (biller, run): (&dyn Observer, &Run),
    budget: Decimal,
    clock: Clock,
    redact: impl Fn(String) -> String,
) {
    let Some(mut bill) = record.cost.bill.clone() else {
        return;
    };
    let read = cost::read(biller, run).await.map_err(redact);
    settlement::add(&mut bill, read, clock.now());
    apply(record, &bill, budget);
}

/// Judges the cost of a record by the readings of its bill.
pub fn apply(record: &mut Record, bill: &RunBill, budget: Decimal) {
    let orphans: BTreeSet<String> = record
        .audit
        .orphans
        .iter()
        .map(|orphan| orphan.id.clone())
        .collect();
    record.cost = settlement::cost(&record.cost, bill, orphans);
    let (verdict, message) = (record.cost.verdict, record.cost.message.clone());
    set_phase(record, COST, verdict, &message);
    set_finding(record, COST, (verdict == Verdict::Fail).then_some(&message));
    set_finding(record, ORPHANS, settlement::used_afterwards(bill).as_ref());
    if record.phases.iter().any(|phase| phase.name == needs::BILL)
        && let Some(outcome) = unobserved::budget(&record.cost, budget, &[])
    {
        let exceeded = outcome.verdict == Verdict::Fail;
        set_phase(record, needs::BILL, outcome.verdict, &outcome.message);
        set_finding(record, needs::BILL, exceeded.then_some(&outcome.message));
    }
    let row = format!("{}.{COST}", record.provider);
    for check in record.checks.iter_mut().filter(|check| check.id == row) {
        check.verdict = verdict;
        check.evidence.clone_from(&message);
    }
    // Its own word was made of its parts.
    record.verdict = Verdict::Pass;
    record.verdict = judge::trial(record).0;
}

fn set_phase(record: &mut Record, name: &str, verdict: Verdict, message: &str) {
    let is_it = |phase: &&mut Phase| phase.name == name;
    for phase in record.phases.iter_mut().filter(is_it) {
        phase.verdict = verdict;
        message.clone_into(&mut phase.message);
    }
}

/// Replaces the finding of an earlier reading by that of this one, if there is any. What was found in the run stays,
/// but what the cost phase said: it is judged again, its claim included.
fn set_finding(record: &mut Record, oracle: &str, message: Option<&String>) {
    let is_replaced = |finding: &Finding| {
        finding.oracle == oracle && (oracle == COST || finding.replay.starts_with(COMMAND))
    };
    record.findings.retain(|finding| !is_replaced(finding));
    if let Some(message) = message {
        record.findings.push(Finding {
            id: finding_id::of_record(record, oracle, message),
            oracle: oracle.to_owned(),
            message: message.clone(),
            replay: format!("{COMMAND} {} --again", record.run_id),
            phase: Some(COST.to_owned()),
        });
    }
}

#[cfg(test)]
mod tests;

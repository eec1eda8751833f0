//! One lifecycle of a campaign: what it has shown of its faults, and of the provisioner.
//!
//! Apart from the campaign because shrinking and replaying run single lifecycles, too.

use std::sync::Arc;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::{Fault, Where};
use kubeproof_contract::journal::Call;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Finding;

use crate::run::lab::{self, LabError};
use crate::run::progress::Silent;
use crate::run::stage::Surroundings;
use crate::run::trial::{Clean, Part, Trial};
use crate::scenario::Scenario;

/// How many calls before and after the struck one a finding shows.
const AROUND: usize = 4;

/// What a lifecycle has shown.
#[derive(Clone, Debug)]
pub struct Lived {
    /// What is wrong, with the command that runs it again.
    pub findings: Vec<Finding>,
    /// What could not be found out.
    pub unknown: Vec<String>,
    /// How often each fault's place was seen, and how often it struck.
    pub struck: Vec<(u64, u64)>,
    /// API calls.
    pub calls: u64,
    /// The hash of its journal.
    pub hash: String,
    /// The calls around the first one into which a fault was injected, a line each.
    pub around: Vec<String>,
}

/// The trial of a campaign with these faults.
pub fn trial(scenario: &Scenario, faults: Vec<Fault>, clean: &Arc<Clean>, seed: u64) -> Trial {
    Trial {
        scenario: scenario.clone(),
        part: Part::Campaign(faults, Some(Arc::clone(clean))),
        tier: Tier::Rehearsal,
        seed,
    }
}

/// Runs one lifecycle.
///
/// # Errors
/// When it could not be run at all.
pub fn live(trial: &Trial, around: &Surroundings) -> Result<Lived, LabError> {
    let (ran, journal) = lab::in_memory(trial, around, &Silent::shared())?;
    let record = ran.record;
    // Thousands of lifecycles show nothing; for them the calls are not needed.
    let around = if record.findings.is_empty() {
        Vec::new()
    } else {
        calls_around(&journal, &trial.faults())
    };
    let unknown = record
        .phases
        .iter()
        .filter(|phase| phase.verdict == Verdict::Unknown)
        .map(|phase| format!("{}: {}", phase.name, phase.message))
        .collect();
    Ok(Lived {
        findings: record.findings,
        unknown,
        struck: record
            .faults
            .iter()
            .map(|fault| (fault.seen, fault.struck))
            .collect(),
        calls: record.calls,
        hash: record.journal_hash,
        around,
    })
}

/// The provisioner's calls around the first one that a fault struck.
fn calls_around(journal: &[Call], faults: &[Fault]) -> Vec<String> {
    let calls: Vec<&Call> = journal
        .iter()
        .filter(|call| call.actor == Actor::Provisioner)
        .collect();
    let struck = faults
        .iter()
        .filter_map(|fault| position(&calls, &fault.place))
        .min();
    let Some(struck) = struck else {
        return Vec::new();
    };
    let from = struck.saturating_sub(AROUND);
    let until = (struck + AROUND + 1).min(calls.len());
    let line = |(index, call): (usize, &&Call)| {
        let mark = if from + index == struck { "→" } else { " " };
        let answer = match (call.status, &call.error) {
            (Some(status), Some(error)) => format!("{status} {error}"),
            (Some(status), None) => status.to_string(),
            (None, error) => error.clone().unwrap_or_default(),
        };
        format!("{mark} {} {} {answer}", call.ordinal, call.signature)
    };
    calls[from..until].iter().enumerate().map(line).collect()
}

fn position(calls: &[&Call], place: &Where) -> Option<usize> {
    let names = |(_, call): &(usize, &&Call)| place.names(call.actor, &call.signature);
    let nth = usize::try_from(place.occurrence.saturating_sub(1)).ok()?;
    let found = calls.iter().enumerate().filter(names).nth(nth)?;
    Some(found.0)
}

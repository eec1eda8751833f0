//! Runs one lifecycle of a campaign and returns its findings and what became of its faults.

use std::sync::Arc;

use kubeproof_contract::call::Actor;
use kubeproof_contract::call_key::KeyPattern;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::{CallMatcher, Fault};
use kubeproof_contract::journal::Call;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Finding;

use super::schedules::Schedule;
use crate::runner::{self, RunError};
use crate::scenario::Scenario;
use crate::trial::{CleanRun, Part, Trial};
use crate::trial_context::RunOptions;
use crate::trial_context::progress::Silent;

/// How many calls a finding shows before and after the one into which a fault was injected.
const AROUND: usize = 4;

/// The result of a lifecycle.
#[derive(Clone, Debug)]
pub struct LifecycleResult {
    /// The findings, each with the command that replays it.
    pub findings: Vec<Finding>,
    /// What could not be determined.
    pub unknown: Vec<String>,
    /// For each fault, how often its target was called and how often it was injected.
    pub injected: Vec<(u64, u64)>,
    /// API calls.
    pub calls: u64,
    /// The hash of its journal.
    pub hash: String,
    /// The calls around the first one into which a fault was injected, a line each.
    pub around: Vec<String>,
}

/// A lifecycle, with the faults that its findings need.
pub(super) struct ShrunkLifecycle {
    pub(super) result: LifecycleResult,
    pub(super) needed: Schedule,
}

/// The trial of a campaign with these faults.
pub fn trial(scenario: &Scenario, faults: Vec<Fault>, clean: &Arc<CleanRun>, seed: u64) -> Trial {
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
pub fn run(trial: &Trial, options: &RunOptions) -> Result<LifecycleResult, RunError> {
    let (ran, journal) = runner::in_memory(trial, options, &Silent::shared())?;
    let record = ran.record;
    let before = options.checkpoint.as_ref().map_or(0, |it| it.calls.len());
    let before = u64::try_from(before).unwrap_or(0);
    // Thousands of lifecycles have no findings; they do not need the calls.
    let around = if record.findings.is_empty() {
        Vec::new()
    } else {
        let teardown = ran
            .phase_starts
            .iter()
            .find(|(name, _)| *name == "teardown");
        calls_around(
            &journal,
            &trial.faults(),
            teardown.map_or(0, |(_, first)| *first),
        )
    };
    let unknown = record
        .phases
        .iter()
        .filter(|phase| phase.verdict == Verdict::Unknown)
        .map(|phase| format!("{}: {}", phase.name, phase.message))
        .collect();
    Ok(LifecycleResult {
        findings: record.findings,
        unknown,
        injected: record
            .faults
            .iter()
            .map(|fault| (fault.seen, fault.injected))
            .collect(),
        calls: record.calls.saturating_sub(before),
        hash: record.journal_hash,
        around,
    })
}

/// The provisioner's calls around the first one into which a fault was injected; `teardown` is the first call of the
/// teardown, counted from 0.
fn calls_around(journal: &[Call], faults: &[Fault], teardown: usize) -> Vec<String> {
    let calls: Vec<&Call> = journal
        .iter()
        .filter(|call| call.actor == Actor::Provisioner)
        .collect();
    let down = u64::try_from(teardown).unwrap_or(u64::MAX);
    let before = calls.iter().filter(|call| call.ordinal <= down).count();
    let injected = faults
        .iter()
        .filter_map(|fault| {
            let from = if fault.target.in_teardown { before } else { 0 };
            Some(from + position(&calls[from..], &fault.target)?)
        })
        .min();
    let Some(injected) = injected else {
        return Vec::new();
    };
    let from = injected.saturating_sub(AROUND);
    let until = (injected + AROUND + 1).min(calls.len());
    let line = |(index, call): (usize, &&Call)| {
        let mark = if from + index == injected { "→" } else { " " };
        let answer = match (call.status, &call.error) {
            (Some(status), Some(error)) => format!("{status} {error}"),
            (Some(status), None) => status.to_string(),
            (None, error) => error.clone().unwrap_or_default(),
        };
        let about = call.key.as_deref().map(|key| format!("[{key}]"));
        let about = about.unwrap_or_default();
        format!("{mark} {} {}{about} {answer}", call.ordinal, call.signature)
    };
    calls[from..until].iter().enumerate().map(line).collect()
}

fn position(calls: &[&Call], place: &CallMatcher) -> Option<usize> {
    let names = |(_, call): &(usize, &&Call)| {
        let key = call.key.as_deref();
        let about = |pattern: &KeyPattern| key.is_some_and(|key| pattern.matches_text(key));
        place.names(call.actor, &call.signature)
            && place.key.as_ref().is_none_or(about)
            && (!place.changed || call.changed)
    };
    let nth = usize::try_from(place.occurrence.saturating_sub(1)).ok()?;
    let found = calls.iter().enumerate().filter(names).nth(nth)?;
    Some(found.0)
}

//! Runs one lifecycle of a campaign and returns its findings and what became of its faults.

use std::sync::Arc;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::calls::around_fault;
use kubeproof_reports::record::{AllowedFinding, Finding};
use serde::{Deserialize, Serialize};

use super::schedules::Schedule;
use crate::runner::{self, RunError};
use crate::scenario::Scenario;
use crate::trial::{CleanRun, Part, Trial};
use crate::trial_context::RunOptions;
use crate::trial_context::progress::Silent;

/// The result of a lifecycle.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleResult {
    /// The findings, each with the command that replays it.
    pub findings: Vec<Finding>,
    /// What is wrong and the scenario accepts.
    pub allowed: Vec<AllowedFinding>,
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
        around_fault(
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
        allowed: record.allowed,
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

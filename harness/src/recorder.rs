//! Records one trial: phases, checks and findings as they come, and the final record.
//!
//! Phases only write to it; nothing is ever removed.

pub mod checklist;
mod found;
pub mod phase_outcome;

use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::resource::Resource;
use kubeproof_reports::judge;
use kubeproof_reports::record::{
    AllowedFinding, Audit, Cost, FaultRecord, Finding, Phase, Ready, Record,
};
use kubeproof_reports::unseen::{self, Planned};

use self::phase_outcome::{Line, PhaseOutcome, Told};
use crate::oracles::finding_id;
use crate::run_directory::unfinished;
use crate::trial::injected;
use crate::trial_context::TrialContext;

/// The results of one trial so far.
pub struct Recorder<'a, 'b> {
    context: &'a TrialContext<'b>,
    /// Phases in order; only `close` adds to them.
    phases: Vec<Phase>,
    /// The phase that has begun and not ended.
    current: Option<&'static str>,
    /// Rows of the checklist that were evaluated.
    checks: Vec<Check>,
    /// What the current phase has said so far. A phase may be cut off wherever it waits.
    pub told: Told,
    /// Everything that is wrong.
    findings: Vec<Finding>,
    /// What is wrong and the scenario accepts.
    allowed: Vec<AllowedFinding>,
    pub audit: Audit,
    /// The cost comparison.
    pub cost: Cost,
    /// Bystanders' resources in the inventories so far, once for each inventory.
    pub bystanders_seen: Vec<Resource>,
    /// What was listed of the run while its cluster was there, where there is no ground truth.
    pub seen_of_run: Vec<Resource>,
    /// What a program had made once its cluster was ready, where that was listed.
    pub made: Option<Vec<Resource>>,
    /// Time to a ready cluster.
    pub ready: Option<Ready>,
    /// Resources of the baseline that were changed during the run, where there is no ground truth.
    pub altered: Vec<Resource>,
    /// When provisioning began, if it did.
    pub provisioning_since: Option<Timestamp>,
    /// Whether a teardown reported success.
    pub torn_down: bool,
    /// Whether an attempt ran out of time because this machine is slow, not the cloud: what it left proves nothing.
    pub ended_by_machine: bool,
    /// Name of the provisioner.
    pub provisioner: String,
    /// The log, line by line.
    pub log: Vec<String>,
    /// Duration of the trial in seconds, once known; waiting for the bill does not count.
    seconds: Option<u64>,
    /// The first call of each phase, counted from 0.
    pub phase_starts: Vec<(&'static str, usize)>,
}

/// A phase that has begun.
#[must_use]
pub struct OpenPhase {
    name: &'static str,
    at: Duration,
    calls: usize,
    findings: usize,
}

impl<'a, 'b> Recorder<'a, 'b> {
    /// Creates an empty recorder.
    pub fn new(context: &'a TrialContext<'b>) -> Self {
        let tolerance_percent = context.scenario().cost.tolerance_percent;
        let mut recorder = Self {
            context,
            phases: Vec::new(),
            current: None,
            checks: Vec::new(),
            told: Told::default(),
            findings: Vec::new(),
            allowed: Vec::new(),
            audit: Audit::empty(Verdict::Skipped),
            cost: no_cost(tolerance_percent, "not reached"),
            bystanders_seen: Vec::new(),
            seen_of_run: Vec::new(),
            made: None,
            ready: None,
            altered: Vec::new(),
            provisioning_since: None,
            torn_down: false,
            ended_by_machine: false,
            provisioner: context.provisioner().name(),
            log: Vec::new(),
            seconds: None,
            phase_starts: Vec::new(),
        };
        let (trial, run) = (context.trial, &context.run);
        recorder.note(&format!(
            "trial {} of {}",
            trial.name(),
            trial.scenario.file
        ));
        recorder.note(&format!(
            "run {} tier {} seed {}",
            run.id, trial.tier, trial.seed
        ));
        for fault in trial.faults() {
            recorder.note(&format!("fault {fault}"));
        }
        recorder
    }

    /// Writes a line to the log, with the trial's time.
    pub fn note(&mut self, line: &str) {
        let now = self.context.clock.now();
        for line in line.lines() {
            self.log.push(format!("{now:.3} {line}"));
        }
    }

    /// Begins a phase.
    pub fn begin(&mut self, name: &'static str) -> OpenPhase {
        self.write_cut_off();
        let at = self.context.clock.elapsed();
        self.context
            .progress
            .phase(&self.context.trial.name(), name, at);
        self.note(&format!("{name} begins"));
        self.phase_starts.push((name, self.context.journal.len()));
        self.current = Some(name);
        self.open_phase(name)
    }

    fn open_phase(&self, name: &'static str) -> OpenPhase {
        OpenPhase {
            name,
            at: self.context.clock.elapsed(),
            calls: self.context.journal.len(),
            findings: self.findings.len(),
        }
    }

    /// Ends a phase with its verdict. A failed phase without a finding becomes a finding itself: there is no failure
    /// without a finding.
    pub fn end(&mut self, phase: OpenPhase, verdict: Verdict, message: impl Into<String>) {
        self.write_told();
        let is_told = self.findings.len() > phase.findings;
        self.close(phase, verdict, message.into(), !is_told);
    }

    /// Like `end`, but a failure is always a finding of the phase itself, whatever else was found in it.
    pub fn end_judged(&mut self, phase: OpenPhase, verdict: Verdict, message: impl Into<String>) {
        self.write_told();
        self.close(phase, verdict, message.into(), true);
    }

    /// Ends a phase with what it returned.
    pub fn write(&mut self, phase: OpenPhase, outcome: PhaseOutcome) {
        let PhaseOutcome {
            verdict,
            message,
            judged,
            told,
        } = outcome;
        self.write_told();
        self.tell(told);
        if judged {
            self.end_judged(phase, verdict, message);
        } else {
            self.end(phase, verdict, message);
        }
    }

    /// Writes down what was said, in order.
    pub fn tell(&mut self, told: Told) {
        self.write_lines(told.into_lines());
    }

    /// Writes down what the current phase has said so far.
    fn write_told(&mut self) {
        let told = std::mem::take(&mut self.told);
        self.write_lines(told.into_lines());
    }

    /// Writes down what a phase said that was cut off, if one was.
    pub fn write_cut_off(&mut self) {
        let told = std::mem::take(&mut self.told);
        self.write_lines(told.into_lines_cut_off());
    }

    fn write_lines(&mut self, lines: Vec<Line>) {
        for line in lines {
            match line {
                Line::Note(line) => self.note(&line),
                Line::Violation(violation) => self.add_violations([violation]),
                Line::Row(check) => self.checks.push(check),
            }
        }
    }

    /// Notes a phase that was not reached or not needed.
    pub fn skip(&mut self, name: &'static str, why: &str) {
        let phase = self.open_phase(name);
        self.close(phase, Verdict::Skipped, why.to_owned(), false);
    }

    /// The only way in which a phase enters the record.
    fn close(&mut self, phase: OpenPhase, verdict: Verdict, message: String, tells: bool) {
        let message = self.context.redact(message);
        let OpenPhase {
            name, at, calls, ..
        } = phase;
        if verdict == Verdict::Fail && tells {
            self.current = Some(name);
            self.add_finding(name, format!("{name} {message}"));
        }
        self.current = None;
        self.note(&format!("{name}: {verdict}: {message}"));
        let trial = self.context.trial.name();
        self.context
            .progress
            .phase_done(&trial, name, verdict, &message);
        let calls = self.context.journal.len().saturating_sub(calls);
        self.phases.push(Phase {
            name: name.to_owned(),
            verdict,
            seconds: self.context.clock.elapsed().saturating_sub(at).as_secs(),
            calls: calls as u64,
            message,
        });
    }

    /// Whether a phase of this name was run or skipped.
    pub fn has(&self, name: &str) -> bool {
        self.phases.iter().any(|phase| phase.name == name)
    }

    /// Whether a phase of this name passed.
    pub fn passed(&self, name: &str) -> bool {
        self.phases
            .iter()
            .any(|phase| phase.name == name && phase.verdict == Verdict::Pass)
    }

    /// Fixes the duration of the trial: the rest is waiting for the bill.
    pub fn stop_clock(&mut self) {
        self.seconds = Some(self.context.clock.elapsed().as_secs());
    }

    /// The record, with every row of the checklist.
    pub fn into_record(mut self) -> Record {
        self.write_cut_off();
        let seconds = self
            .seconds
            .unwrap_or_else(|| self.context.clock.elapsed().as_secs());
        let context = self.context;
        let trial = context.trial;
        self.not_injected();
        let checks = checklist::merge(
            trial.scenario.provider.as_ref(),
            &self.checks,
            &checklist::ChecklistInputs {
                phases: &self.phases,
                audit: &self.audit,
                cost: &self.cost,
            },
        );
        let started_at = context.run.started_at;
        let finished_at = started_at
            + jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX / 4));
        let planned = Planned {
            provisioner: self.provisioner,
            ..unfinished::planned(trial, &context.run)
        };
        let record = Record {
            finished_at,
            seconds,
            calls: context.journal.len() as u64,
            journal_hash: context.journal.hash(),
            verdict: Verdict::Pass,
            ready: self.ready,
            phases: self.phases,
            checks,
            audit: self.audit,
            cost: self.cost,
            faults: fault_records(context),
            findings: self.findings,
            allowed: self.allowed,
            ..unseen::blank(planned, "")
        };
        judged(record, &trial.replay())
    }

    /// A fault that was not injected as often as asked proves nothing, so its trial is unknown.
    fn not_injected(&mut self) {
        // A campaign reports by itself what it did not reach.
        if self.context.trial.is_campaign() {
            return;
        }
        let ended = self.ended_early();
        let faults = &self.context.faults;
        let told = injected::missing(&faults.tally(), &faults.failed_changes(), ended);
        if !told.is_empty() {
            let phase = self.begin(injected::PHASE);
            let replay = self.context.trial.replay();
            let message = format!("{}; again: {replay}", told.join("; "));
            self.end(phase, Verdict::Unknown, message);
        }
    }

    /// Why the trial ended before the provisioner was asked for anything, if it did.
    fn ended_early(&self) -> Option<&'static str> {
        if self.context.cancel.is_cancelled() {
            return Some("the trial was stopped before");
        }
        (!self.has("provision")).then_some("the trial ended before anything was provisioned")
    }
}

/// The record with its verdict. A failure that only a checklist row shows becomes a finding too.
fn judged(mut record: Record, replay: &str) -> Record {
    let (verdict, why) = judge::trial(&record);
    record.verdict = verdict;
    if verdict == Verdict::Fail && record.findings.is_empty() {
        record.findings.push(Finding {
            id: finding_id::of_record(&record, "checks", &why),
            oracle: "checks".to_owned(),
            message: why,
            replay: replay.to_owned(),
            phase: None,
        });
    }
    record
}

fn fault_records(context: &TrialContext<'_>) -> Vec<FaultRecord> {
    let tally = context.faults.tally();
    tally
        .into_iter()
        .map(|(fault, count)| FaultRecord {
            fault: fault.to_string(),
            seen: count.seen,
            injected: count.injected(),
        })
        .collect()
}

/// A cost comparison that was skipped, and why.
pub fn no_cost(tolerance_percent: u32, why: &str) -> Cost {
    Cost {
        tolerance_percent,
        ..Cost::none(Verdict::Skipped, why)
    }
}

#[cfg(test)]
mod tests;

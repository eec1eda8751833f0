//! The book of one trial: phases, checks and findings as they come, and the record in the end.
//!
//! Apart from the phases, which only write into it; nothing is ever taken out.

use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::resource::Resource;
use kubeproof_reports::judge;
use kubeproof_reports::record::{Audit, Cost, FaultRecord, Finding, Phase, Ready, Record};
use kubeproof_reports::unseen::{self, Planned};

use super::check_rows;
use super::injected;
use super::reported::Report;
use super::stage::Stage;
use super::unfinished;
use crate::oracles::Wrong;

/// What one trial has shown so far.
pub struct Book<'a, 'b> {
    stage: &'a Stage<'b>,
    /// Phases in order; only `close` adds to them.
    phases: Vec<Phase>,
    /// The phase that has begun and not ended.
    current: Option<&'static str>,
    /// Rows of the checklist that were evaluated.
    pub checks: Vec<Check>,
    /// Everything that is wrong.
    findings: Vec<Finding>,
    /// The audit.
    pub audit: Audit,
    /// The cost comparison.
    pub cost: Cost,
    /// What looks have shown of neighbours', as often as they did.
    pub neighbours: Vec<Resource>,
    /// Time to a ready cluster.
    pub ready: Option<Ready>,
    /// What was there before the run and was altered during it, where there is no truth to ask.
    pub altered: Vec<Resource>,
    /// When provisioning began, if it did.
    pub provisioning_since: Option<Timestamp>,
    /// Whether a teardown said that it succeeded.
    pub torn_down: bool,
    /// What the last attempt said of what it left, if it failed and the account has not been looked at since.
    pub report: Option<Report>,
    /// Whether the machine and not the cloud took the time of an attempt: what it left proves nothing.
    pub ended_by_machine: bool,
    /// Name of the provisioner.
    pub provisioner: String,
    /// The log, line by line.
    pub log: Vec<String>,
    /// Seconds of the trial, once they are known: waiting for the bill does not count.
    seconds: Option<u64>,
    /// The first call of each phase, counted from 0.
    pub marks: Vec<(&'static str, usize)>,
}

/// A phase that has begun.
#[must_use]
pub struct Begun {
    name: &'static str,
    at: Duration,
    calls: usize,
    findings: usize,
}

impl<'a, 'b> Book<'a, 'b> {
    /// An empty book.
    pub fn new(stage: &'a Stage<'b>) -> Self {
        let tolerance_percent = stage.scenario().cost.tolerance_percent;
        let mut book = Self {
            stage,
            phases: Vec::new(),
            current: None,
            checks: Vec::new(),
            findings: Vec::new(),
            audit: Audit::empty(Verdict::Skipped),
            cost: no_cost(tolerance_percent, "not reached"),
            neighbours: Vec::new(),
            ready: None,
            altered: Vec::new(),
            provisioning_since: None,
            torn_down: false,
            report: None,
            ended_by_machine: false,
            provisioner: stage.provisioner().name(),
            log: Vec::new(),
            seconds: None,
            marks: Vec::new(),
        };
        let (trial, run) = (stage.trial, &stage.run);
        book.note(&format!(
            "trial {} of {}",
            trial.name(),
            trial.scenario.file
        ));
        book.note(&format!(
            "run {} tier {} seed {}",
            run.id, trial.tier, trial.seed
        ));
        for fault in trial.faults() {
            book.note(&format!("fault {fault}"));
        }
        book
    }

    /// Writes a line into the log, with the trial's date.
    pub fn note(&mut self, line: &str) {
        let now = self.stage.clock.now();
        for line in line.lines() {
            self.log.push(format!("{now:.3} {line}"));
        }
    }

    /// Begins a phase.
    pub fn begin(&mut self, name: &'static str) -> Begun {
        let at = self.stage.clock.elapsed();
        self.stage
            .progress
            .phase(&self.stage.trial.name(), name, at);
        self.note(&format!("{name} begins"));
        self.marks.push((name, self.stage.journal.len()));
        self.current = Some(name);
        self.begun(name)
    }

    fn begun(&self, name: &'static str) -> Begun {
        Begun {
            name,
            at: self.stage.clock.elapsed(),
            calls: self.stage.journal.len(),
            findings: self.findings.len(),
        }
    }

    /// Ends a phase with its verdict. A failure of which nothing was found in the phase is a finding of the phase
    /// itself: there is no failure without a finding.
    pub fn end(&mut self, begun: Begun, verdict: Verdict, message: impl Into<String>) {
        let is_told = self.findings.len() > begun.findings;
        self.close(begun, verdict, message.into(), !is_told);
    }

    /// Ends a phase as `end` does; a failure is a finding of the phase itself, whatever else was found in it.
    pub fn end_judged(&mut self, begun: Begun, verdict: Verdict, message: impl Into<String>) {
        self.close(begun, verdict, message.into(), true);
    }

    /// Notes a phase that was not reached or not needed.
    pub fn skip(&mut self, name: &'static str, why: &str) {
        let begun = self.begun(name);
        self.close(begun, Verdict::Skipped, why.to_owned(), false);
    }

    /// The one way in which a phase comes into the record.
    fn close(&mut self, begun: Begun, verdict: Verdict, message: String, tells: bool) {
        let message = self.stage.clean(message);
        let name = begun.name;
        if verdict == Verdict::Fail && tells {
            self.current = Some(name);
            self.find(name, format!("{name} {message}"));
        }
        self.current = None;
        self.note(&format!("{name}: {verdict}: {message}"));
        let trial = self.stage.trial.name();
        self.stage
            .progress
            .phase_done(&trial, name, verdict, &message);
        let calls = self.stage.journal.len().saturating_sub(begun.calls);
        self.phases.push(Phase {
            name: name.to_owned(),
            verdict,
            seconds: self
                .stage
                .clock
                .elapsed()
                .saturating_sub(begun.at)
                .as_secs(),
            calls: calls as u64,
            message,
        });
    }

    /// Writes down something wrong.
    pub fn find(&mut self, oracle: &str, message: impl Into<String>) {
        let message = message.into();
        self.note(&format!("finding: {oracle}: {message}"));
        let replay = self.stage.trial.replay();
        self.findings.push(Finding {
            oracle: oracle.to_owned(),
            message,
            replay,
            phase: self.current.map(str::to_owned),
        });
    }

    /// Writes down what an oracle found.
    pub fn find_all(&mut self, wrongs: impl IntoIterator<Item = Wrong>) {
        for wrong in wrongs {
            self.find(wrong.oracle, wrong.message);
        }
    }

    /// Whether a phase of this name was gone through.
    pub fn has(&self, name: &str) -> bool {
        self.phases.iter().any(|phase| phase.name == name)
    }

    /// Whether a phase of this name passed.
    pub fn passed(&self, name: &str) -> bool {
        self.phases
            .iter()
            .any(|phase| phase.name == name && phase.verdict == Verdict::Pass)
    }

    /// Fixes the time of the trial: what follows is waiting for the bill.
    pub fn stop_clock(&mut self) {
        self.seconds = Some(self.stage.clock.elapsed().as_secs());
    }

    /// The record, with every row of the checklist.
    pub fn into_record(mut self) -> Record {
        let seconds = self
            .seconds
            .unwrap_or_else(|| self.stage.clock.elapsed().as_secs());
        let stage = self.stage;
        let trial = stage.trial;
        self.not_injected();
        let checks = check_rows::merge(
            trial.scenario.provider.as_ref(),
            &self.checks,
            &check_rows::Seen {
                phases: &self.phases,
                audit: &self.audit,
                cost: &self.cost,
            },
        );
        let started_at = stage.run.started_at;
        let finished_at = started_at
            + jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX / 4));
        let planned = Planned {
            provisioner: self.provisioner,
            ..unfinished::planned(trial, &stage.run)
        };
        let record = Record {
            finished_at,
            seconds,
            calls: stage.journal.len() as u64,
            journal_hash: stage.journal.hash(),
            verdict: Verdict::Pass,
            ready: self.ready,
            phases: self.phases,
            checks,
            audit: self.audit,
            cost: self.cost,
            faults: fault_records(stage),
            findings: self.findings,
            ..unseen::blank(planned, "")
        };
        judged(record, &trial.replay())
    }

    /// A fault that was not injected as often as asked proves nothing, so its trial is unknown.
    fn not_injected(&mut self) {
        // A campaign tells by itself what it did not reach.
        if self.stage.trial.is_campaign() {
            return;
        }
        let ended = self.ended_early();
        let faults = &self.stage.faults;
        let told = injected::missing(&faults.tally(), &faults.failed_changes(), ended);
        if !told.is_empty() {
            let begun = self.begin(injected::PHASE);
            let replay = self.stage.trial.replay();
            let message = format!("{}; again: {replay}", told.join("; "));
            self.end(begun, Verdict::Unknown, message);
        }
    }

    /// Why the trial ended before the provisioner was asked for anything, if it did.
    fn ended_early(&self) -> Option<&'static str> {
        if self.stage.stop.asked() {
            return Some("the trial was stopped before");
        }
        (!self.has("provision")).then_some("the trial ended before anything was provisioned")
    }
}

/// The record with its verdict. A failure that only a row of the checklist tells is a finding, too.
fn judged(mut record: Record, replay: &str) -> Record {
    let (verdict, why) = judge::trial(&record);
    record.verdict = verdict;
    if verdict == Verdict::Fail && record.findings.is_empty() {
        record.findings.push(Finding {
            oracle: "checks".to_owned(),
            message: why,
            replay: replay.to_owned(),
            phase: None,
        });
    }
    record
}

fn fault_records(stage: &Stage<'_>) -> Vec<FaultRecord> {
    let tally = stage.faults.tally();
    tally
        .into_iter()
        .map(|(fault, count)| FaultRecord {
            fault: fault.to_string(),
            seen: count.seen,
            struck: count.injected(),
        })
        .collect()
}

/// A cost comparison that was not made, and why.
pub fn no_cost(tolerance_percent: u32, why: &str) -> Cost {
    Cost {
        tolerance_percent,
        ..Cost::none(Verdict::Skipped, why)
    }
}

#[cfg(test)]
mod tests;

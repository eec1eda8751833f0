//! What a phase has shown: what it says while it runs, and the outcome that it returns. The recorder writes both down.

use kubeproof_contract::check::{Check, Verdict};

use crate::oracles::Violation;

/// What is said during a phase, in order. Nothing is ever removed, so that what a phase said before it was cut off is
/// not lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    lines: Vec<Line>,
    if_cut_off: Vec<Violation>,
}

/// One thing that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line for the log.
    Note(String),
    /// A finding.
    Violation(Violation),
    /// A row of the checklist that was evaluated.
    Row(Check),
}

impl Told {
    /// Adds a line for the log.
    pub fn note(&mut self, line: impl Into<String>) {
        self.lines.push(Line::Note(line.into()));
    }

    /// Adds violations as findings, in place of those that were told for the case that the phase is cut off.
    pub fn violations(&mut self, violations: impl IntoIterator<Item = Violation>) {
        self.if_cut_off.clear();
        let lines = violations.into_iter().map(Line::Violation);
        self.lines.extend(lines);
    }

    /// Adds rows of the checklist.
    pub fn rows(&mut self, rows: impl IntoIterator<Item = Check>) {
        self.lines.extend(rows.into_iter().map(Line::Row));
    }

    /// Adds violations that the phase will tell more about before it ends. They are findings only if it does not get
    /// that far.
    pub fn if_cut_off(&mut self, violations: impl IntoIterator<Item = Violation>) {
        self.if_cut_off.extend(violations);
    }

    /// The lines of a phase that has ended.
    pub(super) fn into_lines(self) -> Vec<Line> {
        self.lines
    }

    /// The lines of a phase that did not end.
    pub(super) fn into_lines_cut_off(self) -> Vec<Line> {
        let mut lines = self.lines;
        lines.extend(self.if_cut_off.into_iter().map(Line::Violation));
        lines
    }
}

/// The end of a phase: its verdict and why, and what was said with it.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseOutcome {
    pub verdict: Verdict,
    pub message: String,
    /// Whether a failure is a finding of the phase itself, whatever else was found in it.
    pub(super) judged: bool,
    pub(super) told: Told,
}

impl PhaseOutcome {
    /// A verdict and its message. A failure is a finding of the phase itself only if there is no other.
    pub fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            verdict,
            message: message.into(),
            judged: false,
            told: Told::default(),
        }
    }

    /// The same, where a failure is always a finding of the phase itself.
    pub fn judged(verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            judged: true,
            ..Self::new(verdict, message)
        }
    }

    /// With what is said at the end. A phase that says something and then waits says it to the recorder's `Told`.
    pub fn with(self, told: Told) -> Self {
        Self { told, ..self }
    }

    /// With these rows of the checklist.
    pub fn with_checks(mut self, checks: Vec<Check>) -> Self {
        self.told.rows(checks);
        self
    }
}

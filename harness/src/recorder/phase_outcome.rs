//! What a phase has shown, as it returns it. `Recorder::write` writes it down.

use kubeproof_contract::check::{Check, Verdict};

use crate::oracles::Violation;

/// What is said during a phase, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told(Vec<Line>);

/// One thing that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line for the log.
    Note(String),
    /// A finding.
    Violation(Violation),
}

impl Told {
    /// Adds a line for the log.
    pub fn note(&mut self, line: impl Into<String>) {
        self.0.push(Line::Note(line.into()));
    }

    /// Adds violations as findings.
    pub fn violations(&mut self, violations: impl IntoIterator<Item = Violation>) {
        self.0.extend(violations.into_iter().map(Line::Violation));
    }

    /// The lines in order.
    pub(super) fn into_lines(self) -> Vec<Line> {
        self.0
    }
}

/// The end of a phase: its verdict and why, and what was said before.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseOutcome {
    pub verdict: Verdict,
    pub message: String,
    /// Whether a failure is a finding of the phase itself, whatever else was found in it.
    pub(super) judged: bool,
    pub(super) told: Told,
    /// Rows of the checklist that were evaluated.
    pub(super) checks: Vec<Check>,
}

impl PhaseOutcome {
    /// A verdict and its message. A failure is a finding of the phase itself only if there is no other.
    pub fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            verdict,
            message: message.into(),
            judged: false,
            told: Told::default(),
            checks: Vec::new(),
        }
    }

    /// The same, where a failure is always a finding of the phase itself.
    pub fn judged(verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            judged: true,
            ..Self::new(verdict, message)
        }
    }

    /// With what was said before.
    pub fn with(self, told: Told) -> Self {
        Self { told, ..self }
    }

    /// With these rows of the checklist.
    pub fn with_checks(self, checks: Vec<Check>) -> Self {
        Self { checks, ..self }
    }
}

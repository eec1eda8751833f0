//! What each expectation demands: one table, which decisions, help and documentation share.
//!
//! Pure data. A trial without faults, with those of the command line, or with a forced failure of a scenario
//! file is a row; how an attempt ended is a column.

use std::fmt::Write as _;

use kubeproof_contract::scenario::Expectation;

use crate::trial::Expected;

/// What an ending means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// As it should be.
    Pass,
    /// As it should be; a new process tries again.
    Again,
    /// Violation.
    Fail,
    /// Violation, because the provisioner did not notice what was forced.
    Unnoticed,
}
use Means::{Again, Fail, Pass, Unnoticed};

impl Means {
    /// The text in the table.
    fn text(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Again => "pass, then a new process",
            Self::Fail | Self::Unnoticed => "fail",
        }
    }
}

/// What one expectation demands.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// The expectation.
    pub expected: Expected,
    /// Its name in tables.
    pub name: &'static str,
    /// The first attempt at provisioning, if it reports success.
    pub succeeds: Means,
    /// If it reports failure.
    pub fails: Means,
    /// If its process dies where a fault was injected.
    pub dies: Means,
    /// If its user interrupts it, as a fault asks for. Teardown follows.
    pub interrupted: Means,
    /// A teardown that reports success.
    pub torn_down: Means,
    /// A teardown that fails or dies, unless it is the last one.
    pub not_torn_down: Means,
}

const fn row(
    expected: Expected,
    name: &'static str,
    [succeeds, fails, dies, interrupted]: [Means; 4],
    [torn_down, not_torn_down]: [Means; 2],
) -> Demand {
    Demand {
        expected,
        name,
        succeeds,
        fails,
        dies,
        interrupted,
        torn_down,
        not_torn_down,
    }
}

/// The table.
#[rustfmt::skip]
pub const DEMANDS: &[Demand] = &[
    row(Expected::Clean, "no fault", [Pass, Fail, Fail, Fail], [Pass, Fail]),
    row(Expected::Recovers, "`--fault`", [Pass, Again, Again, Pass], [Pass, Again]),
    row(Expected::Persists, "`--fault` that lasts (`*1000`)", [Pass, Again, Again, Pass], [Pass, Again]),
    forced(Expectation::RetrySucceeds, "`retry-succeeds`", [Unnoticed, Again, Again, Fail], [Pass, Fail]),
    forced(Expectation::Survives, "`survives`", [Pass, Fail, Fail, Fail], [Pass, Fail]),
    forced(Expectation::TakenOver, "`taken-over`", [Fail, Fail, Again, Fail], [Pass, Again]),
    forced(Expectation::TeardownSucceeds, "`teardown-succeeds`", [Pass, Fail, Fail, Fail], [Pass, Again]),
    forced(Expectation::CleanedThenRetried, "`cleaned-then-retried`", [Unnoticed, Again, Again, Fail], [Pass, Fail]),
    forced(Expectation::JobFailsThenHealed, "`job-fails-then-healed`", [Pass, Fail, Fail, Fail], [Pass, Fail]),
    forced(Expectation::FinishesLater, "`finishes-later`", [Pass, Fail, Fail, Fail], [Fail, Pass]),
];

const fn forced(
    expectation: Expectation,
    name: &'static str,
    first: [Means; 4],
    teardown: [Means; 2],
) -> Demand {
    row(Expected::Forced(expectation), name, first, teardown)
}

/// The row of an expectation.
pub fn of(expected: Expected) -> &'static Demand {
    let found = DEMANDS.iter().find(|demand| demand.expected == expected);
    // The test below shows that none is missing; the first row is the strictest.
    found.unwrap_or(&DEMANDS[0])
}

/// What holds for every row.
pub const ALWAYS: &[&str] = &[
    "A fault that was not injected, or not as often as asked, makes the trial unknown, and so does one that \
     outlasts all attempts.",
    "Once the faults are over there must be a cluster, unless its user interrupted the provisioner: a new \
     process tries as often as faults are left to be injected (five times at most), and once more.",
    "A first attempt or a teardown that reports its failure says what it left behind, and all of it; one whose \
     process died cannot, and a program need not. The next process, or teardown, removes it.",
    "A teardown that reports success has left nothing: the account is checked before a second teardown can hide \
     anything. One that gives up at a single throttled call fails.",
    "What was left, and what was reported about it, is compared with the ground truth in rehearsal, and in the tiers \
     kind and live with a listing of the account between the attempts. If it cannot be listed, the trial is unknown.",
];

/// The table for documentation.
pub fn markdown() -> String {
    let mut text = String::from(
        "| expectation | first attempt succeeds | reports failure | dies | is interrupted | teardown \
         succeeds | teardown fails, not the last |\n|---|---|---|---|---|---|---|\n",
    );
    for demand in DEMANDS {
        let cells = [
            demand.succeeds,
            demand.fails,
            demand.dies,
            demand.interrupted,
            demand.torn_down,
            demand.not_torn_down,
        ]
        .map(Means::text);
        let _ = writeln!(text, "| {} | {} |", demand.name, cells.join(" | "));
    }
    text.push('\n');
    for sentence in ALWAYS {
        let _ = writeln!(text, "- {sentence}");
    }
    text
}

/// The table for `--help`: what passes under each expectation.
pub fn help() -> String {
    let mut text = String::from("What each expectation demands:\n");
    for demand in DEMANDS {
        let first = [
            ("succeeds", demand.succeeds),
            ("reports failure", demand.fails),
            ("dies", demand.dies),
            ("is interrupted", demand.interrupted),
        ];
        let passing: Vec<String> = first
            .iter()
            .filter_map(|(ending, means)| match means {
                Pass => Some((*ending).to_owned()),
                Again => Some(format!("{ending} and is tried again")),
                Fail | Unnoticed => None,
            })
            .collect();
        let teardown = match (demand.torn_down, demand.not_torn_down) {
            (Pass, Fail) => "succeeds",
            (Pass, _) => "succeeds in the end",
            _ => "fails while the fault lasts",
        };
        let _ = writeln!(
            text,
            "  {}\n      the first attempt {}; teardown {teardown}",
            demand.name.replace('`', ""),
            passing.join(", or ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expectation_has_its_row() {
        use Expectation::{
            CleanedThenRetried, FinishesLater, JobFailsThenHealed, RetrySucceeds, Survives,
            TakenOver, TeardownSucceeds,
        };
        let forced = [
            CleanedThenRetried,
            FinishesLater,
            JobFailsThenHealed,
            RetrySucceeds,
            Survives,
            TakenOver,
            TeardownSucceeds,
        ]
        .map(Expected::Forced);
        let plain = [Expected::Clean, Expected::Recovers, Expected::Persists];
        for expected in plain.into_iter().chain(forced) {
            assert_eq!(of(expected).expected, expected);
        }
        assert_eq!(DEMANDS.len(), 10);
    }

    #[test]
    fn the_documentation_has_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/README.md");
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(&markdown()), "{path} lacks:\n{}", markdown());
    }
}

//! Which cell of the matrix shows what: every phase, oracle and checklist row belongs to exactly one cell.
//!
//! The README prints this table, and a test of the harness requires an entry for every name in use.

use std::fmt;
use std::fmt::Write as _;

use crate::record::{Finding, Record};

/// A cell of a matrix row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// The cluster was created, once, and is as requested.
    Provisioning,
    /// The job ran.
    Execution,
    /// Forced partial failures were recovered from.
    Recovery,
    /// Everything is gone again, and nothing else is.
    Cleanup,
    /// It cost what it should.
    Cost,
}

impl Area {
    /// All cells, in the order of the columns.
    pub const ALL: [Self; 5] = [
        Self::Provisioning,
        Self::Execution,
        Self::Recovery,
        Self::Cleanup,
        Self::Cost,
    ];

    /// The phases that must pass for this cell to pass.
    pub fn required_phases(self) -> &'static [&'static str] {
        match self {
            Self::Provisioning => &["provision", "checks"],
            Self::Execution => &["run_job"],
            Self::Cleanup => &["teardown"],
            Self::Recovery | Self::Cost => &[],
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provisioning => "provisioning",
            Self::Execution => "execution",
            Self::Recovery => "recovery",
            Self::Cleanup => "cleanup",
            Self::Cost => "cost",
        })
    }
}

/// Names that are not in the tables count in this cell, so that they do not vanish.
const UNKNOWN_NAMES: Area = Area::Provisioning;

/// The cell of each phase.
pub const PHASES: &[(&str, Area)] = &[
    ("plan", Area::Provisioning),
    ("record", Area::Provisioning),
    ("preflight", Area::Provisioning),
    ("baseline", Area::Provisioning),
    ("intent", Area::Provisioning),
    ("provision", Area::Provisioning),
    ("retry", Area::Provisioning),
    ("recovery", Area::Provisioning),
    ("faults", Area::Provisioning),
    ("bystander", Area::Provisioning),
    ("access", Area::Provisioning),
    ("proxy", Area::Provisioning),
    ("ready", Area::Provisioning),
    ("checks", Area::Provisioning),
    ("converge", Area::Provisioning),
    ("stop", Area::Provisioning),
    ("run_job", Area::Execution),
    ("run_job_struck", Area::Execution),
    ("scale", Area::Execution),
    ("teardown", Area::Cleanup),
    ("teardown-again", Area::Cleanup),
    ("teardown-later", Area::Cleanup),
    ("teardown-retry", Area::Cleanup),
    ("bystander-teardown", Area::Cleanup),
    ("left", Area::Cleanup),
    ("audit", Area::Cleanup),
    ("audit-blind", Area::Cleanup),
    ("hold", Area::Cost),
    ("cost", Area::Cost),
];

/// The cell of each oracle. `None`: that of the phase in which it was found.
pub const ORACLES: &[(&str, Option<Area>)] = &[
    ("O1 orphans", Some(Area::Cleanup)),
    ("O2 duplicates", Some(Area::Provisioning)),
    ("O3 truth", None),
    ("O4 bill", Some(Area::Cost)),
    ("O5 ends", None),
    ("O6 bystanders", Some(Area::Cleanup)),
    ("O7 no-op", None),
    ("O8 end state", Some(Area::Provisioning)),
    ("audit looks", Some(Area::Cleanup)),
];

/// The cell of rows of the checklist, by their id without the provider's name. Rows that are not here are what
/// a provider evaluates of a cluster.
pub const ROWS: &[(&str, Area)] = &[
    ("job.execution", Area::Execution),
    (FAILURES_ROW, Area::Recovery),
    ("teardown", Area::Cleanup),
    ("audit.clean", Area::Cleanup),
    ("cost", Area::Cost),
];

/// The row for the trials of forced failures.
pub const FAILURES_ROW: &str = "partial_failure";

/// The cell of a phase, if it has one in the table.
pub fn known_phase(name: &str) -> Option<Area> {
    let found = PHASES.iter().find(|(known, _)| *known == name)?;
    Some(found.1)
}

/// The row of an oracle. Its number decides: records that were written before an oracle was renamed are read too.
fn oracle(name: &str) -> Option<&'static (&'static str, Option<Area>)> {
    let number = |name: &str| {
        let first = name.split(' ').next().unwrap_or_default().to_owned();
        let digits = first.strip_prefix('O').unwrap_or_default();
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(first)
    };
    ORACLES.iter().find(|(known, _)| {
        *known == name || number(known).is_some_and(|own| Some(own) == number(name))
    })
}

/// Whether findings may name this oracle or phase.
pub fn is_known(name: &str) -> bool {
    oracle(name).is_some() || known_phase(name).is_some()
}

/// The cell of a phase. An oracle that could not observe is a phase of its own name, in its own cell.
pub fn of_phase(name: &str) -> Area {
    let of_oracle = || oracle(name)?.1;
    known_phase(name)
        .or_else(of_oracle)
        .unwrap_or(UNKNOWN_NAMES)
}

/// The cell of a finding. If its oracle has no cell of its own and the phase is unknown, it counts in the first.
pub fn of_finding(finding: &Finding) -> Area {
    let name = finding.oracle.as_str();
    match oracle(name) {
        Some((_, Some(area))) => *area,
        Some((_, None)) => finding.phase.as_deref().map_or(UNKNOWN_NAMES, of_phase),
        None => of_phase(name),
    }
}

/// The cell of a row of the checklist.
pub fn of_check(provider: &str, id: &str) -> Area {
    let own = id
        .strip_prefix(provider)
        .and_then(|rest| rest.strip_prefix('.'));
    let name = own.unwrap_or(id);
    let found = ROWS.iter().find(|(known, _)| *known == name);
    found.map_or(UNKNOWN_NAMES, |(_, area)| *area)
}

/// Whether this row is about other trials than the record's own: only in the record of a main trial.
pub fn tells_of_failures(record: &Record, id: &str) -> bool {
    !record.scenario.contains('/') && of_check(&record.provider, id) == Area::Recovery
}

/// The tables as one, in Markdown, for the README.
pub fn table() -> String {
    let mut text =
        "| cell | phases | findings of | rows of the checklist |\n|---|---|---|---|\n".to_owned();
    for area in Area::ALL {
        let phases = listed(
            PHASES
                .iter()
                .filter(|(_, of)| *of == area)
                .map(|(name, _)| *name),
        );
        let oracles = ORACLES.iter().filter(|(_, of)| *of == Some(area));
        let oracles = listed(oracles.map(|(name, _)| *name));
        let mut rows = listed(
            ROWS.iter()
                .filter(|(_, of)| *of == area)
                .map(|(name, _)| *name),
        );
        if area == UNKNOWN_NAMES {
            "all others".clone_into(&mut rows);
        }
        let _ = writeln!(text, "| {area} | {phases} | {oracles} | {rows} |");
    }
    let by_phase = ORACLES.iter().filter(|(_, of)| of.is_none());
    let by_phase = listed(by_phase.map(|(name, _)| *name));
    let _ = writeln!(
        text,
        "| that of the phase in which it was found | | {by_phase} | |"
    );
    text
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn finding(oracle: &str, phase: Option<&str>) -> Finding {
        Finding {
            id: String::new(),
            oracle: oracle.to_owned(),
            message: String::new(),
            replay: String::new(),
            phase: phase.map(str::to_owned),
        }
    }

    #[test]
    fn the_readme_prints_these_tables() {
        let readme = include_str!("../README.md");
        let table = table();
        assert!(
            readme.contains(&table),
            "reports/README.md must hold:\n{table}"
        );
    }

    #[test]
    fn no_name_has_two_places() {
        let phases: BTreeSet<_> = PHASES.iter().map(|(name, _)| name).collect();
        let oracles: BTreeSet<_> = ORACLES.iter().map(|(name, _)| name).collect();
        assert_eq!((phases.len(), oracles.len()), (PHASES.len(), ORACLES.len()));
        assert_eq!(phases.intersection(&oracles).count(), 0);
        for area in Area::ALL {
            let required = area.required_phases().iter();
            assert!(
                required.clone().all(|name| of_phase(name) == area),
                "{area}"
            );
        }
    }

    #[test]
    fn some_oracles_belong_to_the_phase_in_which_they_found_it() {
        let check = |oracle: &str, phase: Option<&str>, expected: Area| {
            assert_eq!(
                of_finding(&finding(oracle, phase)),
                expected,
                "{oracle} {phase:?}"
            );
        };
        check("O7 no-op", Some("converge"), Area::Provisioning);
        check("O7 no-op", Some("teardown-again"), Area::Cleanup);
        check("O3 truth", Some("audit"), Area::Cleanup);
        check("O5 ends", Some("run_job"), Area::Execution);
        check("O5 ends", None, Area::Provisioning);
        // A phase that finds something itself, and one whose oracle has its own cell.
        check("scale", Some("scale"), Area::Execution);
        check("O6 bystanders", Some("provision"), Area::Cleanup);
        check("O6 by an older name", Some("provision"), Area::Cleanup);
        check("O20 of another tool", Some("teardown"), UNKNOWN_NAMES);
    }

    #[test]
    fn a_name_that_no_table_knows_spoils_a_cell_all_the_same() {
        assert_eq!(of_finding(&finding("O99 new", None)), Area::Provisioning);
        assert_eq!(of_phase("new"), Area::Provisioning);
        assert!(!is_known("O99 new") && is_known("O1 orphans") && is_known("checks"));
    }

    #[test]
    fn rows_are_known_with_the_name_of_their_provider() {
        assert_eq!(of_check("north", "north.cost"), Area::Cost);
        assert_eq!(of_check("north", "north.partial_failure"), Area::Recovery);
        assert_eq!(of_check("north", "audit.clean"), Area::Cleanup);
        assert_eq!(of_check("north", "south.cost"), Area::Provisioning);
        assert_eq!(of_check("north", "north.network"), Area::Provisioning);
    }
}

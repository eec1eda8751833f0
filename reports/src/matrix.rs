//! The matrix: one row per scenario, with the verdict and the tier of evidence in every cell.
//!
//! Apart from the formats, because the JSON carries it as data and the criteria are judged on it.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use serde::{Deserialize, Serialize};

use crate::record::{Audit, Phase, Record};
use crate::word::counted;

/// A cell: what was seen, and how strong the evidence is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The verdict.
    pub verdict: Verdict,
    /// Tier of its evidence.
    pub tier: Tier,
    /// Trials that passed and trials that were made, where a cell is about several: `6/6`. In the
    /// cost cell `free`, where nothing is billed.
    pub count: Option<String>,
    /// Why it is not a pass; empty when it is.
    pub message: String,
}

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixRow {
    /// Provider name.
    pub provider: String,
    /// Provider name for people.
    pub provider_title: String,
    /// Scenario name, without the part that names a failure.
    pub scenario: String,
    /// Preflight, provision and checks.
    pub provisioning: Cell,
    /// The job ran and its log was read back.
    pub execution: Cell,
    /// All forced partial failures.
    pub recovery: Cell,
    /// Teardown and audit of the main trial.
    pub cleanup: Cell,
    /// The cost comparison of the main trial.
    pub cost: Cell,
    /// Where the evidence comes from.
    pub evidence: Evidence,
}

/// Where the evidence of a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its tier.
    pub tier: Tier,
    /// Number of trials behind the row.
    pub trials: usize,
}

/// The trials of one scenario in one tier: the main one and the forced partial failures.
///
/// Tiers are never mixed in one group: a rehearsal cannot lend its verdict to a live row.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// Provider name.
    pub provider: &'a str,
    /// Scenario name, without the part that names a failure.
    pub scenario: &'a str,
    /// Tier of every trial in it.
    pub tier: Tier,
    /// Trials of the whole scenario; more than one when it ran with several seeds.
    pub main: Vec<&'a Record>,
    /// Trials of forced partial failures.
    pub failures: Vec<&'a Record>,
}

impl<'a> Group<'a> {
    /// Its trials in order of the report: the main ones first.
    pub fn records(&self) -> impl Iterator<Item = &'a Record> + '_ {
        self.main.iter().chain(&self.failures).copied()
    }
}

/// The name of the scenario that a trial belongs to, and of its forced failure, if it is one.
pub fn names(record: &Record) -> (&str, Option<&str>) {
    match record.scenario.split_once('/') {
        Some((base, failure)) => (base, Some(failure)),
        None => (&record.scenario, None),
    }
}

/// The records in groups, in the order in which each group first appears.
pub fn groups(records: &[Record]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for record in records {
        let (scenario, failure) = names(record);
        let found = groups.iter().position(|group| {
            group.provider == record.provider
                && group.scenario == scenario
                && group.tier == record.tier
        });
        let index = found.unwrap_or_else(|| {
            groups.push(Group {
                provider: &record.provider,
                scenario,
                tier: record.tier,
                main: Vec::new(),
                failures: Vec::new(),
            });
            groups.len() - 1
        });
        match failure {
            None => groups[index].main.push(record),
            Some(_) => groups[index].failures.push(record),
        }
    }
    groups
}

/// The matrix of the records.
pub fn matrix(records: &[Record]) -> Vec<MatrixRow> {
    groups(records).iter().map(row).collect()
}

fn row(group: &Group<'_>) -> MatrixRow {
    let of_main =
        |judge: fn(&Record) -> Judged| cell(group.tier, group.main.iter().copied(), judge);
    MatrixRow {
        provider: group.provider.to_owned(),
        provider_title: group.records().next().map_or_else(
            || group.provider.to_owned(),
            |record| record.provider_title.clone(),
        ),
        scenario: group.scenario.to_owned(),
        provisioning: of_main(provisioning),
        execution: of_main(execution),
        recovery: recovery(group),
        cleanup: of_main(cleanup),
        cost: cost_cell(group),
        evidence: Evidence {
            tier: group.tier,
            trials: group.records().count(),
        },
    }
}

/// The cost of the main trials; that nothing is billed is not said as if something were left out.
fn cost_cell(group: &Group<'_>) -> Cell {
    let mut cell = cell(group.tier, group.main.iter().copied(), cost);
    if !group.main.is_empty() && group.main.iter().all(|record| record.cost.free) {
        cell.count = Some("free".to_owned());
    }
    cell
}

/// A verdict and why.
pub type Judged = (Verdict, String);

fn cell<'a>(
    tier: Tier,
    records: impl Iterator<Item = &'a Record>,
    judge: fn(&Record) -> Judged,
) -> Cell {
    let judged: Vec<Judged> = records.map(judge).collect();
    let verdict = Verdict::of_all(judged.iter().map(|(verdict, _)| *verdict));
    let message = match judged.iter().find(|(each, _)| *each == verdict) {
        None => "the main trial of the scenario is not among the records".to_owned(),
        Some(_) if verdict == Verdict::Pass => String::new(),
        Some((_, message)) => message.clone(),
    };
    Cell {
        verdict,
        tier,
        count: None,
        message,
    }
}

fn recovery(group: &Group<'_>) -> Cell {
    let total = group.failures.len();
    if total == 0 {
        let message = "no forced partial failure among the records".to_owned();
        return Cell {
            verdict: Verdict::Skipped,
            tier: group.tier,
            count: None,
            message,
        };
    }
    let judged: Vec<Judged> = group
        .failures
        .iter()
        .map(|record| recovered(record))
        .collect();
    let passed = judged
        .iter()
        .filter(|(verdict, _)| *verdict == Verdict::Pass)
        .count();
    let mut cell = cell(group.tier, group.failures.iter().copied(), recovered);
    cell.count = Some(format!("{passed}/{total}"));
    if cell.verdict == Verdict::Pass && passed < total {
        cell.message = format!("{} not run", total - passed);
    }
    cell
}

/// Provisioning of one trial: preflight, provision and checks. A forced failure is a phase that passed, and
/// proves no provisioning: without checks there was nothing to check.
pub fn provisioning(record: &Record) -> Judged {
    let judged = of_phases(
        record,
        &["provision", "checks"],
        &["preflight", "baseline", "ready", "retry"],
    );
    let attempted = record.phases.iter().any(|phase| phase.name == "provision");
    let checked = record.phases.iter().any(|phase| phase.name == "checks");
    match judged.0 {
        Verdict::Skipped if attempted && !checked => (
            Verdict::Skipped,
            "no attempt at it succeeded, as was forced".to_owned(),
        ),
        _ => judged,
    }
}

/// Execution of one trial: the job ran.
pub fn execution(record: &Record) -> Judged {
    of_phases(record, &["run_job"], &[])
}

/// Clean-up of one trial: teardown succeeded and the audit found the account as it was.
pub fn cleanup(record: &Record) -> Judged {
    both(
        of_phases(record, &["teardown"], &[]),
        audited(&record.audit),
    )
}

/// The audit's verdict, unless its own evidence does not bear it out: then what the evidence says.
pub fn audited(audit: &Audit) -> Judged {
    let seen = &audit.coverage;
    let complete = seen.cells > 0 && seen.listed >= seen.cells && seen.failed.is_empty();
    let verdict = match audit.verdict {
        Verdict::Pass if !audit.orphans.is_empty() => Verdict::Fail,
        Verdict::Pass if !complete => Verdict::Unknown,
        verdict => verdict,
    };
    let mut message = format!(
        "audit: {}, {}/{} cells",
        counted(audit.orphans.len(), "orphan"),
        seen.listed,
        seen.cells
    );
    if let Some(orphan) = audit.orphans.first() {
        message = format!("{message}: {} {}", orphan.resource_type, orphan.id);
    } else if let Some(failed) = seen.failed.first() {
        message = format!("{message}: {failed}");
    }
    (verdict, message)
}

/// Cost of one trial.
pub fn cost(record: &Record) -> Judged {
    (record.cost.verdict, record.cost.message.clone())
}

/// The verdict of a whole trial: its own, unless it is a pass that its audit, cost or checks do not
/// bear out; then what the worst of them says.
pub fn trial(record: &Record) -> Judged {
    let reason = record
        .findings
        .first()
        .map(|finding| finding.message.clone());
    if record.verdict != Verdict::Pass {
        return (record.verdict, reason.unwrap_or_default());
    }
    let checks = record.checks.iter().map(|check| {
        let message = format!("{}: {}", check.id, check.evidence);
        (check.verdict, message)
    });
    let parts: Vec<Judged> = [audited(&record.audit), cost(record)]
        .into_iter()
        .chain(checks)
        .collect();
    let own = (Verdict::Pass, String::new());
    parts
        .into_iter()
        .filter(|(verdict, _)| *verdict != Verdict::Skipped)
        .fold(own, both)
}

/// The verdict under which a trial is counted: [`recovered`] for one of a forced failure, else
/// [`trial`].
pub fn whole(record: &Record) -> Judged {
    if names(record).1.is_some() {
        recovered(record)
    } else {
        trial(record)
    }
}

/// Recovery in the trial of one forced failure: its verdict, unless its faults struck nothing.
pub fn recovered(record: &Record) -> Judged {
    let name = names(record).1.unwrap_or(&record.scenario);
    let hollow = !record.faults.is_empty() && record.faults.iter().all(|fault| fault.struck == 0);
    match trial(record) {
        (Verdict::Pass, _) if hollow => {
            let message = format!("{name}: the fault struck no call, which proves nothing");
            (Verdict::Unknown, message)
        }
        (verdict, message) if message.is_empty() => (verdict, name.to_owned()),
        (verdict, message) => (verdict, format!("{name}: {message}")),
    }
}

/// The verdict of phases: those that `must` have run decide a pass; the others can only spoil it.
fn of_phases(record: &Record, must: &[&str], others: &[&str]) -> Judged {
    let required = must
        .iter()
        .fold((Verdict::Pass, String::new()), |judged, name| {
            let seen = of_phase(record, name);
            both(
                judged,
                seen.unwrap_or_else(|| (Verdict::Skipped, format!("no {name} phase"))),
            )
        });
    others
        .iter()
        .filter_map(|name| of_phase(record, name))
        .filter(|(verdict, _)| *verdict != Verdict::Skipped)
        .fold(required, both)
}

fn of_phase(record: &Record, name: &str) -> Option<Judged> {
    let named: Vec<&Phase> = record
        .phases
        .iter()
        .filter(|phase| phase.name == name)
        .collect();
    let verdict = Verdict::of_all(named.iter().map(|phase| phase.verdict));
    let phase = named.into_iter().find(|phase| phase.verdict == verdict)?;
    Some((verdict, format!("{}: {}", phase.name, phase.message)))
}

/// Two things that must both hold: unlike in [`Verdict::of_all`], one skipped leaves no pass.
fn both(one: Judged, other: Judged) -> Judged {
    let rank = |verdict: Verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::Skipped => 1,
        Verdict::Pending => 2,
        Verdict::Unknown => 3,
        Verdict::Fail => 4,
    };
    if rank(other.0) > rank(one.0) {
        other
    } else {
        one
    }
}

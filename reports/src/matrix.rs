//! The matrix: one row per scenario, with the verdict and the tier of evidence in every cell.
//!
//! `cells` says which cell shows what, and `judge` what a cell says about one trial.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::Area;
use crate::judge::{self, Judged};
use crate::record::Record;

/// A cell: the verdict, and how strong its evidence is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MatrixRow {
    /// Provider name.
    pub provider: String,
    /// Provider name for people.
    pub provider_title: String,
    /// Scenario name, without the part that names a failure.
    pub scenario: String,
    /// The cluster was created, once, and is as requested.
    pub provisioning: Cell,
    /// The job ran and its log was read back.
    pub execution: Cell,
    /// All forced partial failures.
    pub recovery: Cell,
    /// Teardown and audit of the main trials.
    pub cleanup: Cell,
    /// The cost comparison of the main trials.
    pub cost: Cell,
    /// Where the evidence comes from.
    pub evidence: Evidence,
}

/// Where the evidence of a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Its tier.
    pub tier: Tier,
    /// Number of trials behind the row.
    pub trials: usize,
    /// Whether it is verified: live trials, all of which passed and were attested by a person.
    #[serde(default)]
    pub verified: bool,
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

/// The records in groups, in the order in which each group first appears.
pub fn groups(records: &[Record]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for record in records {
        let (scenario, failure) = judge::names(record);
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
    MatrixRow {
        provider: group.provider.to_owned(),
        provider_title: group.records().next().map_or_else(
            || group.provider.to_owned(),
            |record| record.provider_title.clone(),
        ),
        scenario: group.scenario.to_owned(),
        provisioning: of_main(group, Area::Provisioning),
        execution: of_main(group, Area::Execution),
        recovery: recovery(group),
        cleanup: of_main(group, Area::Cleanup),
        cost: cost_cell(group),
        evidence: Evidence {
            tier: group.tier,
            trials: group.records().count(),
            verified: is_verified(group),
        },
    }
}

/// Whether all trials of a row are live, passed, and were attested. A row without its main trial proves nothing.
fn is_verified(group: &Group<'_>) -> bool {
    let attested = |record: &Record| record.attested && judge::trial(record).0 == Verdict::Pass;
    group.tier == Tier::Live && !group.main.is_empty() && group.records().all(attested)
}

/// The cost of the main trials; that nothing is billed is not reported as something left out.
fn cost_cell(group: &Group<'_>) -> Cell {
    let mut cell = of_main(group, Area::Cost);
    let free = |record: &&Record| record.cost.free;
    if cell.verdict == Verdict::Skipped && !group.main.is_empty() && group.main.iter().all(free) {
        cell.count = Some("free".to_owned());
    }
    cell
}

/// What the main trials show in a cell. All of them must pass; a skipped one is not enough.
fn of_main(group: &Group<'_>, area: Area) -> Cell {
    let judged: Vec<Judged> = group
        .main
        .iter()
        .map(|record| judge::area(record, area))
        .collect();
    let count = (judged.len() > 1).then(|| format!("{}/{}", passed(&judged), judged.len()));
    let whole = judged.into_iter().reduce(judge::both);
    let (verdict, message) = whole.unwrap_or_else(|| {
        let none = "the main trial of the scenario is not among the records";
        (Verdict::Skipped, none.to_owned())
    });
    Cell {
        verdict,
        tier: group.tier,
        count,
        message: if verdict == Verdict::Pass {
            String::new()
        } else {
            message
        },
    }
}

/// What the trials of forced failures show; the main trials can add failures whose records are missing, which keeps it
/// from passing.
fn recovery(group: &Group<'_>) -> Cell {
    let judged: Vec<Judged> = group
        .failures
        .iter()
        .map(|record| judge::named_trial(record))
        .collect();
    let told = group.main.iter();
    let told = told.filter_map(|record| judge::told_of_failures(record));
    let all: Vec<Judged> = judged.iter().cloned().chain(told).collect();
    let verdict = Verdict::of_all(all.iter().map(|(verdict, _)| *verdict));
    let why = all.into_iter().find(|(each, _)| *each == verdict);
    let message = match (verdict, why) {
        (_, None) => "no forced partial failure among the records".to_owned(),
        (Verdict::Pass, _) => not_run(&judged),
        (_, Some((_, message))) => message,
    };
    let total = judged.len();
    Cell {
        verdict,
        tier: group.tier,
        count: (total > 0).then(|| format!("{}/{total}", passed(&judged))),
        message,
    }
}

/// How many trials were left out, and why the first of them was.
fn not_run(judged: &[Judged]) -> String {
    let mut skipped = judged.iter().filter(|(each, _)| *each == Verdict::Skipped);
    match (skipped.clone().count(), skipped.next()) {
        (0, _) | (_, None) => String::new(),
        (count, Some((_, why))) => format!("{count} skipped: {why}"),
    }
}

fn passed(judged: &[Judged]) -> usize {
    let pass = |judged: &&Judged| judged.0 == Verdict::Pass;
    judged.iter().filter(pass).count()
}

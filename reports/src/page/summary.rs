//! The first part of a report: the matrix and the success criteria.

use std::collections::BTreeMap;

use crate::criteria::criteria as judged;
use crate::finding_id;
use crate::judge;
use crate::matrix::{self, Evidence, MatrixRow};
use crate::page::{Block, Cell, Column, Grid, Section};
use crate::record::Record;
use crate::word::{VERDICTS, clean, counted, word};

/// The matrix, with the reason of every cell that is not a pass below it.
pub fn matrix(rows: &[MatrixRow], records: &[Record]) -> Section {
    let columns = vec![
        Column::long("Provider"),
        Column::left("Provisioning"),
        Column::left("Execution"),
        Column::left("Recovery"),
        Column::left("Cleanup"),
        Column::left("Cost"),
        Column::left("Evidence"),
    ];
    let grid = Grid {
        title: "",
        columns,
        rows: rows.iter().map(row).collect(),
    };
    let mut blocks = vec![Block::Line(counts(records)), Block::Grid(grid)];
    blocks.extend(rows.iter().flat_map(reasons));
    Section {
        title: "Matrix".to_owned(),
        verdict: None,
        blocks,
    }
}

/// What is wrong and the scenarios accept, if there is anything: shown in every report, whatever passed.
pub fn allowed(records: &[Record]) -> Option<Section> {
    let each = records
        .iter()
        .flat_map(|record| record.allowed.iter().map(move |one| (record, one)));
    let blocks: Vec<Block> = each
        .map(|(record, one)| {
            let finding = &one.finding;
            let title = format!("{}: {}", record.scenario, finding.oracle);
            let title = finding_id::titled(&finding.id, &title);
            let words = one.permission.words();
            Block::Line(clean(&format!("{title}: {}; {words}", finding.message)))
        })
        .collect();
    (!blocks.is_empty()).then(|| Section {
        title: format!("Allowed by the scenario: {}", blocks.len()),
        verdict: None,
        blocks,
    })
}

fn row(row: &MatrixRow) -> Vec<Cell> {
    let mut cells = vec![Cell::pair(&row.provider_title, &row.scenario)];
    cells.extend(named(row).map(|(_, cell)| Cell::Verdict {
        verdict: cell.verdict,
        count: cell.count.clone().unwrap_or_default(),
        tier: cell.tier.to_string(),
    }));
    let Evidence {
        tier,
        trials,
        verified,
    } = row.evidence;
    let tier = if verified {
        format!("{tier}, verified")
    } else {
        tier.to_string()
    };
    cells.push(Cell::pair(tier, counted(trials, "trial")));
    cells
}

fn named(row: &MatrixRow) -> [(&'static str, &matrix::Cell); 5] {
    [
        ("provisioning", &row.provisioning),
        ("execution", &row.execution),
        ("recovery", &row.recovery),
        ("cleanup", &row.cleanup),
        ("cost", &row.cost),
    ]
}

fn reasons(row: &MatrixRow) -> Vec<Block> {
    named(row)
        .into_iter()
        .filter(|(_, cell)| !cell.message.is_empty())
        .map(|(name, cell)| {
            let text = format!(
                "{}, {name} {}: {}",
                row.scenario, cell.verdict, cell.message
            );
            Block::Line(clean(&text))
        })
        .collect()
}

/// How many trials there are, by verdict.
pub fn counts(records: &[Record]) -> String {
    let mut of: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        *of.entry(word(judge::trial(record).0)).or_default() += 1;
    }
    let each: Vec<String> = VERDICTS
        .into_iter()
        .filter_map(|verdict| {
            of.get(&word(verdict))
                .map(|n| format!("{n} {}", word(verdict)))
        })
        .collect();
    if each.is_empty() {
        "No trials.".to_owned()
    } else {
        format!("{}: {}", counted(records.len(), "trial"), each.join(", "))
    }
}

/// The success criteria.
pub fn criteria(records: &[Record]) -> Section {
    let columns = vec![
        Column::right("#"),
        Column::left("Verdict"),
        Column::left("Verified"),
        Column::long("Criterion"),
        Column::long("Evidence"),
    ];
    let judged = judged(records);
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for criterion in judged
        .iter()
        .filter(|criterion| !criterion.missing.is_empty())
    {
        missing
            .entry(&criterion.missing)
            .or_default()
            .push(criterion.number.to_string());
    }
    let missing = missing.into_iter().map(|(missing, numbers)| {
        Block::Line(clean(&format!(
            "Not verified ({}): {missing}.",
            numbers.join(", ")
        )))
    });
    let rows = judged
        .iter()
        .map(|criterion| {
            vec![
                Cell::text(criterion.number.to_string()),
                Cell::Verdict {
                    verdict: criterion.verdict,
                    count: String::new(),
                    tier: criterion
                        .tier
                        .map(|tier| tier.to_string())
                        .unwrap_or_default(),
                },
                Cell::text(if criterion.verified { "yes" } else { "no" }),
                Cell::text(&criterion.title),
                Cell::text(&criterion.message),
            ]
        })
        .collect();
    let mut blocks = vec![Block::Grid(Grid {
        title: "",
        columns,
        rows,
    })];
    blocks.extend(missing);
    Section {
        title: "Success criteria".to_owned(),
        verdict: None,
        blocks,
    }
}

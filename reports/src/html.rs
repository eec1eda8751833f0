//! The report as one HTML page that needs no other file and no network. It is complete without its script, which only
//! filters, folds and copies.

use kubeproof_contract::check::Verdict;

use self::document::{Document, Part, document};
use self::findings::open;
use crate::causes::{self, Cause};
use crate::judge;
use crate::matrix::{self, Group, groups};
use crate::page::summary;
use crate::record::Record;
use crate::word::counted;

mod campaign;
mod cost;
mod document;
mod element;
mod findings;
mod matrix_table;
mod trial;

pub(crate) use self::campaign::render as of_campaign;

/// How many scenarios the title names.
const NAMED: usize = 2;

/// The records as a page.
pub fn render(records: &[Record]) -> String {
    let causes = causes::of_records(records);
    let groups = groups(records);
    let section = summary::matrix(&matrix::matrix(records), records);
    let mut parts = vec![
        found(records, &causes),
        Part {
            id: "matrix".to_owned(),
            title: "Matrix".to_owned(),
            verdict: None,
            filtered: false,
            content: matrix_table::matrix(records, &section),
        },
    ];
    let allowed = summary::allowed(records);
    parts.extend(allowed.map(|section| Part {
        id: "allowed".to_owned(),
        title: section.title.clone(),
        verdict: None,
        filtered: false,
        content: section.blocks.iter().map(element::block).collect(),
    }));
    let each = groups.iter().enumerate();
    parts.extend(each.flat_map(|(index, group)| of_group(records, index + 1, group)));
    let is_real = records.iter().any(|record| record.clock != "virtual");
    let clock = if is_real { "" } else { " (virtual clock)" };
    let last = records.iter().map(|record| record.finished_at).max();
    document(&Document {
        verdict: judge::all(records),
        subject: subject(&groups),
        date: last.map(|at| format!("{}{clock}", at.strftime("%Y-%m-%d %H:%M UTC"))),
        findings: counted(
            records.iter().map(|record| record.findings.len()).sum(),
            "finding",
        ),
        summary: summary::counts(records),
        parts,
    })
}

/// The names of the scenarios, as many as a title can hold: of those that did not pass, if there are any.
fn subject(groups: &[Group<'_>]) -> String {
    let is_passed = |group: &&Group<'_>| {
        let trials = group.records().map(|record| judge::trial(record).0);
        matches!(Verdict::of_all(trials), Verdict::Pass | Verdict::Skipped)
    };
    let (passed, others): (Vec<&Group<'_>>, Vec<_>) = groups.iter().partition(is_passed);
    let named = if others.is_empty() { passed } else { others };
    let names: Vec<&str> = named.iter().take(NAMED).map(|it| it.scenario).collect();
    let names = names.join(", ");
    match named.len() {
        0 => "no trials".to_owned(),
        all if all > NAMED => format!("{names} and {} more", all - NAMED),
        _ => names,
    }
}

/// The causes of findings, then what could not be determined.
fn found(records: &[Record], causes: &[Cause]) -> Part {
    let each = records.iter().enumerate();
    let undetermined: String = each
        .filter_map(|(index, record)| {
            let (verdict, message) = judge::trial(record);
            let is_open =
                record.findings.is_empty() && !matches!(verdict, Verdict::Pass | Verdict::Skipped);
            let href = format!("#trial-{}", index + 1);
            let title = format!("{} is {verdict}", record.scenario);
            is_open.then(|| open(&title, Some(&href), &message))
        })
        .collect();
    findings::part(causes, &undetermined)
}

/// The main trials of a scenario, and its forced failures.
fn of_group(records: &[Record], index: usize, group: &Group<'_>) -> Vec<Part> {
    let mains = group.main.iter().filter_map(|record| {
        let id = format!("trial-{}", matrix_table::number(records, record)?);
        Some(Part {
            title: format!(
                "{} ({}, {}, {})",
                record.scenario, record.provider_title, record.provisioner, record.tier
            ),
            verdict: Some(judge::trial(record).0),
            filtered: true,
            content: trial::evidence(record, &id, trial::OF_PART),
            id,
        })
    });
    let mut parts: Vec<Part> = mains.collect();
    if !group.failures.is_empty() {
        let judged = group.failures.iter().map(|record| judge::trial(record).0);
        parts.push(Part {
            id: format!("failures-{index}"),
            title: format!(
                "{}: forced partial failures ({})",
                group.scenario, group.tier
            ),
            verdict: Some(Verdict::of_all(judged)),
            filtered: true,
            content: trial::failures(records, group),
        });
    }
    parts
}

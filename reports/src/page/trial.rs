//! The part of a report about one scenario: its main trial, then its forced failures.

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;

use crate::cells::Area;
use crate::finding_id;
use crate::judge;
use crate::matrix::Group;
use crate::money::{milliseconds, seconds, usd};
use crate::page::{Block, Cell, Column, Grid, Section, cost};
use crate::record::{Finding, Orphan, Record};
use crate::word::{clean, printable, word};

/// Characters of the journal's hash that are shown; the record has all of them.
const HASH_CHARACTERS: usize = 12;

/// The section of a main trial.
pub fn section(record: &Record) -> Section {
    let title = format!(
        "{} ({}, {}, {})",
        record.scenario, record.provider_title, record.provisioner, record.tier
    );
    let mut blocks = vec![Block::Facts(facts(record))];
    blocks.extend(phases(record).map(Block::Grid));
    blocks.extend(checks(record).map(Block::Grid));
    blocks.extend(cost::blocks(record));
    blocks.extend(orphans(std::iter::once(record)).map(Block::Grid));
    blocks.extend(touched(std::iter::once(record)).map(Block::Grid));
    blocks.extend(
        record
            .audit
            .coverage
            .failed
            .iter()
            .map(|cell| not_listed(record, cell)),
    );
    blocks.extend(record.findings.iter().map(|finding| wrong(record, finding)));
    Section {
        title: clean(&title),
        verdict: Some(judge::trial(record).0),
        blocks,
    }
}

/// The section of the forced partial failures of a scenario.
pub fn failures(group: &Group<'_>) -> Section {
    let judged = group.failures.iter().map(|record| judge::trial(record).0);
    let mut blocks = vec![Block::Grid(failure_grid(group))];
    blocks.extend(orphans(group.failures.iter().copied()).map(Block::Grid));
    blocks.extend(touched(group.failures.iter().copied()).map(Block::Grid));
    for record in &group.failures {
        blocks.extend(
            record
                .audit
                .coverage
                .failed
                .iter()
                .map(|cell| not_listed(record, cell)),
        );
        blocks.extend(record.findings.iter().map(|finding| wrong(record, finding)));
    }
    Section {
        title: clean(&format!(
            "{}: forced partial failures ({})",
            group.scenario, group.tier
        )),
        verdict: Some(Verdict::of_all(judged)),
        blocks,
    }
}

/// What is known of a trial: times, calls, faults.
pub fn facts(record: &Record) -> Vec<(&'static str, String)> {
    let ready = record.ready.as_ref().map_or_else(
        || "never".to_owned(),
        |ready| {
            let floor = ready
                .floor_seconds
                .map(|floor| format!(", the cloud's own floor is {}", seconds(floor)));
            let chain = ready.chain.as_ref().map(|chain| format!(": {chain}"));
            format!(
                "after {}{}{}",
                seconds(ready.seconds),
                floor.unwrap_or_default(),
                chain.unwrap_or_default()
            )
        },
    );
    let mut facts = vec![
        ("ready", ready),
        (
            "time",
            format!(
                "{} ({} clock) in {} real",
                seconds(record.seconds),
                record.clock,
                milliseconds(record.elapsed_milliseconds)
            ),
        ),
        (
            "calls",
            format!("{}, journal {}", record.calls, short(&record.journal_hash)),
        ),
        ("run", format!("{}, seed {}", record.run_id, record.seed)),
        (
            "audit",
            format!(
                "{}, {}",
                word(judge::audited(&record.audit).0),
                judge::counts(&record.audit)
            ),
        ),
    ];
    for stays in &record.audit.stays {
        facts.push(("stays", stays.clone()));
    }
    for fault in &record.faults {
        facts.push((
            "fault",
            format!(
                "{}, injected {} of {}",
                fault.fault, fault.injected, fault.seen
            ),
        ));
    }
    facts
        .into_iter()
        .map(|(label, text)| (label, clean(&text)))
        .collect()
}

fn short(hash: &str) -> String {
    hash.chars().take(HASH_CHARACTERS).collect()
}

/// The phases, if there are any.
pub fn phases(record: &Record) -> Option<Grid> {
    let columns = vec![
        Column::left("Phase"),
        Column::left("Verdict"),
        Column::right("Time"),
        Column::right("Calls"),
        Column::long("Message"),
    ];
    let rows: Vec<_> = record
        .phases
        .iter()
        .map(|phase| {
            vec![
                Cell::text(&phase.name),
                Cell::verdict(phase.verdict),
                Cell::text(seconds(phase.seconds)),
                Cell::text(phase.calls.to_string()),
                Cell::text(&phase.message),
            ]
        })
        .collect();
    (!rows.is_empty()).then_some(Grid {
        title: "Phases",
        columns,
        rows,
    })
}

/// The rows of the checklist, if there are any.
pub fn checks(record: &Record) -> Option<Grid> {
    let columns = vec![
        Column::left("Check"),
        Column::left("Verdict"),
        Column::long("Evidence"),
    ];
    let rows: Vec<_> = record
        .checks
        .iter()
        .map(|check| {
            vec![
                Cell::text(&check.id),
                Cell::verdict(check.verdict),
                Cell::text(&check.evidence),
            ]
        })
        .collect();
    (!rows.is_empty()).then_some(Grid {
        title: "Checks",
        columns,
        rows,
    })
}

fn failure_grid(group: &Group<'_>) -> Grid {
    let columns = vec![
        Column::left("Failure"),
        Column::left("Recovery"),
        Column::left("Cleanup"),
        Column::right("Audited"),
        Column::right("Injected"),
        Column::long("Fault"),
    ];
    let rows = group
        .failures
        .iter()
        .map(|record| {
            let coverage = &record.audit.coverage;
            let injected: Vec<String> = record
                .faults
                .iter()
                .map(|fault| format!("{}/{}", fault.injected, fault.seen))
                .collect();
            let faults: Vec<&str> = record
                .faults
                .iter()
                .map(|fault| fault.fault.as_str())
                .collect();
            vec![
                Cell::text(judge::names(record).1.unwrap_or_default()),
                Cell::verdict(judge::trial(record).0),
                Cell::verdict(judge::area(record, Area::Cleanup).0),
                Cell::text(format!("{}/{}", coverage.listed, coverage.cells)),
                Cell::text(injected.join(", ")),
                Cell::text(faults.join(", ")),
            ]
        })
        .collect();
    Grid {
        title: "",
        columns,
        rows,
    }
}

/// What outlived its run, if anything did.
pub fn orphans<'a>(records: impl Iterator<Item = &'a Record>) -> Option<Grid> {
    let columns = vec![
        Column::left("Orphan"),
        Column::left("Id"),
        Column::left("Region"),
        Column::right("$/month"),
        Column::long("Proof"),
    ];
    let rows: Vec<_> = records
        .flat_map(|record| &record.audit.orphans)
        .map(|orphan| {
            vec![
                Cell::text(&orphan.resource_type),
                Cell::text(id_and_name(&orphan.id, orphan.name.as_deref())),
                Cell::text(&orphan.region),
                Cell::text(month(orphan.monthly_cost_usd)),
                Cell::text(words_on(orphan)),
            ]
        })
        .collect();
    (!rows.is_empty()).then_some(Grid {
        title: "Orphans",
        columns,
        rows,
    })
}

/// Why an orphan is the run's, and what it would start.
fn words_on(orphan: &Orphan) -> String {
    let starts = orphan.starts_when_used.iter();
    let all: Vec<&str> = orphan
        .proofs
        .iter()
        .chain(starts)
        .map(String::as_str)
        .collect();
    all.join("; ")
}

/// What was somebody else's and is missing or changed.
pub fn touched<'a>(records: impl Iterator<Item = &'a Record>) -> Option<Grid> {
    let columns = vec![
        Column::left("Not the run's"),
        Column::left("Id"),
        Column::left("Region"),
        Column::right("$/month"),
        Column::long("What became of it"),
    ];
    let all = records.flat_map(|record| record.audit.missing.iter().chain(&record.audit.changed));
    let rows: Vec<_> = all
        .map(|one| {
            vec![
                Cell::text(&one.resource_type),
                Cell::text(id_and_name(&one.id, one.name.as_deref())),
                Cell::text(&one.region),
                Cell::text(month(one.monthly_cost_usd)),
                Cell::text(&one.why),
            ]
        })
        .collect();
    (!rows.is_empty()).then_some(Grid {
        title: "Missing or changed",
        columns,
        rows,
    })
}

fn id_and_name(id: &str, name: Option<&str>) -> String {
    let name = name.map(|name| format!(" ({name})"));
    format!("{id}{}", name.unwrap_or_default())
}

fn month(usd_a_month: Option<Decimal>) -> String {
    usd_a_month.map_or_else(|| "no price".to_owned(), usd)
}

fn not_listed(record: &Record, cell: &str) -> Block {
    Block::Line(clean(&format!("{}: not listed: {cell}", record.scenario)))
}

fn wrong(record: &Record, finding: &Finding) -> Block {
    Block::Finding {
        title: clean(&finding_id::titled(
            &finding.id,
            &format!("{}: {}", record.scenario, finding.oracle),
        )),
        message: clean(&finding.message),
        replay: printable(&finding.replay),
    }
}

//! The evidence of a trial: timeline, phases, checks, audit and cost; and the forced failures of a scenario.

use std::fmt::Write as _;

use kubeproof_contract::check::Verdict;

use super::cost;
use super::element::{block, details, facts, grid, percent, text, verdict};
use super::matrix_table::number;
use crate::judge;
use crate::matrix::Group;
use crate::money::seconds;
use crate::page::{Block, trial};
use crate::record::{Coverage, Record};
use crate::timeline::{self, Bar, Mark};

/// The most cells of an audit that are drawn; there are fewer in every cloud that we know.
const SQUARES_MAX: u64 = 4_000;

/// The tags of headings in the evidence of a trial.
#[derive(Clone, Copy)]
pub struct Headings {
    own: &'static str,
    below: &'static str,
}

/// Below the heading of a part.
pub const OF_PART: Headings = Headings {
    own: "h3",
    below: "h4",
};
/// Below the heading of a forced failure.
const OF_FAILURE: Headings = Headings {
    own: "h4",
    below: "h5",
};

/// The evidence of a trial, folded if it passed. `id` is its anchor.
pub fn evidence(record: &Record, id: &str, headings: Headings) -> String {
    let own = headings.own;
    let mut html = facts(&trial::facts(record));
    html.push_str(&timeline(record, id, own));
    if let Some(phases) = trial::phases(record) {
        html.push_str(&anchored(id, "phases", &grid(&phases, own)));
    }
    if let Some(checks) = trial::checks(record) {
        html.push_str(&anchored(id, "checks", &grid(&checks, own)));
    }
    html.push_str(&anchored(id, "audit", &audit(record, headings)));
    html.push_str(&anchored(id, "cost", &cost::cost(record, own)));
    let passed = judge::trial(record).0 == Verdict::Pass;
    details("Evidence of this trial", !passed, &html)
}

fn anchored(id: &str, part: &str, content: &str) -> String {
    format!("<div id=\"{id}-{part}\">\n{content}</div>\n")
}

/// Phases, waits and faults over time, each with its times as text.
fn timeline(record: &Record, id: &str, heading: &str) -> String {
    let line = timeline::of(record);
    if line.phases.is_empty() || line.seconds == 0 {
        return String::new();
    }
    let mut html = format!(
        "<{heading}>Timeline</{heading}>\n<p class=\"note\">{} in the {} clock",
        seconds(line.seconds),
        text(&record.clock)
    );
    let chain = record.ready.as_ref().and_then(|ready| ready.chain.as_ref());
    if let Some(chain) = chain {
        let _ = write!(html, ". The longest chain of operations: {}", text(chain));
    }
    html.push_str("</p>\n");
    let rows = |bars: &[Bar], class: &str| -> String {
        let rows = bars.iter().map(|one| bar(one, line.seconds, class));
        format!(
            "<ol class=\"timeline\">\n{}</ol>\n",
            rows.collect::<String>()
        )
    };
    html.push_str(&rows(&line.phases, "phase"));
    if !line.faults.is_empty() {
        let marks = line.faults.iter().map(|one| mark(one, line.seconds));
        let marks: String = marks.collect();
        let _ = write!(
            html,
            "<p class=\"note\">Faults, at the first call that each is aimed at</p>\n<ol class=\"timeline\">\n{marks}</ol>\n"
        );
    }
    if !line.waits.is_empty() {
        let title = "Operations that the provisioner waited for, by the reads that it repeated";
        html.push_str(&details(title, true, &rows(&line.waits, "wait")));
    }
    anchored(id, "timeline", &html)
}

fn bar(bar: &Bar, whole: u64, class: &str) -> String {
    // The wait for the bill comes after the end of a trial, and may be a thousand times as long.
    let is_beyond = bar.from.saturating_add(bar.seconds) > whole;
    let later = if is_beyond {
        ", beyond the end of the trial"
    } else {
        ""
    };
    let from = bar.from.min(whole);
    let drawn = bar.seconds.min(whole - from);
    let (shown, class) = match bar.verdict {
        Some(it) => (format!(" {}", verdict(it)), it.to_string()),
        None => (String::new(), class.to_owned()),
    };
    format!(
        "<li><span class=\"what\">{}{shown}<span class=\"when\">{}, from {} on{later}</span></span>\
         <span class=\"track\" aria-hidden=\"true\"><i class=\"{class}\" style=\"left:{};width:{}\"></i></span></li>\n",
        text(&bar.label),
        seconds(bar.seconds),
        seconds(bar.from),
        percent(from, whole),
        percent(drawn, whole),
    )
}

fn mark(mark: &Mark, whole: u64) -> String {
    let (when, drawn) = match mark.at {
        Some(at) => (
            format!("at {}", seconds(at)),
            format!(
                "<i class=\"mark\" style=\"left:{}\"></i>",
                percent(at, whole)
            ),
        ),
        None => ("the journal does not tell when".to_owned(), String::new()),
    };
    format!(
        "<li><span class=\"what\"><code>{}</code><span class=\"when\">{when}</span></span>\
         <span class=\"track\" aria-hidden=\"true\">{drawn}</span></li>\n",
        text(&mark.label)
    )
}

/// What the audit listed, cell by cell, and what it found.
fn audit(record: &Record, headings: Headings) -> String {
    let own = headings.own;
    let (judged, words) = judge::audited(&record.audit);
    let mut html = format!(
        "<{own}>Audit</{own}>\n<p>{} {}</p>\n",
        verdict(judged),
        text(&words)
    );
    html.push_str(&coverage(&record.audit.coverage));
    let one = || std::iter::once(record);
    for grid in trial::orphans(one())
        .into_iter()
        .chain(trial::touched(one()))
    {
        html.push_str(&self::grid(&grid, headings.below));
    }
    html
}

/// A square for each cell: account, scope and resource type. Those that were not listed are named.
fn coverage(coverage: &Coverage) -> String {
    let (cells, listed) = (coverage.cells, coverage.listed.min(coverage.cells));
    if cells == 0 {
        return String::new();
    }
    let label = format!("{listed} of {cells} cells listed to their last page");
    let mut html = format!("<p class=\"note\">{label}</p>\n");
    if cells <= SQUARES_MAX {
        let count = |count: u64| usize::try_from(count).unwrap_or(0);
        let _ = writeln!(
            html,
            "<div class=\"squares\" role=\"img\" aria-label=\"{label}\">{}{}</div>",
            "<i></i>".repeat(count(listed)),
            "<i class=\"unknown\"></i>".repeat(count(cells - listed))
        );
    }
    let list = |title: &str, lines: &[String], open: bool| {
        if lines.is_empty() {
            return String::new();
        }
        let lines: String = lines
            .iter()
            .map(|it| format!("<li>{}</li>\n", text(it)))
            .collect();
        details(title, open, &format!("<ul>\n{lines}</ul>\n"))
    };
    html.push_str(&list("Not listed", &coverage.failed, true));
    html.push_str(&list("Outside these cells", &coverage.not_covered, false));
    html
}

/// The forced partial failures of a scenario: a table of all, then the evidence of each.
pub fn failures(records: &[Record], group: &Group<'_>) -> String {
    let section = trial::failures(group);
    let mut html = String::new();
    for one in &section.blocks {
        // Orphans and cells that were not listed stand with the evidence of their trial.
        if let Block::Grid(grid) = one
            && grid.title.is_empty()
        {
            html.push_str(&block(one));
        }
    }
    for record in &group.failures {
        let Some(number) = number(records, record) else {
            continue;
        };
        let (judged, message) = judge::trial(record);
        let name = judge::names(record).1.unwrap_or_default();
        let id = format!("trial-{number}");
        let why = if message.is_empty() {
            String::new()
        } else {
            format!("<p>{}</p>\n", text(&message))
        };
        let _ = write!(
            html,
            "<article id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h3 id=\"{id}-title\">{} {}</h3>\n{why}{}</article>\n",
            text(name),
            verdict(judged),
            evidence(record, &id, OF_FAILURE)
        );
    }
    html
}

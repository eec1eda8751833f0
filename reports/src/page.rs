//! The content of a report for people as format-independent blocks: titles, facts, grids, lines of text.
//!
//! Table, Markdown and HTML show the same blocks, each in its own way. Their text is already [clean].

use kubeproof_contract::check::Verdict;

use crate::matrix::{self, Group, MatrixRow, groups};
use crate::record::Record;
use crate::word::{clean, symbol, word};

pub(crate) mod cost;
pub(crate) mod summary;
pub(crate) mod trial;

/// A whole report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its sections in order.
    pub sections: Vec<Section>,
}

/// A titled part of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The title.
    pub title: String,
    /// The verdict of what it is about, where there is one.
    pub verdict: Option<Verdict>,
    /// What follows, in order.
    pub blocks: Vec<Block>,
}

/// A block of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Labels with their values.
    Facts(Vec<(&'static str, String)>),
    /// A table.
    Grid(Grid),
    /// A sentence.
    Line(String),
    /// A finding: where it was found, what is wrong, and the command that replays it.
    Finding {
        /// The trial and the oracle.
        title: String,
        /// What is wrong.
        message: String,
        /// The command, to be copied whole.
        replay: String,
    },
}

/// A table of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// What it shows.
    pub title: &'static str,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each with as many cells as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its title.
    pub title: &'static str,
    /// How its cells lie.
    pub align: Align,
}

/// How the cells of a column lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words, to the left.
    Left,
    /// Figures, to the right.
    Right,
    /// Long text, to the left; it shrinks when there is little room.
    Long,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Plain text.
    Text(String),
    /// Two short texts that belong together, the second below the first where there is room.
    Pair(String, String),
    /// A verdict, with a count (`6/6`) and the tier where they apply.
    Verdict {
        /// The verdict.
        verdict: Verdict,
        /// What is counted, such as `6/6`; may be empty.
        count: String,
        /// The tier of evidence; may be empty.
        tier: String,
    },
}

impl Cell {
    fn text(text: impl AsRef<str>) -> Self {
        Self::Text(clean(text.as_ref()))
    }

    fn pair(upper: impl AsRef<str>, lower: impl AsRef<str>) -> Self {
        Self::Pair(clean(upper.as_ref()), clean(lower.as_ref()))
    }

    /// A verdict's symbol and word with what is counted; the whole text of any other cell.
    pub fn counted(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Pair(upper, lower) => format!("{upper}: {lower}"),
            Self::Verdict { verdict, count, .. } if count.is_empty() => word(*verdict),
            // If nothing is billed, nothing was skipped.
            Self::Verdict {
                verdict: Verdict::Skipped,
                count,
                ..
            } if count == "free" => {
                format!("{} free", symbol(Verdict::Skipped))
            }
            Self::Verdict { verdict, count, .. } => format!("{} {count}", word(*verdict)),
        }
    }

    /// The whole cell on one line.
    pub fn in_line(&self) -> String {
        match self {
            Self::Verdict { tier, .. } if !tier.is_empty() => {
                format!("{} ({tier})", self.counted())
            }
            _ => self.counted(),
        }
    }

    fn verdict(verdict: Verdict) -> Self {
        Self::Verdict {
            verdict,
            count: String::new(),
            tier: String::new(),
        }
    }
}

impl Column {
    const fn left(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Left,
        }
    }

    const fn right(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Right,
        }
    }

    const fn long(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Long,
        }
    }
}

/// The report of the records: matrix, criteria, then each scenario.
pub fn page(records: &[Record]) -> Page {
    let rows: Vec<MatrixRow> = matrix::matrix(records);
    let mut sections = vec![summary::matrix(&rows, records)];
    sections.extend(summary::allowed(records));
    sections.push(summary::criteria(records));
    sections.extend(groups(records).iter().flat_map(scenario));
    Page { sections }
}

/// The report of many records in brief: matrix, findings, criteria, then the details of only those
/// scenarios that did not pass.
pub fn brief(records: &[Record]) -> Page {
    let rows: Vec<MatrixRow> = matrix::matrix(records);
    let sections = groups(records)
        .into_iter()
        .flat_map(|group| scenario(&group));
    let (passed, mut others): (Vec<Section>, Vec<Section>) =
        sections.partition(|section| section.verdict == Some(Verdict::Pass));
    let is_finding = |block: &mut Block| matches!(block, Block::Finding { .. });
    let mut findings: Vec<Block> = others
        .iter_mut()
        .flat_map(|section| {
            section
                .blocks
                .extract_if(.., is_finding)
                .collect::<Vec<_>>()
        })
        .collect();
    if findings.is_empty() {
        findings.push(Block::Line("None.".to_owned()));
    }
    if !passed.is_empty() {
        let titles: Vec<&str> = passed
            .iter()
            .map(|section| section.title.as_str())
            .collect();
        let text = format!("Passed, details with --verbose: {}.", titles.join(", "));
        findings.push(Block::Line(text));
    }
    let findings = Section {
        title: "Findings".to_owned(),
        verdict: None,
        blocks: findings,
    };
    let mut sections = vec![summary::matrix(&rows, records), findings];
    sections.extend(summary::allowed(records));
    sections.push(summary::criteria(records));
    sections.append(&mut others);
    Page { sections }
}

fn scenario(group: &Group<'_>) -> Vec<Section> {
    let mut sections: Vec<Section> = group
        .main
        .iter()
        .map(|record| trial::section(record))
        .collect();
    if !group.failures.is_empty() {
        sections.push(trial::failures(group));
    }
    sections
}

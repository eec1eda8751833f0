//! Findings grouped by cause, the dearest first: a network with its parts is one, and so is what several trials show alike.
//!
//! Pure. What a resource costs and why it is the run's is taken from the audit; where that does not name it, its price
//! is the one in the text of the finding.

use std::cmp::Reverse;

use kubeproof_contract::Decimal;
use kubeproof_contract::fault::Fault;

use crate::calls;
use crate::judge;
use crate::money::dollars;
use crate::record::{Finding, Orphan, Record, Touched};
use crate::timeline;
use crate::word::clean;

mod lifecycles;
mod words;

pub use self::lifecycles::{of_campaign, of_cell};

use self::words::{names, priced, short, titled, without_ids};

/// The beginning of the oracle's name that finds what is left.
const ORPHANS: &str = "O1 ";

/// What is wrong, once, however often it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The scenario.
    pub scenario: String,
    /// The oracle or phase that found it.
    pub oracle: String,
    /// What it is about, short.
    pub title: String,
    /// What it costs a month.
    pub month: Month,
    /// The findings as they were first told.
    pub messages: Vec<String>,
    /// The ids of the findings, where their records have them, that of the first message first.
    pub ids: Vec<String>,
    /// The resources that it is about, the whole before its parts.
    pub parts: Vec<Part>,
    /// The trials or lifecycles that show it.
    pub seen: Vec<Seen>,
    /// What makes two causes the same: everything but ids.
    likeness: Vec<String>,
}

/// What something costs a month, US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// The sum of the known prices; `None` where no price is known.
    pub usd: Option<Decimal>,
    /// How many resources have no known price.
    pub unpriced: usize,
}

/// A resource that a cause is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its type, id, name and region.
    pub name: String,
    /// What it costs a month.
    pub usd: Option<Decimal>,
    /// Why it is the run's, or what became of it.
    pub why: String,
}

/// Where a cause was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The trial, or the faults of the lifecycle.
    pub place: String,
    /// The number of its record, from 0; none in campaigns.
    pub record: Option<usize>,
    /// The part of the lifecycle, where it is known.
    pub part: Option<String>,
    /// The command that replays it.
    pub replay: String,
    /// Calls around it: those of the fault, or those that name the resource.
    pub calls: Vec<String>,
}

impl Cause {
    /// What makes two causes the same, as text: equal in every run that shows it.
    pub fn fingerprint(&self) -> String {
        let parts = self.likeness.join("\n");
        format!("{}\n{}\n{parts}", self.scenario, self.oracle)
    }
}

impl Month {
    fn of(prices: impl Iterator<Item = Option<Decimal>>) -> Self {
        prices.fold(Self::default(), |sum, price| match price {
            None => Self {
                unpriced: sum.unpriced + 1,
                ..sum
            },
            Some(usd) => Self {
                usd: Some(sum.usd.unwrap_or_default().saturating_add(usd)),
                ..sum
            },
        })
    }

    /// `$98.55 a month`; empty where there is nothing to be priced.
    pub fn text(self) -> String {
        match (self.usd, self.unpriced) {
            (None, 0) => String::new(),
            (None, _) => "no price known".to_owned(),
            (Some(usd), 0) => format!("{} a month", dollars(usd, 2)),
            (Some(usd), more) => {
                format!("{} a month and {more} without a price", dollars(usd, 2))
            }
        }
    }

    /// What is priced, then what has no price, then what costs nothing.
    fn rank(self) -> (u8, Decimal) {
        match self.usd {
            Some(usd) if !usd.is_zero() => (2, usd),
            _ if self.unpriced > 0 => (1, Decimal::ZERO),
            _ => (0, Decimal::ZERO),
        }
    }
}

/// The causes of the findings of trials.
pub fn of_records(records: &[Record]) -> Vec<Cause> {
    let each = records.iter().enumerate();
    merged(each.flat_map(|(index, record)| of_record(index, record)))
}

/// Those that are alike as one, the dearest first.
fn merged(causes: impl Iterator<Item = Cause>) -> Vec<Cause> {
    let mut all: Vec<Cause> = Vec::new();
    for cause in causes {
        let record = cause.seen.first().and_then(|seen| seen.record);
        let alike = all.iter_mut().find(|one| {
            // Two of a kind in one trial are two: both cost something.
            let mut seen = one.seen.iter();
            let in_same_trial = record.is_some() && seen.any(|it| it.record == record);
            !in_same_trial
                && (&one.scenario, &one.oracle, &one.likeness)
                    == (&cause.scenario, &cause.oracle, &cause.likeness)
        });
        match alike {
            Some(one) => {
                one.seen.extend(cause.seen);
                add_ids(&mut one.ids, cause.ids);
            }
            None => all.push(cause),
        }
    }
    all.sort_by_key(|cause| Reverse(cause.month.rank()));
    all
}

/// Adds the ids that are not there yet. Records of older versions have none.
fn add_ids(ids: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for id in more {
        if !id.is_empty() && !ids.contains(&id) {
            ids.push(id);
        }
    }
}

/// The findings of one trial that have one cause.
struct Group<'a> {
    oracle: &'a str,
    /// The orphan that the others are parts of.
    root: Option<usize>,
    findings: Vec<&'a Finding>,
}

/// What a trial left is grouped by the orphan that it is a part of; what the audit does not have, by the phase in which it
/// was found. Every other finding stands alone.
fn of_record(index: usize, record: &Record) -> Vec<Cause> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let orphans = &record.audit.orphans;
    for finding in &record.findings {
        let (oracle, is_left) = (finding.oracle.as_str(), finding.oracle.starts_with(ORPHANS));
        let named = orphans.iter().enumerate();
        let named =
            named.filter(|(_, it)| is_left && names(&finding.message, &it.resource_type, &it.id));
        let mut roots: Vec<Option<usize>> = named.map(|(it, _)| Some(root(orphans, it))).collect();
        roots.sort_unstable();
        roots.dedup();
        if roots.is_empty() {
            roots.push(None);
        }
        for root in roots {
            let same = groups.iter_mut().find(|group| {
                let phase = group.findings[0].phase == finding.phase;
                is_left && (group.oracle, group.root) == (oracle, root) && (root.is_some() || phase)
            });
            match same {
                Some(group) => group.findings.push(finding),
                None => groups.push(Group {
                    oracle,
                    root,
                    findings: vec![finding],
                }),
            }
        }
    }
    let groups = groups.iter();
    groups.map(|group| of_group(index, record, group)).collect()
}

/// An orphan and its parts, the dearest part first.
fn whole(orphans: &[Orphan], top: usize) -> Vec<&Orphan> {
    let is_part = |it: &usize| *it != top && root(orphans, *it) == top;
    let parts = (0..orphans.len()).filter(is_part);
    let mut parts: Vec<&Orphan> = parts.map(|it| &orphans[it]).collect();
    parts.sort_by_key(|it| Reverse(Month::of(std::iter::once(it.monthly_cost_usd)).rank()));
    parts.insert(0, &orphans[top]);
    parts
}

fn of_group(index: usize, record: &Record, group: &Group<'_>) -> Cause {
    let (oracle, findings) = (group.oracle, &group.findings);
    let orphans = &record.audit.orphans;
    let whole = group
        .root
        .map(|top| whole(orphans, top))
        .unwrap_or_default();
    let mut findings = findings.clone();
    if let Some(first) = whole.first() {
        // What is told of the whole comes before what is told of its parts.
        findings.sort_by_key(|it| !names(&clean(&it.message), &first.resource_type, &first.id));
    }
    let messages: Vec<String> = findings.iter().map(|it| clean(&it.message)).collect();
    let mut ids = Vec::new();
    add_ids(&mut ids, findings.iter().map(|it| clean(&it.id)));
    let mut parts: Vec<Part> = whole.iter().map(|it| of_orphan(it)).collect();
    if parts.is_empty() {
        let touched = record.audit.missing.iter().chain(&record.audit.changed);
        let named = touched.filter(|it| {
            let mut all = messages.iter();
            all.any(|message| names(message, &it.resource_type, &it.id))
        });
        parts.extend(named.map(of_touched));
    }
    let mut likeness: Vec<String> = if whole.is_empty() {
        messages.iter().map(|it| without_ids(it)).collect()
    } else {
        whole.iter().map(|it| it.resource_type.clone()).collect()
    };
    likeness.sort();
    let of_cloud: Vec<&str> = whole
        .first()
        .into_iter()
        .flat_map(|it| [it.id.as_str(), it.name.as_deref().unwrap_or_default()])
        .collect();
    Cause {
        scenario: judge::names(record).0.to_owned(),
        oracle: clean(oracle),
        title: match whole.first() {
            Some(first) => {
                let first = clean(&format!("{} {}", first.resource_type, first.id));
                titled(&first, whole.len(), "part")
            }
            None => titled(&short(&messages[0]), messages.len(), "other"),
        },
        month: if parts.is_empty() {
            priced(&messages)
        } else {
            Month::of(parts.iter().map(|part| part.usd))
        },
        messages,
        ids,
        parts,
        seen: vec![Seen {
            place: clean(&record.scenario),
            record: Some(index),
            part: group.findings[0].phase.as_deref().map(clean),
            replay: group.findings[0].replay.clone(),
            calls: around(record, &of_cloud),
        }],
        likeness,
    }
}

/// The calls that name the resource, else those around the first fault.
fn around(record: &Record, ids: &[&str]) -> Vec<String> {
    let naming = calls::naming(&record.journal, ids);
    if !naming.is_empty() {
        return naming;
    }
    let faults = record.faults.iter().filter(|fault| fault.injected > 0);
    let faults: Vec<Fault> = faults.filter_map(|it| it.fault.parse().ok()).collect();
    let teardown = timeline::teardown(record);
    if teardown.is_none() && faults.iter().any(|fault| fault.target.in_teardown) {
        return Vec::new();
    }
    calls::around_fault(&record.journal, &faults, teardown.unwrap_or(0))
}

fn of_orphan(orphan: &Orphan) -> Part {
    let why = orphan.proofs.iter().chain(&orphan.starts_when_used);
    let why: Vec<&str> = why.map(String::as_str).collect();
    Part {
        name: named(
            &orphan.resource_type,
            &orphan.id,
            orphan.name.as_deref(),
            &orphan.region,
        ),
        usd: orphan.monthly_cost_usd,
        why: clean(&why.join("; ")),
    }
}

fn of_touched(one: &Touched) -> Part {
    Part {
        name: named(
            &one.resource_type,
            &one.id,
            one.name.as_deref(),
            &one.region,
        ),
        usd: one.monthly_cost_usd,
        why: clean(&one.why),
    }
}

fn named(resource_type: &str, id: &str, name: Option<&str>, region: &str) -> String {
    let name = name.filter(|name| *name != id);
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    clean(&format!("{resource_type} {id}{name} in {region}"))
}

/// The orphan that this one is a part of in the end; itself if it is a part of none.
fn root(orphans: &[Orphan], index: usize) -> usize {
    let mut at = index;
    // As many steps as there are orphans: a circle ends too.
    for _ in 0..orphans.len() {
        let Some(whole) = orphans[at].part_of.as_deref() else {
            break;
        };
        match orphans.iter().position(|it| it.id == whole) {
            Some(next) if next != at => at = next,
            _ => break,
        }
    }
    at
}

//! The six success criteria, judged over all records at hand.
//!
//! Each criterion names its evidence. It is `verified` only by live trials that a person attested.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::Area;
use crate::judge::{self, Judged};
use crate::matrix::{Group, groups};
use crate::money::deviation;
use crate::record::{Cost, Record};
use crate::word::counted;

/// The title of their section in reports for people.
pub const TITLE: &str = "Success criteria";
/// Clouds that must pass for the first criterion.
const CLOUDS: usize = 3;
/// Greatest difference between estimate and bill that the second criterion allows, percent. A
/// scenario may set a wider tolerance for itself; the criterion does not follow it.
const TOLERANCE_PERCENT: u32 = 20;

/// One success criterion, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Criterion {
    /// Its number, from 1.
    pub number: u8,
    /// What must hold.
    pub title: String,
    /// What the records show.
    pub verdict: Verdict,
    /// Weakest tier among the evidence; `None` when no record bears on it.
    pub tier: Option<Tier>,
    /// Whether it may be called verified: live evidence and a person's attestation of it.
    pub verified: bool,
    /// What was counted.
    pub message: String,
    /// What is missing for it to be verified; empty when it is.
    pub missing: String,
}

/// The success criteria over the records, with what a person has attested of them.
pub fn criteria(records: &[Record]) -> Vec<Criterion> {
    let attested = records.iter().filter(|record| record.attested);
    let attested = attested.map(|record| record.run_id.clone()).collect();
    criteria_attested(records, &attested)
}

/// The success criteria over the records; `attested` holds the run ids that a person attested.
pub fn criteria_attested(records: &[Record], attested: &BTreeSet<String>) -> Vec<Criterion> {
    let proven: Vec<Record> = records
        .iter()
        .filter(|record| record.tier == Tier::Live && attested.contains(&record.run_id))
        .cloned()
        .collect();
    let live = records.iter().any(|record| record.tier == Tier::Live);
    let judged = |number, title: &str, judge: fn(&[Record]) -> Found| {
        let found = judge(records);
        // Without any trial nothing is verified, whatever a criterion makes of an empty set.
        let verified = !proven.is_empty()
            && found.verdict == Verdict::Pass
            && judge(&proven).verdict == Verdict::Pass;
        Criterion {
            number,
            title: title.to_owned(),
            verdict: found.verdict,
            tier: found.tier,
            verified,
            message: found.message,
            missing: missing(verified, live).to_owned(),
        }
    };
    vec![
        judged(
            1,
            "at least three clouds pass provisioning, execution and cleanup",
            clouds,
        ),
        judged(2, "cost within 20 % of the bill", costs),
        judged(3, "clean teardown, no orphans", clean),
        judged(4, "partial failures handled", recovered),
        unseen(
            5,
            "documentation with examples that are themselves tested",
            None,
            Verdict::Skipped,
            "a record does not show it: the tests of the examples do",
        ),
        on_kind(records),
    ]
}

fn missing(verified: bool, live: bool) -> &'static str {
    match (verified, live) {
        (true, _) => "",
        (false, false) => "there is no live trial, and no attestation of one, among the evidence",
        (false, true) => "live trials that pass and that a person attested do not cover it",
    }
}

/// What one criterion found.
struct Found {
    verdict: Verdict,
    tier: Option<Tier>,
    message: String,
}

impl Found {
    fn none(message: &str) -> Self {
        Self {
            verdict: Verdict::Skipped,
            tier: None,
            message: message.to_owned(),
        }
    }
}

fn clouds(records: &[Record]) -> Found {
    let mut of_provider: BTreeMap<&str, Vec<Judged>> = BTreeMap::new();
    let mut tiers = Vec::new();
    for group in groups(records).iter().filter(|group| is_cloud(group)) {
        let judged = of_provider.entry(group.provider).or_default();
        for record in group
            .main
            .iter()
            .filter(|record| judge::trial(record).0 != Verdict::Skipped)
        {
            tiers.push(group.tier);
            for (verdict, message) in [
                judge::area(record, Area::Provisioning),
                judge::area(record, Area::Execution),
                judge::area(record, Area::Cleanup),
            ] {
                // Each of the three must have been seen: a skipped one leaves the cloud undecided.
                let counted = if verdict == Verdict::Skipped {
                    Verdict::Unknown
                } else {
                    verdict
                };
                judged.push((counted, format!("{}: {message}", record.scenario)));
            }
        }
    }
    of_provider.retain(|_, judged| !judged.is_empty());
    if of_provider.is_empty() {
        return Found::none("no trial of a cloud among the records");
    }
    let verdicts: BTreeMap<&str, Verdict> = of_provider
        .iter()
        .map(|(name, judged)| {
            (
                *name,
                Verdict::of_all(judged.iter().map(|(verdict, _)| *verdict)),
            )
        })
        .collect();
    let named = |wanted: Verdict| -> Vec<&str> {
        verdicts
            .iter()
            .filter(|(_, verdict)| **verdict == wanted)
            .map(|(name, _)| *name)
            .collect()
    };
    let (passed, failed) = (named(Verdict::Pass), named(Verdict::Fail));
    let verdict = match (passed.len(), failed.len()) {
        (CLOUDS.., _) => Verdict::Pass,
        (_, 1..) => Verdict::Fail,
        _ => Verdict::Unknown,
    };
    let mut message = format!(
        "{} of {CLOUDS} clouds pass: {}",
        passed.len(),
        list(&passed)
    );
    if !failed.is_empty() {
        message = format!("{message}; fail: {}", list(&failed));
    }
    Found {
        verdict,
        tier: tiers.into_iter().min(),
        message,
    }
}

/// Whether a group is of a cloud: a Kubernetes on this machine counts for its own criterion only.
fn is_cloud(group: &Group<'_>) -> bool {
    group.tier != Tier::Kind && group.provider != Tier::Kind.to_string()
}

fn costs(records: &[Record]) -> Found {
    let billed = |record: &&Record| judge::area(record, Area::Cost).0 != Verdict::Skipped;
    over(
        records.iter().filter(billed),
        within_bill,
        "no cost comparison among the records",
    )
}

fn within_bill(record: &Record) -> Judged {
    let cost = &record.cost;
    let (verdict, why) = judge::area(record, Area::Cost);
    let limit = Decimal::from(TOLERANCE_PERCENT);
    match (verdict, cost.billed, cost.deviation_percent) {
        (Verdict::Pass, None, _) => (
            Verdict::Skipped,
            "by the meter only, no billing data".to_owned(),
        ),
        (Verdict::Pass, Some(_), None) => (
            Verdict::Unknown,
            "no difference from the bill is given".to_owned(),
        ),
        (Verdict::Pass, _, Some(off)) if off.abs() > limit || is_beyond(cost, limit) => (
            Verdict::Fail,
            deviation(off, TOLERANCE_PERCENT, ("the estimate", "the bill")),
        ),
        (Verdict::Pass, ..) => (verdict, cost.message.clone()),
        _ => (verdict, why),
    }
}

/// Whether estimate and bill are further apart than this, exactly: the percentage of a record is rounded.
fn is_beyond(cost: &Cost, percent: Decimal) -> bool {
    let (Some(estimated), Some(billed)) = (cost.estimated, cost.billed) else {
        return false;
    };
    let off = billed.checked_sub(estimated);
    let off = off.and_then(|off| off.abs().checked_mul(Decimal::ONE_HUNDRED));
    let most = billed.abs().checked_mul(percent);
    // A difference that overflows is not small.
    off.zip(most).is_none_or(|(off, most)| off > most)
}

fn clean(records: &[Record]) -> Found {
    let ran = |record: &&Record| judge::trial(record).0 != Verdict::Skipped;
    over(
        records.iter().filter(ran),
        cleaned,
        "no trial among the records",
    )
}

/// What a scenario lets stay is left behind all the same: its trial passes, and proves no clean teardown.
fn cleaned(record: &Record) -> Judged {
    match record.audit.allowed.max(record.allowed.len() as u64) {
        0 => judge::area(record, Area::Cleanup),
        count => judge::both(
            judge::area(record, Area::Cleanup),
            (
                Verdict::Fail,
                format!("{count} left behind, which the scenario allows"),
            ),
        ),
    }
}

fn recovered(records: &[Record]) -> Found {
    let groups = groups(records);
    let failures = groups
        .iter()
        .flat_map(|group| group.failures.iter().copied());
    let mut found = over(
        failures,
        judge::named_trial,
        "no forced partial failure among the records",
    );
    // What main trials say about failures without records can only make it worse.
    let told: Vec<Judged> = records.iter().filter_map(judge::told_of_failures).collect();
    let whole = Verdict::of_all(
        told.iter()
            .map(|(verdict, _)| *verdict)
            .chain([found.verdict]),
    );
    if let Some((_, why)) = told
        .into_iter()
        .find(|(each, _)| *each == whole && whole != found.verdict)
    {
        found.message = format!("{}; {why}", found.message);
    }
    found.verdict = whole;
    let without: BTreeSet<&str> = groups
        .iter()
        .filter(|group| {
            groups
                .iter()
                .all(|g| g.provider != group.provider || g.failures.is_empty())
        })
        .map(|group| group.provider)
        .collect();
    if !without.is_empty() && found.tier.is_some() {
        let names: Vec<&str> = without.into_iter().collect();
        found.message = format!("{}; none for: {}", found.message, list(&names));
    }
    found
}

/// One judgement over many trials: how many pass, and the first that gives the verdict.
fn over<'a>(
    records: impl Iterator<Item = &'a Record>,
    judge: fn(&Record) -> Judged,
    none: &str,
) -> Found {
    let judged: Vec<(&Record, Judged)> = records.map(|record| (record, judge(record))).collect();
    if judged.is_empty() {
        return Found::none(none);
    }
    let verdict = Verdict::of_all(judged.iter().map(|(_, (verdict, _))| *verdict));
    let passed = judged
        .iter()
        .filter(|(_, (each, _))| *each == Verdict::Pass)
        .count();
    let mut message = format!("{passed} of {} passed", counted(judged.len(), "trial"));
    let reason = match verdict {
        // What a pass leaves out is reported as well.
        Verdict::Pass => judged
            .iter()
            .find(|(_, (each, _))| *each == Verdict::Skipped),
        _ => judged.iter().find(|(_, (each, _))| *each == verdict),
    };
    if let Some((record, (each, why))) = reason {
        message = format!("{message}; {} is {each}: {why}", record.scenario);
    }
    Found {
        verdict,
        tier: judged.iter().map(|(record, _)| record.tier).min(),
        message,
    }
}

fn on_kind(records: &[Record]) -> Criterion {
    let title = "CI runs the tests on Kind";
    let ran: Vec<&Record> = records
        .iter()
        .filter(|record| record.tier == Tier::Kind && judge::trial(record).0 != Verdict::Skipped)
        .collect();
    if ran.is_empty() {
        let message = "no trial on Kind among the records; that CI runs them only CI can show";
        return unseen(6, title, None, Verdict::Skipped, message);
    }
    let passed = ran
        .iter()
        .filter(|record| judge::trial(record).0 == Verdict::Pass)
        .count();
    let message = format!(
        "{passed} of {} trials on Kind pass; that CI ran them is not in a record",
        ran.len()
    );
    let verdict = match Verdict::of_all(ran.iter().map(|record| judge::trial(record).0)) {
        Verdict::Fail => Verdict::Fail,
        _ => Verdict::Unknown,
    };
    unseen(6, title, Some(Tier::Kind), verdict, &message)
}

/// A criterion that records cannot show to be met.
fn unseen(
    number: u8,
    title: &str,
    tier: Option<Tier>,
    verdict: Verdict,
    message: &str,
) -> Criterion {
    Criterion {
        number,
        title: title.to_owned(),
        verdict,
        tier,
        verified: false,
        message: message.to_owned(),
        missing: "records cannot show it".to_owned(),
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

//! What a record and a set of records prove: the single source of verdicts for matrix, criteria, JUnit, JSON and
//! the exit code.
//!
//! A record is judged by all its parts, never by its own verdict alone. Each part has a cell (`cells`), so whatever
//! keeps a trial from passing also keeps a cell from passing.

use kubeproof_contract::check::Verdict;

use crate::cells::{self, Area};
use crate::record::{Audit, Record};
use crate::word::counted;

/// A verdict and why.
pub type Judged = (Verdict, String);

/// Something that bears on the verdict of a trial.
struct Part {
    area: Area,
    /// Whether it is required for a pass.
    must: bool,
    /// Whether it is a phase, which says why it was left out.
    tells_why: bool,
    verdict: Verdict,
    message: String,
}

/// The verdict of a set of records, as in the exit code.
pub fn all(records: &[Record]) -> Verdict {
    let trials = records.iter().map(|record| trial(record).0);
    let told = records.iter().filter_map(told_of_failures);
    Verdict::of_all(trials.chain(told.map(|(verdict, _)| verdict)))
}

/// The verdict of one trial, with the reason when it is not a pass.
pub fn trial(record: &Record) -> Judged {
    let parts = parts(record);
    let worst = Verdict::of_all(parts.iter().map(|part| part.verdict));
    match worst {
        // What was left out was not seen, whatever else was.
        Verdict::Pass if record.verdict == Verdict::Skipped => (Verdict::Skipped, own_word(record)),
        Verdict::Pass => (Verdict::Pass, String::new()),
        Verdict::Fail if !record.findings.is_empty() => (worst, record.findings[0].message.clone()),
        _ => {
            // An audit or a bill that was not requested has no reason to give.
            let tells = |part: &Part| {
                part.verdict == worst && (worst != Verdict::Skipped || part.tells_why)
            };
            let part = parts.into_iter().find(tells);
            (worst, part.map(|part| part.message).unwrap_or_default())
        }
    }
}

/// The same, named after the forced failure where it is the trial of one.
pub fn named_trial(record: &Record) -> Judged {
    let (verdict, message) = trial(record);
    match names(record).1 {
        None => (verdict, message),
        Some(name) if message.is_empty() => (verdict, name.to_owned()),
        Some(name) => (verdict, format!("{name}: {message}")),
    }
}

/// What one trial shows in a cell. Unlike in the verdict of a trial, it does not pass if a required part was skipped.
pub fn area(record: &Record, area: Area) -> Judged {
    let missing = area
        .required_phases()
        .iter()
        .filter(|name| !has(record, name));
    let start = missing.fold((Verdict::Pass, String::new()), |judged, name| {
        both(judged, (Verdict::Skipped, format!("no {name} phase")))
    });
    let judged = parts(record)
        .into_iter()
        .filter(|part| part.area == area && (part.must || part.verdict != Verdict::Skipped))
        .fold(start, |judged, part| {
            both(judged, (part.verdict, part.message))
        });
    let forced = area == Area::Provisioning && has(record, "provision") && !has(record, "checks");
    match judged.0 {
        // A forced failure is a phase that passed, and proves no provisioning.
        Verdict::Skipped if forced => (
            Verdict::Skipped,
            "no attempt at it succeeded, as was forced".to_owned(),
        ),
        _ => judged,
    }
}

/// What a main trial says of the trials of its forced failures, when that is not a pass. It never proves them:
/// that only their own records can.
pub fn told_of_failures(record: &Record) -> Option<Judged> {
    let rows = record.checks.iter();
    let telling = rows.filter(|check| cells::tells_of_failures(record, &check.id));
    let spoiling =
        telling.filter(|check| !matches!(check.verdict, Verdict::Pass | Verdict::Skipped));
    spoiling
        .map(|row| (row.verdict, format!("{}: {}", row.id, row.evidence)))
        .reduce(both)
}

/// The name of the scenario that a trial belongs to, and of its forced failure, if it is one.
pub fn names(record: &Record) -> (&str, Option<&str>) {
    match record.scenario.split_once('/') {
        Some((base, failure)) => (base, Some(failure)),
        None => (&record.scenario, None),
    }
}

/// The audit's verdict, or what its evidence says if that does not support the verdict.
pub fn audited(audit: &Audit) -> Judged {
    let seen = &audit.coverage;
    let complete = seen.cells > 0 && seen.listed >= seen.cells && seen.failed.is_empty();
    let touched = !audit.missing.is_empty() || !audit.changed.is_empty();
    let verdict = match audit.verdict {
        Verdict::Fail => Verdict::Fail,
        _ if touched => Verdict::Fail,
        Verdict::Pass if !audit.orphans.is_empty() => Verdict::Fail,
        Verdict::Pass if !complete => Verdict::Unknown,
        verdict => verdict,
    };
    let mut message = format!("audit: {}", counts(audit));
    if let Some(orphan) = audit.orphans.first() {
        message = format!("{message}: {} {}", orphan.resource_type, orphan.id);
    } else if let Some(one) = audit.missing.iter().chain(&audit.changed).next() {
        message = format!("{message}: {} {} {}", one.resource_type, one.id, one.why);
    } else if let Some(failed) = seen.failed.first() {
        message = format!("{message}: {failed}");
    }
    (verdict, message)
}

/// `1 orphan, 2 missing, 42/42 cells`.
pub fn counts(audit: &Audit) -> String {
    let mut counts = counted(audit.orphans.len(), "orphan");
    if audit.allowed > 0 {
        counts = format!("{counts}, {} allowed", audit.allowed);
    }
    for (what, touched) in [("missing", &audit.missing), ("changed", &audit.changed)] {
        if !touched.is_empty() {
            counts = format!("{counts}, {} {what}", touched.len());
        }
    }
    let coverage = &audit.coverage;
    format!("{counts}, {}/{} cells", coverage.listed, coverage.cells)
}

/// Two parts that must both pass: unlike in [`Verdict::of_all`], a skipped one is not enough.
pub fn both(one: Judged, other: Judged) -> Judged {
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

/// Everything that bears on the verdict of a trial, the most informative first.
fn parts(record: &Record) -> Vec<Part> {
    let (audit, audit_words) = audited(&record.audit);
    let mut parts = vec![
        part(Area::Cleanup, true, audit, audit_words),
        part(
            Area::Cost,
            true,
            record.cost.verdict,
            record.cost.message.clone(),
        ),
    ];
    parts.extend(record.cost.lines.iter().filter_map(|line| {
        let verdict = line.verdict?;
        let words = format!("the line {} of the cost is {verdict}", line.line);
        Some(part(Area::Cost, false, verdict, words))
    }));
    parts.extend(record.phases.iter().map(|phase| {
        let area = cells::of_phase(&phase.name);
        let must = area.required_phases().contains(&phase.name.as_str());
        let message = format!("{}: {}", phase.name, phase.message);
        Part {
            tells_why: true,
            ..part(area, must, phase.verdict, message)
        }
    }));
    parts.extend(record.findings.iter().map(|finding| {
        let message = format!("{}: {}", finding.oracle, finding.message);
        part(cells::of_finding(finding), false, Verdict::Fail, message)
    }));
    let checks = record.checks.iter();
    let own = checks.filter(|check| !cells::tells_of_failures(record, &check.id));
    parts.extend(own.map(|check| {
        let message = format!("{}: {}", check.id, check.evidence);
        part(
            cells::of_check(&record.provider, &check.id),
            false,
            check.verdict,
            message,
        )
    }));
    let hollow = record.faults.iter().find(|fault| fault.injected == 0);
    parts.extend(hollow.map(|fault| {
        let message = format!(
            "the fault {} was injected into no call, which proves nothing",
            fault.fault
        );
        part(Area::Provisioning, false, Verdict::Unknown, message)
    }));
    parts.extend(word_that_nothing_bears_out(record, &parts));
    parts
}

/// What a record says of itself where that is worse than all its parts. A pass adds nothing to them.
fn word_that_nothing_bears_out(record: &Record, parts: &[Part]) -> Option<Part> {
    let worst = Verdict::of_all(parts.iter().map(|part| part.verdict));
    let worse = match (record.verdict, worst) {
        (Verdict::Pass, _) => false,
        (Verdict::Skipped, worst) => worst == Verdict::Pass,
        (own, worst) => own != worst && Verdict::of_all([own, worst]) == own,
    };
    worse.then(|| part(Area::Provisioning, true, record.verdict, own_word(record)))
}

fn own_word(record: &Record) -> String {
    format!("its record says {}, and not why", record.verdict)
}

fn part(area: Area, must: bool, verdict: Verdict, message: String) -> Part {
    Part {
        area,
        must,
        tells_why: false,
        verdict,
        message,
    }
}

fn has(record: &Record, name: &str) -> bool {
    record.phases.iter().any(|phase| phase.name == name)
}

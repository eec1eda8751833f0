//! Completes the checklist in a record: no row is ever left out.
//!
//! Providers evaluate their rows, the harness adds those that only it can judge, and a row that was not evaluated says
//! why.

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::provider::Provider;
use kubeproof_reports::record::{Audit, Cost, Phase, Record};

/// The inputs for the harness's own rows.
#[derive(Clone, Copy)]
pub struct ChecklistInputs<'a> {
    pub phases: &'a [Phase],
    pub audit: &'a Audit,
    /// The cost comparison.
    pub cost: &'a Cost,
}

/// All rows of a provider's checklist in its order, then the rows that all providers have.
pub fn merge(provider: &dyn Provider, seen: &[Check], whole: &ChecklistInputs<'_>) -> Vec<Check> {
    let name = provider.name();
    let mut rows: Vec<Check> = Vec::new();
    for (id, title) in provider.checklist() {
        rows.push(match last(seen, id) {
            Some(check) => Check {
                title: (*title).to_owned(),
                ..check.clone()
            },
            None => own(name, id, title, whole),
        });
    }
    let everyone = [
        (
            format!("{name}.cost"),
            "estimate against bill within the tolerance",
        ),
        (
            format!("{name}.teardown"),
            "every resource type empty again",
        ),
        (
            format!("{name}.partial_failure"),
            "each forced failure unwound or cleaned, retry succeeds",
        ),
        (
            "job.execution".to_owned(),
            "a Job prints the scenario's text and a nonce, exit 0",
        ),
        (
            "audit.clean".to_owned(),
            "no orphan; nothing of others missing or changed; coverage complete",
        ),
        (
            "permissions.minimal".to_owned(),
            "the least set of permissions, shown to suffice",
        ),
    ];
    for (id, title) in everyone {
        if rows.iter().any(|row| row.id == id) {
            continue;
        }
        rows.push(match last(seen, &id) {
            Some(check) => check.clone(),
            None => own(name, &id, title, whole),
        });
    }
    // Rows that a provider evaluates beyond its checklist are kept as evidence.
    for check in seen {
        if !rows.iter().any(|row| row.id == check.id) {
            rows.push(check.clone());
        }
    }
    rows
}

fn last<'a>(seen: &'a [Check], id: &str) -> Option<&'a Check> {
    seen.iter().rev().find(|check| check.id == id)
}

/// A row that the provider did not evaluate: the harness's own, or one that was not reached.
fn own(provider: &str, id: &str, title: &str, whole: &ChecklistInputs<'_>) -> Check {
    let own = id
        .strip_prefix(provider)
        .and_then(|rest| rest.strip_prefix('.'));
    let (verdict, evidence) = match (own, id) {
        (Some("cost"), _) => (whole.cost.verdict, whole.cost.message.clone()),
        (Some("teardown"), _) => teardown(whole),
        (Some("partial_failure"), _) => (
            Verdict::Skipped,
            "shown by the trials of the forced failures".to_owned(),
        ),
        (_, "audit.clean") => (whole.audit.verdict, audit_words(whole.audit)),
        (_, "permissions.minimal") => (
            Verdict::Skipped,
            "only shown by `verify --prove-permissions`".to_owned(),
        ),
        _ => (Verdict::Skipped, not_reached(whole.phases)),
    };
    Check::new(id, title, verdict, evidence)
}

fn teardown(whole: &ChecklistInputs<'_>) -> (Verdict, String) {
    let phases: Vec<&Phase> = whole
        .phases
        .iter()
        .filter(|phase| phase.name.starts_with("teardown"))
        .collect();
    if phases.is_empty() {
        return (Verdict::Skipped, not_reached(whole.phases));
    }
    let verdicts = phases
        .iter()
        .map(|phase| phase.verdict)
        .chain([whole.audit.verdict]);
    let words: Vec<String> = phases
        .iter()
        .map(|phase| format!("{}: {}", phase.name, phase.message))
        .collect();
    (
        Verdict::of_all(verdicts),
        format!("{}; {}", words.join("; "), audit_words(whole.audit)),
    )
}

/// The audit as a sentence.
pub fn audit_words(audit: &Audit) -> String {
    let coverage = &audit.coverage;
    let mut listed = format!("{} of {} cells listed", coverage.listed, coverage.cells);
    for (what, touched) in [("missing", &audit.missing), ("changed", &audit.changed)] {
        if !touched.is_empty() {
            listed = format!("{} of others {what}; {listed}", touched.len());
        }
    }
    if audit.allowed > 0 {
        listed = format!(
            "{} left and allowed by the scenario; {listed}",
            audit.allowed
        );
    }
    match (audit.orphans.len(), coverage.failed.first()) {
        _ if audit.verdict == Verdict::Skipped => "no audit was made".to_owned(),
        (0, None) if audit.allowed > 0 => listed,
        (0, None) => format!("no orphan; {listed}"),
        (0, Some(failed)) => format!("{listed}; {failed}"),
        (count, _) => format!("{count} orphans; {listed}"),
    }
}

fn not_reached(phases: &[Phase]) -> String {
    let stopped = phases
        .iter()
        .find(|phase| matches!(phase.verdict, Verdict::Fail | Verdict::Unknown));
    match stopped {
        Some(phase) => format!("not reached: {} was {}", phase.name, phase.verdict),
        None => "not evaluated in this trial".to_owned(),
    }
}

/// Fills in the record of a main trial with the results of its forced failures.
pub fn fill_partial_failure(main: &mut Record, failures: &[&Record]) {
    let id = format!("{}.partial_failure", main.provider);
    let Some(row) = main.checks.iter_mut().find(|check| check.id == id) else {
        return;
    };
    if failures.is_empty() {
        row.verdict = Verdict::Skipped;
        "no trial of a forced failure was run".clone_into(&mut row.evidence);
        return;
    }
    row.verdict = Verdict::of_all(failures.iter().map(|record| record.verdict));
    let passed = failures
        .iter()
        .filter(|record| record.verdict == Verdict::Pass)
        .count();
    let not: Vec<String> = failures
        .iter()
        .filter(|record| record.verdict != Verdict::Pass)
        .map(|record| format!("{} was {}", record.scenario, record.verdict))
        .collect();
    row.evidence = format!("{passed} of {} forced failures passed", failures.len());
    if !not.is_empty() {
        row.evidence = format!("{}: {}", row.evidence, not.join(", "));
    }
}

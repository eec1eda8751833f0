//! Whether permissions suffice: the same trials, by a caller that has nothing else, call by call the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::journal::Call;
use kubeproof_reports::record::Record;
use serde_json::Value;

use super::options::Options;
use super::rehearsals::{Rehearsals, quiet, rehearse, run_campaign};
use crate::runner::RunError;
use crate::scenario::Scenario;
use crate::trial_context::RunOptions;

/// Options of a rehearsal by a caller that may do what the document allows.
pub fn limited(document: &Value) -> RunOptions {
    RunOptions {
        limited_to: Some(Arc::new(document.clone())),
        ..quiet()
    }
}

/// Why the document does not suffice; empty if it does.
///
/// # Errors
/// When a trial cannot be run.
pub fn problems(
    scenario: &Scenario,
    rehearsals: &Rehearsals,
    document: &Value,
    options: Options,
) -> Result<Vec<String>, RunError> {
    let mut problems = Vec::new();
    for free in &rehearsals.trials {
        let under = rehearse((free.name.clone(), &free.trial), &limited(document))?;
        let failed = failure(&under.record).filter(|_| free.record.verdict == Verdict::Pass);
        let why = failed.or_else(|| difference(&free.calls, &under.calls));
        problems.extend(why.map(|why| format!("{}: {why}", free.name)));
    }
    if let Some(free) = rehearsals.campaign.as_ref().filter(|_| problems.is_empty()) {
        let under = run_campaign(scenario, options, Some(Arc::new(document.clone())))?;
        problems.extend(under.problem.filter(|_| free.problem.is_none()));
        problems.extend(more_errors(&free.errors, &under.errors));
    }
    Ok(problems)
}

/// Errors that came up more often under a policy than without it.
fn more_errors(free: &ErrorCounts, limited: &ErrorCounts) -> Option<String> {
    let count = |of: &ErrorCounts, key| of.get(key).copied().unwrap_or(0);
    let mut more = limited
        .keys()
        .filter(|key| count(limited, key) > count(free, key));
    let (operation, error) = more.next()?;
    Some(format!(
        "the campaign: {operation} was {error} more often under the policy"
    ))
}

/// How often each operation was answered with which error.
type ErrorCounts = BTreeMap<(String, String), u64>;

/// Why a trial did not pass; `None` if it did.
pub fn failure(record: &Record) -> Option<String> {
    if record.verdict == Verdict::Pass {
        return None;
    }
    let phases = record.phases.iter();
    let mut phases =
        phases.filter(|phase| phase.verdict != Verdict::Pass && phase.verdict != Verdict::Skipped);
    let checks = || {
        let mut checks = record.checks.iter();
        checks.find(|check| matches!(check.verdict, Verdict::Fail | Verdict::Unknown))
    };
    Some(match (record.findings.first(), phases.next(), checks()) {
        (Some(finding), ..) => format!("{}: {}", finding.oracle, finding.message),
        (None, Some(phase), _) => format!("{} is {}: {}", phase.name, phase.verdict, phase.message),
        (None, None, Some(check)) => {
            format!("{} is {}: {}", check.id, check.verdict, check.evidence)
        }
        (None, None, None) => format!("its verdict is {}", record.verdict),
    })
}

/// The first call that another caller's run has otherwise.
fn difference(free: &[Call], limited: &[Call]) -> Option<String> {
    let line = |call: &Call| {
        let answer = call.error.as_deref().unwrap_or("accepted");
        format!("{} was {answer}", call.signature)
    };
    let same = |(one, other): &(&Call, &Call)| {
        (&one.signature, &one.target, one.status, &one.error)
            == (&other.signature, &other.target, other.status, &other.error)
    };
    let alike = free.iter().zip(limited).take_while(same).count();
    match (free.get(alike), limited.get(alike)) {
        (None, None) => None,
        (Some(one), Some(other)) => Some(format!(
            "{}, and {} under the policy",
            line(one),
            line(other)
        )),
        (Some(one), None) => Some(format!(
            "{}, and was not called under the policy",
            line(one)
        )),
        (None, Some(other)) => Some(format!(
            "{} under the policy, and was not called without it",
            line(other)
        )),
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::call::Actor;

    use super::*;
    use crate::audit::calls::sample;

    fn call(operation: &str, error: Option<&str>) -> Call {
        Call {
            status: Some(if error.is_some() { 403 } else { 200 }),
            error: error.map(str::to_owned),
            ..sample(Actor::Provisioner, operation, true)
        }
    }

    #[track_caller]
    fn check(free: &[Call], limited: &[Call], expected: Option<&str>) {
        assert_eq!(difference(free, limited).as_deref(), expected);
    }

    #[test]
    fn a_run_under_a_policy_must_be_the_same_call_by_call() {
        let (one, two) = (call("One", None), call("Two", None));
        let both = [one.clone(), two.clone()];
        check(&both, &both, None);
        let denied = [one.clone(), call("Two", Some("AccessDenied"))];
        let words = "s:Two was accepted, and s:Two was AccessDenied under the policy";
        check(&both, &denied, Some(words));
        let fewer = "s:Two was accepted, and was not called under the policy";
        check(&both, std::slice::from_ref(&one), Some(fewer));
        let more = "s:Two was accepted under the policy, and was not called without it";
        check(&[one], &both, Some(more));
    }

    #[test]
    fn a_campaign_under_a_policy_must_not_have_one_error_more() {
        let counts = |count| BTreeMap::from([(("s:One".to_owned(), "Denied".to_owned()), count)]);
        assert_eq!(more_errors(&counts(2), &counts(2)), None);
        assert_eq!(more_errors(&counts(2), &counts(1)), None);
        let more = more_errors(&counts(2), &counts(3)).expect("one more");
        assert!(more.contains("s:One was Denied more often"), "{more}");
        assert!(more_errors(&BTreeMap::new(), &counts(1)).is_some());
    }
}

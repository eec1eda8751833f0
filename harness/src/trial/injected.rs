//! Whether the faults of a trial were injected as often as requested, and if not, why. Pure.
//!
//! A fault that was not injected, or not often enough, proves nothing: patterns that match the same call, fewer calls than
//! `*times`, a trial that ends at preflight or by Ctrl-C. A fault counts as injected only if it took effect: an effect of
//! the simulator (`async-…`, `partial`, `stale-read(N)`) when the simulator acknowledges it (in a response extension, which
//! never leaves the process), `late-apply` when the call is applied before the audit, `garbled` when there was something to
//! cut. For an effect that shows later (`Dialect::shows_later`), `#n` means the first accepted call from the n-th on.

use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::Count;

/// The phase that says so.
pub const PHASE: &str = "faults";

/// How often a fault must be injected: one that lasts, at least once.
pub fn asked(fault: &Fault) -> u64 {
    if fault.target.lasts() {
        1
    } else {
        fault.target.times
    }
}

/// Whether a fault was injected as often as asked.
pub fn is_injected(fault: &Fault, count: Count) -> bool {
    count.injected() >= asked(fault)
}

/// A sentence for each fault that was not injected as often as asked. `ended` says why the trial ended
/// before the provisioner was asked for anything, if it did; `failed` are changes that could not be made.
pub fn missing(tally: &[(Fault, Count)], failed: &[String], ended: Option<&str>) -> Vec<String> {
    let missing = tally
        .iter()
        .filter(|(fault, count)| !is_injected(fault, *count));
    missing
        .map(|(fault, count)| {
            let often = match (count.injected(), asked(fault)) {
                (0, _) => "was not injected".to_owned(),
                (times, asked) => format!("was injected {times} of {asked} times"),
            };
            let why = why(fault, *count, failed, ended);
            format!(
                "the fault `{fault}` {often}, so that this trial proves nothing about it: {why}"
            )
        })
        .collect()
}

fn why(fault: &Fault, count: Count, failed: &[String], ended: Option<&str>) -> String {
    let effect = fault.effect.to_string();
    if let Some(problem) = failed.iter().find(|problem| problem.starts_with(&effect)) {
        return problem.clone();
    }
    if count.late > 0 {
        return "the call would have been applied after the end of the trial".to_owned();
    }
    if count.taken > 0 {
        return "another fault was injected into the call".to_owned();
    }
    if let Some(ended) = ended {
        return ended.to_owned();
    }
    let calls = match count.seen {
        0 => return "no such call was made".to_owned(),
        1 => "1 such call was made".to_owned(),
        seen => format!("{seen} such calls were made"),
    };
    if count.seen < fault.target.occurrence {
        return calls;
    }
    if count.injected() == 0 {
        return format!("{calls}, and it changed nothing about any of them");
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fault: &str, count: Count, ended: Option<&str>, expected: &[&str]) {
        let tally = [(fault.parse().unwrap(), count)];
        let told = missing(&tally, &["foreign-change(x): busy".to_owned()], ended).join("; ");
        assert_eq!(told.is_empty(), expected.is_empty(), "{told}");
        for part in expected {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
    }

    fn count(seen: u64, attempted: u64, late: u64, taken: u64) -> Count {
        Count {
            seen,
            attempted,
            late,
            taken,
        }
    }

    #[test]
    fn a_fault_that_was_injected_as_often_as_asked_is_not_told() {
        check("s:Make#1=quota", count(1, 1, 0, 0), None, &[]);
        check("s:Make#1*3=quota", count(5, 3, 0, 0), None, &[]);
        // One that lasts has no number.
        check("s:Make#1*1000=quota", count(2, 2, 0, 0), None, &[]);
    }

    #[test]
    fn one_that_was_not_says_why() {
        let never = &["`s:Make#1=quota` was not injected", "no such call was made"];
        check("s:Make#1=quota", count(0, 0, 0, 0), None, never);
        let fewer = &["was injected 2 of 3 times", "2 such calls were made"];
        check("s:Make#1*3=quota", count(2, 2, 0, 0), None, fewer);
        let late = &["applied after the end of the trial"];
        check("s:Make#1=late-apply(99999)", count(1, 1, 1, 0), None, late);
        let nothing = &["1 such call was made, and it changed nothing"];
        check("s:Make#1=async-fail", count(1, 0, 0, 0), None, nothing);
        let taken = &["another fault was injected into the call"];
        check("s:M*#1=quota", count(1, 0, 0, 1), None, taken);
        let busy = &["foreign-change(x): busy"];
        check("s:Make#1=foreign-change(x)", count(1, 0, 0, 0), None, busy);
        let ended = Some("the trial was stopped before");
        let stopped = &["was not injected", "the trial was stopped before"];
        check("s:Make#1=quota", count(0, 0, 0, 0), ended, stopped);
    }
}

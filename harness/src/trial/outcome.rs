//! Decides what the outcome of an attempt at provisioning or teardown means for a trial. Pure.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::Count;
use kubeproof_contract::scenario::Expectation;

use crate::trial::Expected;
use crate::trial::demand::{self, Means};

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It reported success.
    Succeeded,
    /// It reported a failure, and why.
    Failed(String),
    /// Its process died where the fault was injected.
    Crashed,
    /// It did not end within its limit.
    Late(String),
    /// It ran out of time because this machine is slow, not the cloud.
    Slow(String),
    /// A fault made its user interrupt it.
    Cancelled,
    /// It was asked to stop.
    Stopped,
}

impl Ending {
    /// The ending as text.
    pub fn text(&self) -> String {
        match self {
            Self::Succeeded => "succeeded".to_owned(),
            Self::Failed(why) => format!("failed: {why}"),
            Self::Crashed => "its process died".to_owned(),
            Self::Late(limit) => format!("did not end: {limit}"),
            Self::Slow(why) => format!(
                "did not end, and O5 cannot tell whether it would: {why}. The machine took the time, not \
                 the cloud: use a faster one, or raise real_limit_seconds"
            ),
            Self::Cancelled => "was interrupted by its user".to_owned(),
            Self::Stopped => "was asked to stop".to_owned(),
        }
    }
}

/// What an attempt means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The verdict of its phase.
    pub verdict: Verdict,
    /// What happened.
    pub message: String,
    /// Whether a new process tries again.
    pub again: bool,
}

fn meaning(verdict: Verdict, message: impl Into<String>, again: bool) -> Meaning {
    Meaning {
        verdict,
        message: message.into(),
        again,
    }
}

/// The conditions under which an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// What must be seen.
    pub expected: Expected,
    /// Whether a fault had been injected by then.
    pub forced: bool,
}

/// What the first attempt at provisioning means.
pub fn first_provision(conditions: Conditions, ending: &Ending) -> Meaning {
    let demand = demand::of(conditions.expected);
    let words = ending.text();
    let means = match ending {
        Ending::Stopped | Ending::Slow(_) => return meaning(Verdict::Unknown, words, false),
        Ending::Late(_) => return meaning(Verdict::Fail, words, conditions.expected.recovers()),
        Ending::Succeeded => demand.succeeds,
        Ending::Failed(_) => demand.fails,
        Ending::Crashed => demand.dies,
        Ending::Cancelled => demand.interrupted,
    };
    match means {
        // The provisioner is not to blame if no fault was injected.
        Means::Fail | Means::Unnoticed if *ending == Ending::Succeeded && !conditions.forced => {
            meaning(
                Verdict::Unknown,
                format!("{words}, and nothing was forced"),
                false,
            )
        }
        Means::Unnoticed => meaning(
            Verdict::Fail,
            "reported success although its failure was forced: it did not notice",
            false,
        ),
        Means::Fail if conditions.expected == Expected::Forced(Expectation::TakenOver) => meaning(
            Verdict::Fail,
            format!("{words}, where its process should have died"),
            false,
        ),
        Means::Fail => meaning(Verdict::Fail, words, false),
        Means::Pass if *ending == Ending::Succeeded => meaning(Verdict::Pass, words, false),
        Means::Pass => meaning(Verdict::Pass, format!("{words} (as forced)"), false),
        Means::Again if conditions.expected.recovers() => {
            meaning(Verdict::Pass, format!("{words} (after a fault)"), true)
        }
        Means::Again => meaning(Verdict::Pass, format!("{words} (as forced)"), true),
    }
}

/// Whether a later attempt may fail without a fault of its own, because something that an earlier one started fails
/// late. The last attempt may not, unless the fault lasts.
pub fn excused(faults: &[Fault], last: bool, shows_later: impl Fn(&Fault) -> bool) -> bool {
    faults
        .iter()
        .any(|fault| shows_later(fault) && (!last || fault.target.lasts()))
}

/// The most attempts for remaining faults; one more follows when they are over.
const FOR_FAULTS_MAX: u64 = 5;

/// The most later attempts: as many as faults remain to be injected, and one more.
pub fn later_attempts(tally: &[(Fault, Count)]) -> usize {
    let left: u64 = tally
        .iter()
        .filter(|(fault, _)| !fault.target.lasts())
        .map(|(fault, count)| fault.target.times.saturating_sub(count.attempted))
        .fold(0, u64::saturating_add);
    let for_left = usize::try_from(left.min(FOR_FAULTS_MAX)).unwrap_or_default() + 1;
    for_left.max(tally.len())
}

/// What it means when there is no cluster after all attempts. `going_on` are the faults that could still be injected.
pub fn no_cluster(attempts: usize, going_on: &[&Fault]) -> Meaning {
    if going_on.is_empty() {
        let message =
            format!("the faults are over, and after {attempts} attempts there is no cluster");
        return meaning(Verdict::Fail, message, false);
    }
    let faults: Vec<String> = going_on.iter().map(|fault| format!("`{fault}`")).collect();
    let message = format!(
        "{} outlasted all {attempts} attempts, so that there never was a cluster: nothing shows whether \
         the provisioner recovers",
        faults.join(" and ")
    );
    meaning(Verdict::Unknown, message, false)
}

/// What a later attempt at provisioning, by a new process, means. It may fail only if a fault was injected into it.
pub fn later_provision(expected: Expected, ending: &Ending, injected: bool) -> Meaning {
    match ending {
        Ending::Failed(_) | Ending::Crashed if injected && may_fail_again(expected) => meaning(
            Verdict::Pass,
            format!("a new process {} (after a fault)", ending.text()),
            true,
        ),
        Ending::Cancelled if expected.recovers() => meaning(
            Verdict::Pass,
            format!("a new process {} (as forced)", ending.text()),
            false,
        ),
        Ending::Succeeded => meaning(Verdict::Pass, "a new process succeeded", false),
        Ending::Stopped | Ending::Slow(_) => meaning(Verdict::Unknown, ending.text(), false),
        other => meaning(
            Verdict::Fail,
            format!("a new process {}", other.text()),
            false,
        ),
    }
}

/// Whether a new process may fail too if a fault was injected into it.
fn may_fail_again(expected: Expected) -> bool {
    let demand = demand::of(expected);
    demand.fails == Means::Again || demand.dies == Means::Again
}

/// What faults did to an attempt at teardown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InjectedFaults {
    /// The only fault was one throttled call, which is to be repeated.
    pub throttled_once: bool,
    /// A fault that was injected into it is not over.
    pub goes_on: bool,
}

/// What an attempt at teardown means. It is repeated after any failure to clean the account; whether the failure
/// counts depends on whether it was forced.
pub fn teardown(
    conditions: Conditions,
    ending: &Ending,
    injected: InjectedFaults,
    last: bool,
) -> Meaning {
    let expected = conditions.expected;
    let demand = demand::of(expected);
    let words = ending.text();
    match ending {
        // Another would be as slow.
        Ending::Slow(_) => return meaning(Verdict::Unknown, words, false),
        Ending::Succeeded if demand.torn_down == Means::Pass => {
            return meaning(Verdict::Pass, words, false);
        }
        Ending::Succeeded if !conditions.forced => {
            let message = format!("{words}, and nothing was forced");
            return meaning(Verdict::Unknown, message, false);
        }
        Ending::Succeeded => {
            let message = "reported success although nothing could be found out";
            return meaning(Verdict::Fail, message, false);
        }
        _ => {}
    }
    let ended = matches!(
        ending,
        Ending::Failed(_) | Ending::Crashed | Ending::Cancelled
    );
    if injected.throttled_once && matches!(ending, Ending::Failed(_)) {
        let message =
            format!("{words}: it gave up at one throttled call, which asks to be repeated");
        return meaning(Verdict::Fail, message, !last);
    }
    match demand.not_torn_down {
        // Only the end of the fault helps; another teardown follows then.
        Means::Pass if matches!(ending, Ending::Failed(_)) => {
            meaning(Verdict::Pass, format!("{words} (as forced)"), false)
        }
        Means::Again if ended && expected == Expected::Persists => {
            meaning(Verdict::Pass, format!("{words} (the fault goes on)"), !last)
        }
        Means::Again if !last => meaning(Verdict::Pass, format!("{words} (after a fault)"), true),
        Means::Again if ended && injected.goes_on => meaning(
            Verdict::Unknown,
            format!("{words}: a fault outlasted all attempts"),
            false,
        ),
        _ => meaning(Verdict::Fail, words, !last),
    }
}

#[cfg(test)]
mod tests;

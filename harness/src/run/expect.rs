//! What an attempt at provisioning or teardown means for a trial: pure decisions.
//!
//! Apart from making the attempts, so that every case can be looked at in a test.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::scenario::Expectation;

use super::trial::Expected;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It said that it succeeded.
    Succeeded,
    /// It said that it failed, and why.
    Failed(String),
    /// Its process died where the fault struck.
    Crashed,
    /// It did not end within its limit.
    Late(String),
    /// The machine, not the cloud, took the time that it had.
    Slow(String),
    /// A fault had its user interrupt it.
    Cancelled,
    /// It was asked to stop.
    Stopped,
}

impl Ending {
    /// The ending in words.
    pub fn words(&self) -> String {
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
    /// What happened, in words.
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

/// What the first attempt at provisioning means.
pub fn first_provision(expected: Expected, ending: &Ending) -> Meaning {
    use Ending::{Cancelled, Crashed, Failed, Late, Slow, Stopped, Succeeded};
    use Expectation::{CleanedThenRetried, RetrySucceeds, TakenOver};
    let words = ending.words();
    match (expected, ending) {
        (_, Stopped | Slow(_)) => meaning(Verdict::Unknown, words, false),
        (_, Late(_)) => meaning(Verdict::Fail, words, recovers(expected)),
        (Expected::Recovers | Expected::Persists, Cancelled) => {
            meaning(Verdict::Pass, format!("{words} (as forced)"), false)
        }
        (_, Cancelled) => meaning(Verdict::Fail, words, false),
        (Expected::Forced(RetrySucceeds | CleanedThenRetried), Succeeded) => meaning(
            Verdict::Fail,
            "said that it succeeded though its failure was forced: it did not notice",
            false,
        ),
        (Expected::Forced(RetrySucceeds | CleanedThenRetried), Failed(_) | Crashed) => {
            meaning(Verdict::Pass, format!("{words} (as forced)"), true)
        }
        (Expected::Forced(TakenOver), Crashed) => {
            meaning(Verdict::Pass, "its process died (as forced)", true)
        }
        (Expected::Forced(TakenOver), _) => meaning(
            Verdict::Fail,
            format!("{words}, where its process should have died"),
            false,
        ),
        (Expected::Recovers | Expected::Persists, Failed(_) | Crashed) => {
            meaning(Verdict::Pass, format!("{words} (after a fault)"), true)
        }
        (_, Succeeded) => meaning(Verdict::Pass, words, false),
        (_, Failed(_) | Crashed) => meaning(Verdict::Fail, words, false),
    }
}

/// Whether a failure after a fault is no finding in itself.
fn recovers(expected: Expected) -> bool {
    matches!(expected, Expected::Recovers | Expected::Persists)
}

/// Whether a later attempt may fail though no fault strikes it: what an earlier one had begun fails in it.
/// Not the last one, unless what fails so does it every time.
pub fn excused(faults: &[Fault], last: bool) -> bool {
    faults
        .iter()
        .any(|fault| fault.effect.is_delayed() && (!last || fault.place.lasts()))
}

/// What a later attempt at provisioning, by a new process, means. Where a fault struck it, it may
/// fail, too; where none did, it must succeed.
pub fn later_provision(expected: Expected, ending: &Ending, struck: bool) -> Meaning {
    match ending {
        Ending::Failed(_) | Ending::Crashed if struck && recovers(expected) => meaning(
            Verdict::Pass,
            format!("a new process {} (after a fault)", ending.words()),
            true,
        ),
        Ending::Cancelled if recovers(expected) => meaning(
            Verdict::Pass,
            format!("a new process {} (as forced)", ending.words()),
            false,
        ),
        Ending::Succeeded => meaning(Verdict::Pass, "a new process succeeded", false),
        Ending::Stopped | Ending::Slow(_) => meaning(Verdict::Unknown, ending.words(), false),
        other => meaning(
            Verdict::Fail,
            format!("a new process {}", other.words()),
            false,
        ),
    }
}

/// What an attempt at teardown means. It is tried again after any failure, for the account's sake;
/// whether the failure counts depends on whether it was forced.
pub fn teardown(expected: Expected, ending: &Ending, last: bool) -> Meaning {
    let forced = matches!(
        expected,
        Expected::Recovers
            | Expected::Persists
            | Expected::Forced(Expectation::TakenOver | Expectation::TeardownSucceeds)
    );
    match ending {
        Ending::Succeeded if expected == Expected::Forced(Expectation::FinishesLater) => meaning(
            Verdict::Fail,
            "said that it succeeded though nobody could find out",
            false,
        ),
        Ending::Failed(_) if expected == Expected::Forced(Expectation::FinishesLater) => meaning(
            Verdict::Pass,
            format!("{} (as forced)", ending.words()),
            false,
        ),
        Ending::Succeeded => meaning(Verdict::Pass, ending.words(), false),
        // Another would be as slow.
        Ending::Slow(_) => meaning(Verdict::Unknown, ending.words(), false),
        Ending::Failed(_) | Ending::Crashed | Ending::Cancelled
            if expected == Expected::Persists =>
        {
            meaning(
                Verdict::Pass,
                format!("{} (the fault goes on)", ending.words()),
                !last,
            )
        }
        _ if forced && !last => meaning(
            Verdict::Pass,
            format!("{} (after a fault)", ending.words()),
            true,
        ),
        _ => meaning(Verdict::Fail, ending.words(), !last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Expected = Expected::Forced(Expectation::RetrySucceeds);
    const TAKEN_OVER: Expected = Expected::Forced(Expectation::TakenOver);
    const SURVIVES: Expected = Expected::Forced(Expectation::Survives);
    const TEARDOWN: Expected = Expected::Forced(Expectation::TeardownSucceeds);

    #[track_caller]
    fn check(expected: Expected, ending: &Ending, verdict: Verdict, again: bool) {
        let seen = first_provision(expected, ending);
        assert_eq!(
            (seen.verdict, seen.again),
            (verdict, again),
            "{expected:?} {ending:?}"
        );
    }

    #[test]
    fn a_forced_failure_that_is_not_noticed_fails_the_trial() {
        check(RETRY, &Ending::Succeeded, Verdict::Fail, false);
        check(
            RETRY,
            &Ending::Failed("quota".to_owned()),
            Verdict::Pass,
            true,
        );
        check(RETRY, &Ending::Crashed, Verdict::Pass, true);
    }

    #[test]
    fn only_a_crash_can_be_taken_over() {
        check(TAKEN_OVER, &Ending::Crashed, Verdict::Pass, true);
        check(TAKEN_OVER, &Ending::Succeeded, Verdict::Fail, false);
    }

    #[test]
    fn without_a_forced_failure_any_failure_counts() {
        for expected in [Expected::Clean, SURVIVES, TEARDOWN] {
            check(expected, &Ending::Succeeded, Verdict::Pass, false);
            check(
                expected,
                &Ending::Failed("x".to_owned()),
                Verdict::Fail,
                false,
            );
        }
    }

    #[test]
    fn an_attempt_that_does_not_end_never_passes() {
        for expected in [
            Expected::Clean,
            RETRY,
            TAKEN_OVER,
            SURVIVES,
            Expected::Recovers,
        ] {
            let seen = first_provision(expected, &Ending::Late("90 minutes".to_owned()));
            assert_eq!(seen.verdict, Verdict::Fail, "{expected:?}");
        }
    }

    #[test]
    fn an_attempt_that_the_machine_was_too_slow_for_is_unknown_and_not_tried_again() {
        let slow = Ending::Slow("900 s of real time".to_owned());
        for expected in [Expected::Clean, RETRY, TAKEN_OVER, SURVIVES, TEARDOWN] {
            check(expected, &slow, Verdict::Unknown, false);
            let later = later_provision(expected, &slow, false);
            assert_eq!((later.verdict, later.again), (Verdict::Unknown, false));
            let torn = teardown(expected, &slow, false);
            assert_eq!((torn.verdict, torn.again), (Verdict::Unknown, false));
            assert!(torn.message.contains("O5 cannot tell"), "{torn:?}");
        }
        for expected in [Expected::Recovers, Expected::Persists] {
            check(expected, &slow, Verdict::Unknown, false);
            let torn = teardown(expected, &slow, true);
            assert_eq!(torn.verdict, Verdict::Unknown);
        }
    }

    #[test]
    fn a_teardown_that_cannot_know_must_not_say_that_it_succeeded() {
        let later = Expected::Forced(Expectation::FinishesLater);
        let seen = teardown(later, &Ending::Succeeded, false);
        assert_eq!((seen.verdict, seen.again), (Verdict::Fail, false));
        let seen = teardown(later, &Ending::Failed("no answer".to_owned()), false);
        assert_eq!((seen.verdict, seen.again), (Verdict::Pass, false));
        let seen = teardown(later, &Ending::Late("1 minute".to_owned()), true);
        assert_eq!(seen.verdict, Verdict::Fail);
    }

    #[test]
    fn a_teardown_that_dies_while_a_fault_goes_on_is_no_finding_in_itself() {
        for ending in [Ending::Crashed, Ending::Cancelled] {
            let seen = teardown(Expected::Persists, &ending, true);
            assert_eq!((seen.verdict, seen.again), (Verdict::Pass, false));
            let seen = teardown(Expected::Recovers, &ending, true);
            assert_eq!((seen.verdict, seen.again), (Verdict::Fail, false));
        }
        let seen = teardown(Expected::Persists, &Ending::Late("x".to_owned()), true);
        assert_eq!(seen.verdict, Verdict::Fail);
    }

    #[test]
    fn only_what_an_earlier_attempt_began_excuses_one_that_no_fault_strikes() {
        let check = |fault: &str, last: bool, expected: bool| {
            let faults = [fault.parse().unwrap()];
            assert_eq!(excused(&faults, last), expected, "{fault} {last}");
        };
        let once = "ec2:CreateNatGateway#2=async-fail(InternalError)";
        let ever = "ec2:CreateNatGateway#2*1000=async-fail(InternalError)";
        check(once, false, true);
        check(once, true, false);
        check(ever, true, true);
        check("ec2:CreateVpc#1*1000=throttle", false, false);
        check("ec2:CreateVpc#1=lost-response", true, false);
    }

    #[test]
    fn a_teardown_is_tried_again_but_its_error_is_never_swallowed() {
        let failed = Ending::Failed("still in use".to_owned());
        let seen = teardown(Expected::Clean, &failed, false);
        assert_eq!((seen.verdict, seen.again), (Verdict::Fail, true));
        let seen = teardown(TEARDOWN, &failed, false);
        assert_eq!((seen.verdict, seen.again), (Verdict::Pass, true));
        let seen = teardown(TEARDOWN, &failed, true);
        assert_eq!((seen.verdict, seen.again), (Verdict::Fail, false));
    }
}

//! Every case of what an attempt means.

use super::*;

const RETRY: Expected = Expected::Forced(Expectation::RetrySucceeds);
const TAKEN_OVER: Expected = Expected::Forced(Expectation::TakenOver);
const SURVIVES: Expected = Expected::Forced(Expectation::Survives);
const TEARDOWN: Expected = Expected::Forced(Expectation::TeardownSucceeds);

fn forced(expected: Expected) -> Conditions {
    Conditions {
        expected,
        forced: true,
    }
}

#[track_caller]
fn check(expected: Expected, ending: &Ending, verdict: Verdict, again: bool) {
    let seen = first_provision(forced(expected), ending);
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
        let seen = first_provision(forced(expected), &Ending::Late("90 minutes".to_owned()));
        assert_eq!(seen.verdict, Verdict::Fail, "{expected:?}");
    }
}

#[test]
fn a_teardown_that_cannot_know_must_not_say_that_it_succeeded() {
    let later = Expected::Forced(Expectation::FinishesLater);
    let seen = teardown(
        forced(later),
        &Ending::Succeeded,
        InjectedFaults::default(),
        false,
    );
    assert_eq!((seen.verdict, seen.again), (Verdict::Fail, false));
    let seen = teardown(
        forced(later),
        &Ending::Failed("no answer".to_owned()),
        InjectedFaults::default(),
        false,
    );
    assert_eq!((seen.verdict, seen.again), (Verdict::Pass, false));
    let seen = teardown(
        forced(later),
        &Ending::Late("1 minute".to_owned()),
        InjectedFaults::default(),
        true,
    );
    assert_eq!(seen.verdict, Verdict::Fail);
}

#[test]
fn a_teardown_that_dies_while_a_fault_goes_on_is_no_finding_in_itself() {
    for ending in [Ending::Crashed, Ending::Cancelled] {
        let seen = teardown(
            forced(Expected::Persists),
            &ending,
            InjectedFaults::default(),
            true,
        );
        assert_eq!((seen.verdict, seen.again), (Verdict::Pass, false));
        let seen = teardown(
            forced(Expected::Recovers),
            &ending,
            InjectedFaults::default(),
            true,
        );
        assert_eq!((seen.verdict, seen.again), (Verdict::Fail, false));
    }
    let seen = teardown(
        forced(Expected::Persists),
        &Ending::Late("x".to_owned()),
        InjectedFaults::default(),
        true,
    );
    assert_eq!(seen.verdict, Verdict::Fail);
}

#[test]
fn only_what_an_earlier_attempt_started_excuses_one_without_a_fault() {
    let check = |fault: &str, last: bool, expected: bool| {
        let faults = [fault.parse().unwrap()];
        let shows_later = |fault: &Fault| fault.effect.is_delayed();
        assert_eq!(
            excused(&faults, last, shows_later),
            expected,
            "{fault} {last}"
        );
    };
    let once = "small:Make#2=async-fail(InternalError)";
    let ever = "small:Make#2*1000=async-fail(InternalError)";
    check(once, false, true);
    check(once, true, false);
    check(ever, true, true);
    check("small:Make#1*1000=throttle", false, false);
    check("small:Make#1=lost-response", true, false);
}

#[test]
fn a_teardown_is_tried_again_but_its_error_is_never_swallowed() {
    let failed = Ending::Failed("still in use".to_owned());
    let seen = teardown(
        forced(Expected::Clean),
        &failed,
        InjectedFaults::default(),
        false,
    );
    assert_eq!((seen.verdict, seen.again), (Verdict::Fail, true));
    let seen = teardown(forced(TEARDOWN), &failed, InjectedFaults::default(), false);
    assert_eq!((seen.verdict, seen.again), (Verdict::Pass, true));
    let seen = teardown(forced(TEARDOWN), &failed, InjectedFaults::default(), true);
    assert_eq!((seen.verdict, seen.again), (Verdict::Fail, false));
}

#[test]
fn what_was_never_forced_is_unknown_and_no_fault_of_the_provisioner() {
    let later = Expected::Forced(Expectation::FinishesLater);
    for expected in [RETRY, TAKEN_OVER] {
        let under = Conditions {
            expected,
            forced: false,
        };
        let seen = first_provision(under, &Ending::Succeeded);
        assert_eq!((seen.verdict, seen.again), (Verdict::Unknown, false));
        let failed = Ending::Failed("x".to_owned());
        let verdict = first_provision(forced(TAKEN_OVER), &failed).verdict;
        assert_eq!(verdict, Verdict::Fail);
    }
    let under = Conditions {
        expected: later,
        forced: false,
    };
    let seen = teardown(under, &Ending::Succeeded, InjectedFaults::default(), false);
    assert_eq!(seen.verdict, Verdict::Unknown);
}

#[test]
fn a_new_process_tries_as_often_as_faults_are_left_and_once_more() {
    let check = |faults: &[(&str, u64)], expected: usize| {
        let count = |attempted| Count {
            attempted,
            ..Count::default()
        };
        let tally: Vec<(Fault, Count)> = faults
            .iter()
            .map(|(text, attempted)| (text.parse().unwrap(), count(*attempted)))
            .collect();
        assert_eq!(later_attempts(&tally), expected, "{faults:?}");
    };
    check(&[], 1);
    check(&[("s:Make#1=quota", 1)], 1);
    check(&[("s:Make#1*2=quota", 1)], 2);
    check(&[("s:Make#1*99=quota", 1)], 6);
    check(&[("s:Make#1*1000=quota", 1)], 1);
    check(&[("s:Make#1=quota", 1), ("s:Other#1=quota", 0)], 2);
    check(&[("s:Make#1=quota", 1), ("s:Other#1=quota", 1)], 2);
}

#[test]
fn without_a_cluster_there_is_no_pass() {
    assert_eq!(no_cluster(2, &[]).verdict, Verdict::Fail);
    let fault: Fault = "s:Make#1*99=quota".parse().unwrap();
    let seen = no_cluster(7, &[&fault]);
    assert_eq!(seen.verdict, Verdict::Unknown);
    assert!(seen.message.contains("`s:Make#1*99=quota` outlasted all 7"));
}

#[test]
fn a_teardown_that_gives_up_at_one_throttled_call_fails() {
    let injected = InjectedFaults {
        throttled_once: true,
        goes_on: false,
    };
    let failed = Ending::Failed("throttled".to_owned());
    for expected in [Expected::Recovers, TEARDOWN] {
        let seen = teardown(forced(expected), &failed, injected, false);
        assert_eq!((seen.verdict, seen.again), (Verdict::Fail, true));
        let seen = teardown(forced(expected), &Ending::Succeeded, injected, false);
        assert_eq!(seen.verdict, Verdict::Pass);
    }
}

#[test]
fn a_teardown_that_a_fault_outlasts_is_unknown() {
    let injected = InjectedFaults {
        throttled_once: false,
        goes_on: true,
    };
    let failed = Ending::Failed("in use".to_owned());
    let seen = teardown(forced(Expected::Recovers), &failed, injected, true);
    assert_eq!((seen.verdict, seen.again), (Verdict::Unknown, false));
    let seen = teardown(forced(RETRY), &failed, injected, true);
    assert_eq!(seen.verdict, Verdict::Fail);
}

#[test]
fn an_attempt_that_the_machine_was_too_slow_for_is_unknown_and_not_tried_again() {
    let slow = Ending::Slow("900 s of real time".to_owned());
    let all = [Expected::Clean, RETRY, TAKEN_OVER, SURVIVES, TEARDOWN];
    for expected in all
        .into_iter()
        .chain([Expected::Recovers, Expected::Persists])
    {
        check(expected, &slow, Verdict::Unknown, false);
        let later = later_provision(expected, &slow, false);
        assert_eq!((later.verdict, later.again), (Verdict::Unknown, false));
        for last in [false, true] {
            let torn = teardown(forced(expected), &slow, InjectedFaults::default(), last);
            assert_eq!((torn.verdict, torn.again), (Verdict::Unknown, false));
            assert!(torn.message.contains("O5 cannot tell"), "{torn:?}");
        }
    }
}

#[test]
fn a_later_attempt_may_fail_where_a_fault_was_injected_and_failures_are_expected() {
    let check = |expected: Expected, ending: &Ending, injected: bool, seen: (Verdict, bool)| {
        let later = later_provision(expected, ending, injected);
        assert_eq!(
            (later.verdict, later.again),
            seen,
            "{expected:?} {injected}"
        );
    };
    let failed = Ending::Failed("no".to_owned());
    for expected in [Expected::Recovers, Expected::Persists, RETRY, TAKEN_OVER] {
        for ending in [&failed, &Ending::Crashed] {
            check(expected, ending, true, (Verdict::Pass, true));
            check(expected, ending, false, (Verdict::Fail, false));
        }
    }
    for expected in [Expected::Clean, SURVIVES] {
        check(expected, &failed, true, (Verdict::Fail, false));
        check(expected, &Ending::Succeeded, true, (Verdict::Pass, false));
    }
}

//! Operations end in their time, well or badly, and an injected fault counts only where it was carried out.

use bytes::Bytes;
use http::Request;
use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn fault(text: &str) -> InjectedFault {
    let mut request = Request::get("/");
    if !text.is_empty() {
        request = request.header(ASYNC_FAULT_HEADER, text);
    }
    InjectedFault::of(&request.body(Bytes::new()).unwrap()).unwrap()
}

/// An operation of 100 seconds that began at second 0, with this fault: the account's operations, when it ends,
/// and whether the fault was carried out.
fn begun(text: &str) -> (Operations, Option<Timestamp>, bool) {
    let mut operations = Operations::default();
    let new = NewOperation {
        id: "o".to_owned(),
        kind: "insert".to_owned(),
        scope: "global".to_owned(),
        target: "networks/n".to_owned(),
        lasts: SignedDuration::from_secs(100),
        failure: None,
    };
    let injected = fault(text);
    let explained = |code: Option<&str>| Failure::new(code.unwrap_or("INTERNAL"), "broken");
    let due = operations.begin(new, &injected, explained, at(0));
    (operations, due, injected.is_taken())
}

/// Checks when an operation with a fault ends, and with which code.
#[track_caller]
fn check(text: &str, due: Option<i64>, code: Option<&str>) {
    let (mut operations, ends, is_taken) = begun(text);
    assert_eq!(ends, due.map(at), "{text}");
    assert_eq!(is_taken, !text.is_empty(), "{text}");
    assert!(operations.end("o", at(99)).is_none(), "{text}");
    let ended = operations.end("o", at(1000));
    let found = ended.as_ref().and_then(Operation::failure);
    assert_eq!(found.map(|one| one.code.as_str()), code, "{text}");
    assert_eq!(ended.is_some(), due.is_some(), "{text}");
    assert!(operations.end("o", at(1000)).is_none(), "{text}");
}

#[test]
fn an_injected_fault_is_carried_out_when_the_operation_begins() {
    check("", Some(100), None);
    check("async-fail", Some(100), Some("INTERNAL"));
    check("async-fail(QUOTA)", Some(100), Some("QUOTA"));
    check("async-late(3)", Some(300), None);
    check("async-stuck", None, None);
}

#[test]
fn a_fault_of_another_kind_is_not_acknowledged() {
    let (_, due, is_taken) = begun("partial");
    assert_eq!((due, is_taken), (Some(at(100)), false));
}

#[test]
fn it_is_pending_then_runs_and_is_done_only_at_its_end() {
    let (mut operations, ..) = begun("");
    let seen = |operations: &Operations, second| {
        let one = operations.get("o").unwrap();
        let begun = one.began(at(second)).is_some();
        (one.status(at(second)), one.progress(at(second)), begun)
    };
    assert_eq!(seen(&operations, 1), (Status::Pending, 1, false));
    assert_eq!(seen(&operations, 50), (Status::Running, 50, true));
    assert_eq!(seen(&operations, 500), (Status::Running, 99, true));
    operations.end("o", at(500));
    assert_eq!(seen(&operations, 500), (Status::Done, 100, true));
    assert_eq!(operations.unfinished().count(), 0);
}

#[test]
fn what_will_fail_shows_no_error_before_its_end() {
    let (mut operations, ..) = begun("async-fail");
    assert_eq!(operations.get("o").unwrap().failure(), None);
    operations.end("o", at(100));
    assert!(operations.get("o").unwrap().failure().is_some());
}

#[test]
fn half_of_it_is_done_in_the_middle_even_if_it_never_ends() {
    for (fault, expected) in [("", 50), ("async-late(3)", 150), ("async-stuck", 50)] {
        let (operations, ..) = begun(fault);
        assert_eq!(
            operations.get("o").unwrap().halfway(),
            at(expected),
            "{fault}"
        );
    }
    let (operations, ..) = begun("async-fail");
    assert!(operations.get("o").unwrap().will_fail().is_some());
}

#[test]
fn a_cancelled_operation_ends_once_and_soon() {
    let (mut operations, ..) = begun("async-stuck");
    let cancelled = || Failure::new("CANCELLED", "cancelled");
    let five = SignedDuration::from_secs(5);
    let end = operations.cancel("o", cancelled(), five, at(40));
    assert_eq!(end, Ok(at(45)));
    assert_eq!(
        operations.get("o").unwrap().status(at(41)),
        Status::Cancelling
    );
    assert!(operations.end("o", at(44)).is_none());
    let ended = operations.end("o", at(45)).unwrap();
    assert_eq!(ended.failure(), Some(&cancelled()));
    assert!(operations.end("o", at(100)).is_none());
    let again = operations.cancel("o", cancelled(), five, at(50));
    assert_eq!(again, Err(NotCancelled::Ended));
    let unknown = operations.cancel("p", cancelled(), five, at(50));
    assert_eq!(unknown, Err(NotCancelled::Unknown));
}

#[test]
fn a_waiting_call_is_answered_at_the_end_or_after_its_limit() {
    let (mut operations, ..) = begun("");
    let limit = SignedDuration::from_secs(60);
    let wait = |operations: &Operations, asked, now| {
        let rest = operations.wait("o", at(asked), limit, at(now));
        rest.map(|rest| rest.as_secs())
    };
    assert_eq!(wait(&operations, 10, 10), Some(60));
    assert_eq!(wait(&operations, 10, 70), None);
    assert_eq!(wait(&operations, 70, 70), Some(30));
    operations.end("o", at(100));
    assert_eq!(wait(&operations, 70, 100), None);
    assert_eq!(operations.wait("p", at(0), limit, at(0)), None);
}

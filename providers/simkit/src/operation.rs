//! Long-running operations: a call is accepted at once, and what it asked for ends later, well or badly.
//!
//! A mechanism for every cloud that answers with an operation to be polled. The cloud decides what happens when an
//! operation ends, and how it is written down.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::injected::{AsyncFault, InjectedFault};
use crate::store::Store;

/// How long an accepted operation waits before it runs.
const PENDING: SignedDuration = SignedDuration::from_secs(2);

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Accepted, and not begun.
    Pending,
    /// Under way.
    Running,
    /// Under way, and asked to stop.
    Cancelling,
    /// Ended, well or badly.
    Done,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The cloud's code.
    pub code: String,
    /// What happened, as text.
    pub message: String,
}

impl Failure {
    /// A failure with this code and message.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// What is known of an operation when it begins.
#[derive(Clone, Debug)]
pub struct NewOperation {
    /// Its id, unique in the account.
    pub id: String,
    /// What it does, in the cloud's words (`insert`, `CREATE_CLUSTER`).
    pub kind: String,
    /// Where it is listed (`zones/a`).
    pub scope: String,
    /// The resource that it changes, in the cloud's form.
    pub target: String,
    /// How long it takes.
    pub lasts: SignedDuration,
    /// How it fails, if it does.
    pub failure: Option<Failure>,
}

/// An operation of an account.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// What it does.
    pub kind: String,
    /// Where it is listed.
    pub scope: String,
    /// The resource that it changes.
    pub target: String,
    /// When it was accepted.
    pub started: Timestamp,
    /// How long it is expected to take.
    lasts: SignedDuration,
    /// When it ends; `None` if it never does.
    due: Option<Timestamp>,
    ended: Option<Timestamp>,
    failure: Option<Failure>,
    is_cancelled: bool,
}

impl Operation {
    /// How far it is.
    pub fn status(&self, now: Timestamp) -> Status {
        match self.ended {
            Some(_) => Status::Done,
            None if self.is_cancelled => Status::Cancelling,
            None if now.duration_since(self.started) < PENDING => Status::Pending,
            None => Status::Running,
        }
    }

    /// How much of it is done, percent: 100 only at its end.
    pub fn progress(&self, now: Timestamp) -> u8 {
        if self.ended.is_some() {
            return 100;
        }
        let (passed, all) = (now.duration_since(self.started), self.lasts);
        let percent = passed.as_secs().saturating_mul(100) / all.as_secs().max(1);
        u8::try_from(percent.clamp(0, 99)).unwrap_or(99)
    }

    /// When it began to run; `None` while it is pending.
    pub fn began(&self, now: Timestamp) -> Option<Timestamp> {
        (self.status(now) != Status::Pending).then_some(self.started)
    }

    /// When it ended; `None` while it runs.
    pub fn ended(&self) -> Option<Timestamp> {
        self.ended
    }

    /// When it will end; `None` if it has ended or never will.
    pub fn due(&self) -> Option<Timestamp> {
        self.due.filter(|_| self.ended.is_none())
    }

    /// Why it failed; `None` while it runs, whatever will become of it.
    pub fn failure(&self) -> Option<&Failure> {
        self.ended.and(self.failure.as_ref())
    }

    /// How it will fail when it ends: known to the simulator, and shown to no client.
    pub fn will_fail(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// When half of it is done; of one that never ends, too.
    pub fn halfway(&self) -> Timestamp {
        let all = self
            .due
            .map_or(self.lasts, |due| due.duration_since(self.started));
        self.started.saturating_add(all / 2).unwrap_or(self.started)
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled
    }
}

/// Why an operation is not cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCancelled {
    /// There is no such operation.
    #[error("unknown operation")]
    Unknown,
    /// It has ended.
    #[error("the operation has ended")]
    Ended,
}

/// The operations of an account, in the order in which they were accepted.
#[derive(Clone, Debug, Default)]
pub struct Operations {
    all: Store<Operation>,
}

impl Operations {
    /// Begins an operation. An injected asynchronous fault is carried out here, and so acknowledged: the operation
    /// fails as `explained` says for the fault's code, never ends, or takes longer. Returns when it ends, which the
    /// caller must schedule; `None` if it never does.
    pub fn begin(
        &mut self,
        new: NewOperation,
        injected: &InjectedFault,
        explained: impl FnOnce(Option<&str>) -> Failure,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let (mut failure, mut lasts, mut is_stuck) = (new.failure, new.lasts, false);
        match injected.take_async() {
            None => {}
            Some(AsyncFault::Fail(code)) => failure = Some(explained(code.as_deref())),
            Some(AsyncFault::Stuck) => is_stuck = true,
            Some(AsyncFault::Late(times)) => {
                lasts =
                    SignedDuration::from_secs(lasts.as_secs().saturating_mul(i64::from(*times)));
            }
        }
        let due = now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
        let due = Some(due).filter(|_| !is_stuck);
        let operation = Operation {
            id: new.id.clone(),
            kind: new.kind,
            scope: new.scope,
            target: new.target,
            started: now,
            lasts,
            due,
            ended: None,
            failure,
            is_cancelled: false,
        };
        self.all.insert(new.id, operation);
        due
    }

    /// The operation with this id.
    pub fn get(&self, id: &str) -> Option<&Operation> {
        self.all.get(id)
    }

    /// All operations, in the order in which they were accepted.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Operation> {
        self.all.all()
    }

    /// Those that have not ended.
    pub fn unfinished(&self) -> impl Iterator<Item = &Operation> {
        self.all.all().filter(|one| one.ended.is_none())
    }

    /// Ends an operation that is due, and returns it. `None` if it is not due or has ended already: the time of a
    /// cancelled operation's first end comes too.
    pub fn end(&mut self, id: &str, now: Timestamp) -> Option<Operation> {
        let operation = self.all.get_mut(id)?;
        operation.due().filter(|due| *due <= now)?;
        operation.ended = Some(now);
        Some(operation.clone())
    }

    /// Lets an operation that ends now, or has just ended, fail: only at its end was it seen that it cannot succeed.
    pub fn fail(&mut self, id: &str, failure: Failure) {
        if let Some(operation) = self.all.get_mut(id) {
            operation.failure = Some(failure);
        }
    }

    /// Cancels an operation: it ends with `failure` after `lasts`. Returns when, which the caller must schedule.
    ///
    /// # Errors
    /// When it has ended, or does not exist.
    pub fn cancel(
        &mut self,
        id: &str,
        failure: Failure,
        lasts: SignedDuration,
        now: Timestamp,
    ) -> Result<Timestamp, NotCancelled> {
        let operation = self.all.get_mut(id).ok_or(NotCancelled::Unknown)?;
        if operation.ended.is_some() {
            return Err(NotCancelled::Ended);
        }
        let end = now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
        // One that was about to end does not end later for being cancelled.
        let end = operation.due.map_or(end, |due| due.min(end));
        operation.due = Some(end);
        operation.is_cancelled = true;
        operation.failure = Some(failure);
        Ok(end)
    }

    /// How long a call that waits for an operation since `asked`, and `at_most` this long, has still to wait; `None`
    /// if it is to be answered now.
    pub fn wait(
        &self,
        id: &str,
        asked: Timestamp,
        at_most: SignedDuration,
        now: Timestamp,
    ) -> Option<Duration> {
        let operation = self.all.get(id).filter(|one| one.ended.is_none())?;
        let limit = asked.saturating_add(at_most).unwrap_or(now);
        let until = operation.due.map_or(limit, |due| due.min(limit));
        let rest = until.duration_since(now);
        Duration::try_from(rest).ok().filter(|rest| !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
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
}

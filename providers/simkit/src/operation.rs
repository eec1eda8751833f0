//! Long-running operations: a call is accepted at once, and what it asked for ends later, well or badly.
//!
//! A mechanism for every cloud that answers with an operation to be polled. The cloud decides what happens when an
//! operation ends, and how it is written down.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::injected::{AsyncFault, InjectedFault};
use crate::store::Store;

#[cfg(test)]
mod tests;

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

//! Waiting for a state that the cloud reaches by itself, on a schedule and up to a limit.
//!
//! Different from a retry: every call succeeds, and the resource takes its time.

use std::future::Future;
use std::time::Duration;

use crate::error::CallError;
use crate::session::Session;

/// How often to check: seldom while the state cannot have been reached yet, then often. This keeps calls few, and
/// the time lost after the end short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollSchedule {
    seldom: Duration,
    early: Duration,
    often: Duration,
}

impl PollSchedule {
    /// Every so many seconds.
    pub const fn every(seconds: u64) -> Self {
        Self::new(seconds, 0, seconds)
    }

    /// Every `seldom` seconds until `early` seconds have passed, then every `often` seconds.
    pub const fn new(seldom: u64, early: u64, often: u64) -> Self {
        Self {
            seldom: Duration::from_secs(seldom),
            early: Duration::from_secs(early),
            often: Duration::from_secs(often),
        }
    }

    fn wait(&self, waited: Duration) -> Duration {
        if waited < self.early {
            self.seldom
        } else {
            self.often
        }
    }
}

/// What a check showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poll<T> {
    /// The state that was waited for.
    Ready(T),
    /// Another state that may still lead there.
    Pending(String),
    /// A state that will not lead there, with what is known.
    Failed(String),
}

/// Checks until the state is reached. `what` names the wait in errors.
///
/// # Errors
/// When a check fails for good, the state cannot be reached any more, or the limit has passed.
pub async fn poll_until<T, L, F>(
    session: &Session,
    schedule: PollSchedule,
    limit: Duration,
    what: &str,
    check: L,
) -> Result<T, CallError>
where
    L: Fn() -> F + Send + Sync,
    F: Future<Output = Result<Poll<T>, CallError>> + Send,
    T: Send,
{
    let began = session.elapsed();
    // Ends by the clock: every round lets time pass.
    loop {
        let state = match check().await? {
            Poll::Ready(value) => return Ok(value),
            Poll::Failed(why) => return Err(CallError::state(what, why)),
            Poll::Pending(state) => state,
        };
        let waited = session.elapsed().saturating_sub(began);
        if waited >= limit {
            let message = format!("still `{state}` after {} s", waited.as_secs());
            return Err(CallError::state(what, message));
        }
        session.sleep(schedule.wait(waited)).await?;
    }
}

//! Polling for a state that the cloud reaches by itself, with a schedule and a limit.
//!
//! Unlike a retry, every call here succeeds; the resource takes its time.

use std::future::Future;
use std::time::Duration;

use crate::provisioner::error::CallError;
use crate::provisioner::session::Session;

/// How often to poll: seldom while it cannot be ready yet, then often. This keeps calls few and the time lost after
/// the real end short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PollSchedule {
    /// The pause between polls before `early` has passed.
    seldom: Duration,
    /// The time before which the end is not expected.
    early: Duration,
    /// The pause between polls after that.
    often: Duration,
}

impl PollSchedule {
    /// A NAT gateway: 1 to 3 minutes, and never on the longest chain.
    pub(crate) const NAT: Self = Self::new(20, 0, 20);
    /// A cluster: hardly ever ready before 7 minutes.
    pub(crate) const CLUSTER: Self = Self::new(30, 420, 10);
    /// A node group: hardly ever ready before 100 seconds.
    pub(crate) const NODES: Self = Self::new(20, 100, 10);
    /// Deletions of clusters and node groups, and interfaces that linger.
    pub(crate) const GONE: Self = Self::new(30, 0, 30);

    const fn new(seldom: u64, early: u64, often: u64) -> Self {
        Self {
            seldom: Duration::from_secs(seldom),
            early: Duration::from_secs(early),
            often: Duration::from_secs(often),
        }
    }
}

/// Whether something that was begun at this time is so late that it will never be ready.
pub(crate) fn is_stuck(
    session: &Session,
    since: Option<&aws_smithy_types::DateTime>,
    limit: Duration,
) -> bool {
    let now = session.connection.clock.now().as_second();
    let limit = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
    since.is_some_and(|since| now.saturating_sub(since.secs()) >= limit)
}

/// The result of one poll.
pub(crate) enum Poll<T> {
    /// The state that was waited for.
    Ready(T),
    /// Another state, as text, that may still lead there.
    Pending(String),
    /// A state that will not lead there, with the reason.
    Failed(String),
}

/// Polls until the state is reached.
///
/// # Errors
/// When a poll fails for good, the state cannot be reached any more, or the limit has passed.
pub(crate) async fn poll_until<T, L, F>(
    session: &Session,
    schedule: PollSchedule,
    limit: Duration,
    what: &str,
    poll: L,
) -> Result<T, CallError>
where
    L: Fn() -> F + Send + Sync,
    F: Future<Output = Result<Poll<T>, CallError>> + Send,
    T: Send,
{
    let began = session.elapsed();
    // Ends by the clock: every round takes time.
    loop {
        let state = match poll().await? {
            Poll::Ready(value) => return Ok(value),
            Poll::Failed(why) => return Err(CallError::other(what, why)),
            Poll::Pending(state) => state,
        };
        let waited = session.elapsed().saturating_sub(began);
        if waited >= limit {
            let message = format!("still `{state}` after {} s", waited.as_secs());
            return Err(CallError::other(what, message));
        }
        let wait = if waited < schedule.early {
            schedule.seldom
        } else {
            schedule.often
        };
        session.sleep(wait).await?;
    }
}

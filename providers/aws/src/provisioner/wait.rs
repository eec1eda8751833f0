//! Waiting for a state that the cloud reaches by itself, with a pace and a limit.
//!
//! Apart from retries because here every call succeeds: it is the resource that takes its time.

use std::future::Future;
use std::time::Duration;

use crate::provisioner::problem::Problem;
use crate::provisioner::session::Session;

/// How often to look: seldom while it cannot be ready yet, then often. This keeps calls few and the
/// time lost after the real end short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The wait between looks before `early` has passed.
    seldom: Duration,
    /// The time before which the end is not expected.
    early: Duration,
    /// The wait between looks after that.
    often: Duration,
}

impl Pace {
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

/// Whether a thing that was begun at this time should long be ready: then it never will be.
pub(crate) fn is_stuck(
    session: &Session,
    since: Option<&aws_smithy_types::DateTime>,
    limit: Duration,
) -> bool {
    let now = session.connection.clock.now().as_second();
    let limit = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
    since.is_some_and(|since| now.saturating_sub(since.secs()) >= limit)
}

/// What a look showed.
pub(crate) enum Seen<T> {
    /// The state that was waited for.
    Done(T),
    /// Another state, in words, that may still lead there.
    Waiting(String),
    /// A state that will not lead there, with what is known.
    Failed(String),
}

/// Looks until the state is reached.
///
/// # Errors
/// When a look fails for good, the state cannot be reached any more, or the limit has passed.
pub(crate) async fn until<T, L, F>(
    session: &Session,
    pace: Pace,
    limit: Duration,
    what: &str,
    look: L,
) -> Result<T, Problem>
where
    L: Fn() -> F + Send + Sync,
    F: Future<Output = Result<Seen<T>, Problem>> + Send,
    T: Send,
{
    let began = session.elapsed();
    // Ends by the clock: every round lets time pass.
    loop {
        let state = match look().await? {
            Seen::Done(value) => return Ok(value),
            Seen::Failed(why) => return Err(Problem::ours(what, why)),
            Seen::Waiting(state) => state,
        };
        let waited = session.elapsed().saturating_sub(began);
        if waited >= limit {
            let message = format!("still `{state}` after {} s", waited.as_secs());
            return Err(Problem::ours(what, message));
        }
        let wait = if waited < pace.early {
            pace.seldom
        } else {
            pace.often
        };
        session.pause(wait).await?;
    }
}

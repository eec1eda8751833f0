//! What every EC2 resource has: id, tags, and when it becomes visible to reads.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
pub use kubeproof_simkit::store::{Store, Tags};

use crate::state::State;

/// What every EC2 resource has.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The id, such as `vpc-0123456789abcdef0`.
    pub id: String,
    pub created_at: Timestamp,
    /// When reads begin to see it: later than its creation if reads lag.
    pub visible_at: Timestamp,
    pub tags: Tags,
}

impl Meta {
    /// A new resource whose id begins with `prefix` (`vpc-`).
    pub fn new(state: &mut State, prefix: &str, tags: Tags) -> Self {
        let id = state.ids.prefixed(prefix);
        let lag = read_lag(state);
        Self {
            id,
            created_at: state.now,
            visible_at: later(state.now, lag),
            tags,
        }
    }

    /// Whether the resource is so new that it is still `pending`.
    pub fn is_new(&self, state: &State) -> bool {
        state.now <= self.created_at
    }

    /// The state of what is `available` as soon as it is not new any more.
    pub fn pending_or_available(&self, state: &State) -> String {
        let name = if self.is_new(state) {
            "pending"
        } else {
            "available"
        };
        name.to_owned()
    }

    /// The value of the `Name` tag.
    pub fn name(&self) -> Option<String> {
        self.tags.get("Name").cloned()
    }
}

/// About half of the reads do not lag, the others lag up to the longest lag. What an account has
/// from its start was always visible.
fn read_lag(state: &mut State) -> Duration {
    let longest = u64::try_from(state.durations.read_lag_max.as_millis()).unwrap_or(u64::MAX / 4);
    let drawn = state.ids.below(longest * 2 + 1).saturating_sub(longest);
    if state.now == state.setup.start {
        Duration::ZERO
    } else {
        Duration::from_millis(drawn)
    }
}

/// The time a duration later.
pub fn later(at: Timestamp, wait: Duration) -> Timestamp {
    at + SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)
}

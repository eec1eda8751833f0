//! The generic store of EC2 resources: creation order, tags, and when a resource becomes visible to reads.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};

use crate::state::State;

/// Tags: key → value.
pub type Tags = BTreeMap<String, String>;

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

/// All resources of one type, in order of creation.
#[derive(Clone, Debug)]
pub struct Store<T> {
    items: IndexMap<String, T>,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            items: IndexMap::new(),
        }
    }
}

impl<T> Store<T> {
    /// Adds a resource under its id.
    pub fn insert(&mut self, id: &str, item: T) {
        self.items.insert(id.to_owned(), item);
    }

    /// The resource with this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.items.get(id)
    }

    /// The resource with this id, mutable.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.items.get_mut(id)
    }

    /// Removes a resource.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        self.items.shift_remove(id)
    }

    /// Whether a resource with this id exists.
    pub fn has(&self, id: &str) -> bool {
        self.items.contains_key(id)
    }

    /// All of them, in order of creation.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.values()
    }

    /// All of them, mutable.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.values_mut()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.items.len()
    }

    /// Keeps those for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.items.retain(|_, item| keep(item));
    }
}

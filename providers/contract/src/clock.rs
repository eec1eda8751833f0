//! Injected time: the wall-clock date of one trial.
//!
//! Dates (signatures, expiry, billing hours) must follow tokio's clock: virtual time while it is paused,
//! real time in a live run.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

/// A clock that starts at a wall-clock date and advances with tokio's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Timestamp,
    start: tokio::time::Instant,
}

impl Clock {
    /// A clock that shows `origin` now. Call it inside the runtime whose clock it should follow.
    pub fn starting_at(origin: Timestamp) -> Self {
        Self {
            origin,
            start: tokio::time::Instant::now(),
        }
    }

    /// The date now.
    pub fn now(&self) -> Timestamp {
        self.origin + SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX)
    }

    /// The time since the clock was started.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The date now, as the standard library's type.
    pub fn system_time(&self) -> SystemTime {
        self.now().into()
    }
}

//! Injected time: what "now" is for one trial.
//!
//! Apart from tokio's clock because wall-clock dates (signatures, expiry, billing hours) must follow
//! virtual time too. Under a paused tokio clock this is virtual; live it is the real time.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

/// A clock whose origin is a wall-clock date and whose pace is tokio's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Timestamp,
    start: tokio::time::Instant,
}

impl Clock {
    /// A clock that shows `origin` now. Call it inside the runtime whose pace it shall follow.
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

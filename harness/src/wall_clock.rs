//! Real time: how long a trial took on this machine, and today's date for live runs.
//!
//! The only place in the harness that reads the machine's clock; everything else follows the trial's clock.

use jiff::Timestamp;

// tidy: real time: how long a trial took here, and the date of a live run.
/// The real date and time now.
pub fn today() -> Timestamp {
    Timestamp::now()
}

/// Measures real time from its creation.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Timestamp);

impl Stopwatch {
    /// Starts a stopwatch.
    pub fn start() -> Self {
        Self(today())
    }

    /// Real milliseconds since it was started; zero when the machine's clock was set back meanwhile.
    pub fn milliseconds(&self) -> u64 {
        u64::try_from(today().duration_since(self.0).as_millis()).unwrap_or(0)
    }
}

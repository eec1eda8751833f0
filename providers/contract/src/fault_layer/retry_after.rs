//! Checks that clients wait as long as `Retry-After` tells them to.
//!
//! tidy: real time (a program waits by its own clock, which is the real one).

use std::time::Duration;

use tokio::time::Instant;

use crate::call::{Actor, Signature};

/// The waits that clients were asked for, and the calls that ignored them.
#[derive(Debug, Default)]
pub struct RetryAfterWaits {
    asked: Vec<Wait>,
    ignored: Vec<String>,
    programs: bool,
}

#[derive(Debug)]
struct Wait {
    key: Vec<u8>,
    until: Instant,
    at: std::time::Instant,
    seconds: u64,
}

impl Wait {
    /// Whether the wait is still on: by the cloud's clock and, for programs, also by their own, because the
    /// cloud's clock stands still while they compute.
    fn is_early(&self, programs: bool) -> bool {
        let own = programs && self.at.elapsed() >= Duration::from_secs(self.seconds);
        self.until > Instant::now() && !own
    }
}

impl RetryAfterWaits {
    /// The clients are programs, with a clock of their own.
    pub fn of_programs(&mut self) {
        self.programs = true;
    }

    /// A new process was not asked to wait for anything.
    pub fn forget(&mut self) {
        self.asked.clear();
    }

    /// A client was told to wait `seconds` before it sends this call again.
    pub fn ask(&mut self, key: Vec<u8>, seconds: u64) {
        // A wait beyond the end of the clock never ends.
        let Some(until) = Instant::now().checked_add(Duration::from_secs(seconds)) else {
            return;
        };
        self.asked.push(Wait {
            key,
            until,
            at: std::time::Instant::now(),
            seconds,
        });
    }

    /// Notes that a call is sent, and whether that is too early.
    pub fn sent(&mut self, actor: Actor, signature: &Signature, key: &[u8]) {
        let now = Instant::now();
        let early = self
            .asked
            .iter()
            .find(|asked| asked.key == key && asked.is_early(self.programs));
        if let Some(asked) = early {
            let early = asked.until.duration_since(now).as_millis();
            self.ignored.push(format!(
                "{actor} repeated {signature} {early} ms before the {} s of its Retry-After were over",
                asked.seconds
            ));
        }
    }

    /// The calls that were repeated too early, a message each.
    pub fn ignored(&self) -> Vec<String> {
        self.ignored.clone()
    }
}

//! Whether those who were told to wait did so: `Retry-After` is a promise of the client.
//!
//! Apart from the layer because it judges, and the layer only strikes.
//!
//! tidy: real time (a program waits by its own clock, which is the real one).

use std::time::Duration;

use tokio::time::Instant;

use crate::call::{Actor, Signature};

/// The waits that were asked for, and the calls that did not keep them.
#[derive(Debug, Default)]
pub struct Waits {
    asked: Vec<Asked>,
    broken: Vec<String>,
    programs: bool,
}

#[derive(Debug)]
struct Asked {
    key: Vec<u8>,
    until: Instant,
    at: std::time::Instant,
    seconds: u64,
}

impl Asked {
    /// Whether it is too early, on the cloud's clock and, for programs, on their own: while they compute, the
    /// cloud's stands.
    fn is_early(&self, programs: bool) -> bool {
        let own = programs && self.at.elapsed() >= Duration::from_secs(self.seconds);
        self.until > Instant::now() && !own
    }
}

impl Waits {
    /// Those who wait are programs, with a clock of their own.
    pub fn of_programs(&mut self) {
        self.programs = true;
    }

    /// A new process knows of no wait.
    pub fn forget(&mut self) {
        self.asked.clear();
    }

    /// A call was told to wait so long before it is sent again.
    pub fn ask(&mut self, key: Vec<u8>, seconds: u64) {
        // What lies beyond the clock's end is never over.
        let Some(until) = Instant::now().checked_add(Duration::from_secs(seconds)) else {
            return;
        };
        self.asked.push(Asked {
            key,
            until,
            at: std::time::Instant::now(),
            seconds,
        });
    }

    /// A call is sent.
    pub fn sent(&mut self, actor: Actor, signature: &Signature, key: &[u8]) {
        let now = Instant::now();
        let early = self
            .asked
            .iter()
            .find(|asked| asked.key == key && asked.is_early(self.programs));
        if let Some(asked) = early {
            let early = asked.until.duration_since(now).as_millis();
            self.broken.push(format!(
                "{actor} repeated {signature} {early} ms before the {} s were over that Retry-After \
                 asks for",
                asked.seconds
            ));
        }
    }

    /// What was repeated too early, in words.
    pub fn broken(&self) -> Vec<String> {
        self.broken.clone()
    }
}

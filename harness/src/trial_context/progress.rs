//! The progress of running trials, for whatever displays it: a terminal, plain lines, or nothing.

use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::check::Verdict;

/// Receives the progress of running trials. Called from the threads that run them.
pub trait Progress: Send + Sync {
    /// A trial has begun.
    fn begins(&self, _trial: &str) {}
    /// A trial has entered a phase, at this time since its start on its own clock.
    fn phase(&self, _trial: &str, _phase: &str, _at: Duration) {}
    /// A progress message of the provisioner.
    fn note(&self, _trial: &str, _line: &str) {}
    /// A phase has ended.
    fn phase_done(&self, _trial: &str, _phase: &str, _verdict: Verdict, _message: &str) {}
    /// A trial has ended.
    fn ends(&self, _trial: &str, _verdict: Verdict, _calls: u64, _milliseconds: u64) {}
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

impl Silent {
    /// A shared instance.
    pub fn shared() -> Arc<dyn Progress> {
        Arc::new(Self)
    }
}

//! What a trial says while it runs.
//!
//! Apart from how it is shown: a terminal, plain lines and silence all listen to the same.

use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::check::Verdict;

/// Listens to running trials. Called from the threads that run them.
pub trait Progress: Send + Sync {
    /// A trial has begun.
    fn begins(&self, _trial: &str) {}
    /// A trial has entered a phase, so long after its start in its own clock.
    fn phase(&self, _trial: &str, _phase: &str, _at: Duration) {}
    /// What is being done in the phase, as the provisioner says it.
    fn note(&self, _trial: &str, _line: &str) {}
    /// A phase has ended.
    fn phase_done(&self, _trial: &str, _phase: &str, _verdict: Verdict, _message: &str) {}
    /// A trial has ended.
    fn ends(&self, _trial: &str, _verdict: Verdict, _calls: u64, _milliseconds: u64) {}
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

impl Silent {
    /// Silence, to be shared.
    pub fn shared() -> Arc<dyn Progress> {
        Arc::new(Self)
    }
}

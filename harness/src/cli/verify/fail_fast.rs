//! Stops a run at its first finding (`--fail-fast`).

use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::check::Verdict;

use crate::trial_context::cancel::CancelToken;
use crate::trial_context::progress::Progress;

/// Shows progress as `shown` does, and asks all trials to stop once one has failed.
pub fn stopping(shown: Arc<dyn Progress>, cancel: &CancelToken) -> Arc<dyn Progress> {
    Arc::new(FailFast {
        shown,
        cancel: cancel.clone(),
    })
}

struct FailFast {
    shown: Arc<dyn Progress>,
    cancel: CancelToken,
}

impl Progress for FailFast {
    fn begins(&self, trial: &str) {
        self.shown.begins(trial);
    }

    fn phase(&self, trial: &str, phase: &str, at: Duration) {
        self.shown.phase(trial, phase, at);
    }

    fn note(&self, trial: &str, line: &str) {
        self.shown.note(trial, line);
    }

    fn phase_done(&self, trial: &str, phase: &str, verdict: Verdict, message: &str) {
        self.shown.phase_done(trial, phase, verdict, message);
    }

    fn ends(&self, trial: &str, verdict: Verdict, calls: u64, milliseconds: u64) {
        self.shown.ends(trial, verdict, calls, milliseconds);
        if verdict == Verdict::Fail {
            self.cancel.cancel();
        }
    }
}

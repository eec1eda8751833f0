//! The end of a trial whose cluster is kept for a look (`--keep`): nothing is torn down, so nothing is proved about it.

use kubeproof_contract::check::Verdict;

use crate::recorder::Recorder;
use crate::trial_context::TrialContext;

/// Whether the cluster is kept. A trial that was asked to stop, or that may cost too much, is torn down all the same.
pub fn is_kept(context: &TrialContext<'_>, is_overspent: bool) -> bool {
    context.keeps && !is_overspent && !context.cancel.is_cancelled()
}

/// Writes down what was not done. The teardown is unknown, so that the trial never passes.
pub fn note(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    let command = context.clean_up_command();
    let phase = recorder.begin("teardown");
    let message =
        format!("was not done: what the run made is kept (--keep); remove it with `{command}`");
    recorder.end(phase, Verdict::Unknown, message);
    for name in ["audit", "cost"] {
        recorder.skip(name, "was not done: what the run made is kept (--keep)");
    }
}

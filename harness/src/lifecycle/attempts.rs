//! What attempts of the provisioner run under, and how their ends are written down.

use crate::inspect::sources::Sources;
use crate::phases::attempt::{AttemptPhase, AttemptSetting};
use crate::phases::reported;
use crate::recorder::{OpenPhase, Recorder};
use crate::trial_context::TrialContext;

/// What attempts of a trial use.
pub fn attempt_setting<'a>(context: &'a TrialContext<'_>) -> AttemptSetting<'a> {
    AttemptSetting {
        sources: Sources::of(context),
        account: context,
        clock: context.clock,
        faults: &context.faults,
        programs: &context.programs,
        cancel: &context.cancel,
    }
}

/// Writes down the end of an attempt. Where there is no ground truth, the account is then checked for what it says that
/// it left behind, before another process can hide that.
pub async fn write_attempt(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    phase: OpenPhase,
    ended: AttemptPhase,
) {
    recorder.ended_by_machine |= ended.ended_by_machine;
    recorder.write(phase, ended.phase);
    if let Some(report) = ended.report {
        let phase = recorder.begin(reported::PHASE);
        let outcome = reported::check_account(&attempt_setting(context), &report).await;
        recorder.write(phase, outcome);
    }
}

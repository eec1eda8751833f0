//! What a trial can be observed with.

use jiff::Timestamp;
use kubeproof_contract::scenario::Tier;

use crate::audit::calls::mutating;
use crate::oracles::needs::Source;
use crate::trial_context::TrialContext;

/// What a trial can be observed with, besides inventories, which may fail.
pub fn sources(context: &TrialContext<'_>) -> Vec<Source> {
    let mut there = vec![Source::Inventories];
    if context.ground_truth.is_some() {
        there.extend([Source::GroundTruth, Source::Meter]);
    }
    if sees_calls(context) {
        there.push(Source::Calls);
    }
    there
}

/// Whether the provisioner's calls pass through this process, which those of a program in a real cloud do not.
pub fn sees_calls(context: &TrialContext<'_>) -> bool {
    context.trial.tier == Tier::Rehearsal || !context.scenario().provisioner.is_external()
}

/// When the provisioner first changed anything, if it did. Where its calls are not seen: when it began, which was
/// `provisioning_since`.
pub fn first_change(
    context: &TrialContext<'_>,
    provisioning_since: Option<Timestamp>,
) -> Option<Timestamp> {
    if !sees_calls(context) {
        return provisioning_since;
    }
    let journal = context.journal.calls();
    mutating(&journal).next().map(|call| call.at)
}

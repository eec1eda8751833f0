//! What a trial can be observed with.

use kubeproof_contract::scenario::Tier;

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

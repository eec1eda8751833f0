//! What a trial can be observed with.

use std::path::Path;

use jiff::Timestamp;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::run::Run;

use crate::audit::calls::mutating;
use crate::audit::claims::OwnCalls;
use crate::oracles::needs::Source;
use crate::trial::Trial;
use crate::trial_context::TrialContext;

/// What a trial can be observed with, besides inventories, which may fail.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    pub trial: &'a Trial,
    pub run: &'a Run,
    /// The plan of the scenario.
    pub plan: &'a dyn Plan,
    /// Folder of the run directories, which name other runs of this machine.
    pub out: Option<&'a Path>,
    /// All calls made so far.
    pub journal: &'a Journal,
    /// The ground truth, in a rehearsal.
    pub ground_truth: Option<&'a dyn GroundTruth>,
}

impl<'a> Sources<'a> {
    /// The sources of a trial.
    pub fn of(context: &'a TrialContext<'_>) -> Self {
        Self {
            trial: context.trial,
            run: &context.run,
            plan: context.plan.as_ref(),
            out: context.out.as_deref(),
            journal: &context.journal,
            ground_truth: context.ground_truth.as_deref(),
        }
    }

    /// Their names, as oracles need them.
    pub fn names(&self) -> Vec<Source> {
        let mut there = vec![Source::Inventories];
        if self.ground_truth.is_some() {
            there.extend([Source::GroundTruth, Source::Meter]);
        }
        if self.sees_calls() {
            there.push(Source::Calls);
        }
        there
    }

    /// Whether the provisioner's calls pass through this process.
    pub fn sees_calls(&self) -> bool {
        self.trial.sees_calls()
    }

    /// The mutating calls of this trial, and whether they are complete.
    pub fn own_calls(&self) -> OwnCalls {
        OwnCalls::of(self.journal.calls(), self.sees_calls())
    }

    /// When the provisioner first changed anything, if it did. Where its calls are not seen: when it began, which was
    /// `provisioning_since`.
    pub fn first_change(&self, provisioning_since: Option<Timestamp>) -> Option<Timestamp> {
        if !self.sees_calls() {
            return provisioning_since;
        }
        let journal = self.journal.calls();
        mutating(&journal).next().map(|call| call.at)
    }
}

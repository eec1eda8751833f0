//! Inspects a simulated account by its ground truth.
//!
//! An observer needs hundreds of calls for the same, and every rehearsal outside campaigns proves it equal to the
//! ground truth (O3).

use async_trait::async_trait;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::observer::{Observer, ObserverError};
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::{Audit, Coverage, Orphan};

use super::attribution::{Attribution, orphan};
use super::sources::Sources;
use super::{Inspector, Split};
use crate::audit::inventory::Inventory;
use crate::audit::{compare, retained};
use crate::oracles::{Violation, end_state, orphans};

/// Reads the ground truth.
pub struct GroundTruthInspector<'a> {
    pub sources: Sources<'a>,
    pub account: &'a dyn Observer,
    pub ground_truth: &'a dyn GroundTruth,
}

#[async_trait(?Send)]
impl Inspector for GroundTruthInspector<'_> {
    fn account(&self) -> &dyn Observer {
        self.account
    }

    fn sources(&self) -> Sources<'_> {
        self.sources
    }

    fn plan(&self) -> &dyn Plan {
        self.sources.plan
    }

    fn attribution(&self) -> Attribution<'_> {
        Attribution::now(self.sources, self.account)
    }

    fn ground_truth(&self) -> Option<&dyn GroundTruth> {
        Some(self.ground_truth)
    }

    fn lists(&self) -> bool {
        false
    }

    async fn take(&self) -> Inventory {
        Inventory {
            resources: self.ground_truth.inventory(),
            // It counts as one cell, which is always complete.
            coverage: Coverage {
                cells: 1,
                listed: 1,
                ..Coverage::default()
            },
            ..Inventory::default()
        }
    }

    async fn complete(&self, new: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        Ok(new)
    }

    /// At most as much is retained as in the clean run.
    fn split(&self, new: Vec<Resource>) -> Split {
        let trial = self.sources.trial;
        let (provider, types) = (&trial.scenario.provider, self.account.resource_types());
        let declared = |resource: &Resource| {
            compare::retained(resource, types).is_some() || provider.retained(resource).is_some()
        };
        let key =
            |resource: &Resource| end_state::key(self.sources.run, self.sources.plan, resource);
        let kept = trial.clean().map(|clean| &clean.retained);
        let (retained, orphans) = retained::split(new, declared, key, kept);
        Split {
            orphans,
            retained,
            reasons: Vec::new(),
        }
    }

    async fn describe(&self, left: &[Resource], _: &[Resource]) -> (Vec<Orphan>, Vec<String>) {
        let orphans = left.iter().map(|it| orphan(self.plan(), it, Vec::new()));
        (orphans.collect(), Vec::new())
    }

    fn violations(&self, orphans: &[Orphan], torn_down: bool) -> Vec<Violation> {
        orphans::in_ground_truth(orphans, torn_down)
    }

    fn words(&self, audit: &Audit) -> String {
        let count = audit.orphans.len();
        format!("{count} left in the ground truth beyond what is retained by design")
    }
}

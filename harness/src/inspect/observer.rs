//! Inspects an account by listing it with an observer.

use async_trait::async_trait;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::observer::{Observer, ObserverError};
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::{Audit, Orphan};

use super::attribution::Attribution;
use super::sources::Sources;
use super::{Inspector, Split};
use crate::audit::compare;
use crate::audit::inventory::{self, Inventory};
use crate::oracles::{Violation, orphans};
use crate::recorder::checklist::audit_words;

/// Lists every cell of the account.
pub struct ObserverInspector<'a> {
    pub sources: Sources<'a>,
    pub account: &'a dyn Observer,
}

#[async_trait(?Send)]
impl Inspector for ObserverInspector<'_> {
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
        self.sources.ground_truth
    }

    fn lists(&self) -> bool {
        true
    }

    async fn take(&self) -> Inventory {
        inventory::take(self.account).await
    }

    async fn complete(&self, new: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        self.account.complete(new).await
    }

    fn split(&self, new: Vec<Resource>) -> Split {
        let types = self.account.resource_types();
        let may_stay = |resource: &&Resource| compare::retained(resource, types).is_some();
        let retained = new.iter().filter(may_stay).cloned().collect();
        let (orphans, reasons) = compare::split(new, types);
        Split {
            orphans,
            retained,
            reasons,
        }
    }

    async fn describe(
        &self,
        left: &[Resource],
        inventory: &[Resource],
    ) -> (Vec<Orphan>, Vec<String>) {
        if left.is_empty() {
            return (Vec::new(), Vec::new());
        }
        self.attribution().describe(left, inventory).await
    }

    fn violations(&self, orphans: &[Orphan], torn_down: bool) -> Vec<Violation> {
        orphans::listed(orphans, torn_down, self.sources.trial.tier)
    }

    fn words(&self, audit: &Audit) -> String {
        audit_words(audit)
    }
}

//! Inspection: what is in the account, and whose it is, as an observer or the ground truth shows it.

pub mod attribution;
pub mod ground_truth;
pub mod observer;
pub mod run_listing;
pub mod sources;

use async_trait::async_trait;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::observer::{Observer, ObserverError};
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::{Audit, Orphan};

use self::attribution::Attribution;
use self::sources::Sources;
use crate::audit::inventory::Inventory;
use crate::oracles::Violation;

/// How often the account is inspected while something is still there: deletions take time to show.
pub const LISTINGS_MAX: usize = 3;

/// New resources that belong to no bystander.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// What must not be there.
    pub orphans: Vec<Resource>,
    /// What is retained by design.
    pub retained: Vec<Resource>,
    /// The same as text, with the reasons, where the record lists it.
    pub reasons: Vec<String>,
}

/// Shows an audit what is there. One lists the account with an observer, the other reads the ground truth.
#[async_trait(?Send)]
pub trait Inspector {
    /// The account: its resource types, and how long deletions take to show.
    fn account(&self) -> &dyn Observer;

    /// What the trial can be observed with, besides inventories.
    fn sources(&self) -> Sources<'_>;

    /// The plan of the scenario: prices and marks.
    fn plan(&self) -> &dyn Plan;

    /// Tells the run's resources from those of others, as of now.
    fn attribution(&self) -> Attribution<'_>;

    /// The ground truth, in a rehearsal.
    fn ground_truth(&self) -> Option<&dyn GroundTruth>;

    /// Whether it lists the account, so that the ground truth may show more than it does.
    fn lists(&self) -> bool;

    /// Everything that is there now.
    async fn take(&self) -> Inventory;

    /// Reads what an inventory leaves out but ownership needs.
    ///
    /// # Errors
    /// When it could not be read.
    async fn complete(&self, new: Vec<Resource>) -> Result<Vec<Resource>, ObserverError>;

    /// Splits new resources into orphans and what is retained by design.
    fn split(&self, new: Vec<Resource>) -> Split;

    /// Each orphan with its cost and why it belongs to the run; and, as text, what certainly belongs to somebody else.
    async fn describe(
        &self,
        left: &[Resource],
        inventory: &[Resource],
    ) -> (Vec<Orphan>, Vec<String>);

    /// O1: the orphans that certainly belong to the run.
    fn violations(&self, orphans: &[Orphan], torn_down: bool) -> Vec<Violation>;

    /// The audit as a sentence.
    fn words(&self, audit: &Audit) -> String;
}

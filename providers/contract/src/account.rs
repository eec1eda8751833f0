//! The account: an observer of the cloud that is independent of any provisioner.
//!
//! It is written against the cloud's API with the cloud's SDK, never against a simulator.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::check::Check;
use crate::cost::{Billed, Estimate};
use crate::provisioner::{KubernetesAccess, Provisioned};
use crate::resource::{MonthlyCost, Resource, ResourceType};
use crate::run::Run;

/// Why the observer could not find out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call} failed: {message}")]
pub struct ObserverError {
    /// The call that failed, such as `ec2:DescribeAddresses`.
    pub call: String,
    /// What the cloud or the transport said.
    pub message: String,
}

/// What marks say of whose a resource is: another run, a cluster of another name. A claim, no proof: a
/// program may give a wrong tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// In words.
    pub words: String,
    /// The run that the marks name, where they name one.
    pub run: Option<String>,
    /// The ids of what must have been made for the resource to be there: itself, or what it hangs on. If
    /// the run made one of them, the claim is false. Empty: no call shows who made it.
    pub rests_on: Vec<String>,
}

/// Who made something, as far as the cloud's own trail of events says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The identity that the provisioner acts as, or one that the run made.
    Ours,
    /// Certainly another person.
    Theirs,
    /// A service, or a role that anybody may have taken.
    Unclear,
}

/// The making of a resource, as the cloud's own trail of events tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Making {
    /// Which call, by whom, when.
    pub words: String,
    /// By whom.
    pub caller: Caller,
}

/// The observer of one account for one scenario and run.
#[async_trait]
pub trait Account: Send + Sync {
    /// Checks credentials, permissions, quotas and the scenario against the account, changing nothing.
    /// A failed check stops the trial before anything is created.
    async fn preflight(&self) -> Vec<Check>;

    /// The id of the account that the credentials belong to, asked of the cloud, exactly as an
    /// allow-list would name it. `None` when the provider cannot tell: then nothing runs live.
    ///
    /// # Errors
    /// When the cloud could not be asked.
    async fn account_id(&self) -> Result<Option<String>, ObserverError> {
        Ok(None)
    }

    /// Evaluates the provider's rows of the checklist that describe a provisioned cluster.
    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check>;

    /// Access to the cluster of the run, obtained without the provisioner.
    ///
    /// # Errors
    /// When the cluster cannot be found or is not ready to be used.
    async fn kubernetes(&self, run: &Run) -> Result<KubernetesAccess, ObserverError>;

    /// The number of nodes that the scenario asks for.
    fn nodes_expected(&self) -> usize;

    /// The regions that an audit must cover; `global` types are listed once besides.
    fn regions(&self) -> Vec<String>;

    /// The regions that are enabled for the account: what an audit of the whole account looks at.
    ///
    /// # Errors
    /// When the cloud could not be asked.
    async fn enabled_regions(&self) -> Result<Vec<String>, ObserverError> {
        Ok(self.regions())
    }

    /// What a cluster or its workload can leave behind and no listing shows, a sentence each.
    fn not_covered(&self) -> Vec<String> {
        Vec::new()
    }

    /// All resource types that a cluster or its workload can leave behind, in deletion order.
    fn resource_types(&self) -> &'static [ResourceType];

    /// Lists one resource type in one region (`global` for global ones) to its last page. Gone
    /// resources that the cloud still shows (`deleted`, `terminated`) are left out.
    ///
    /// # Errors
    /// When any page could not be read: then the cell is unknown, never empty.
    async fn list(&self, resource_type: &str, region: &str)
    -> Result<Vec<Resource>, ObserverError>;

    /// Reads what a listing leaves out but ownership needs (tags of roles, say) for these resources.
    ///
    /// # Errors
    /// When it could not be read.
    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError>;

    /// Why a resource belongs to the run, as proofs in words: its tag, the run's name in it, a parent
    /// that belongs to it, who created it. Empty: no proof.
    fn proofs(&self, run: &Run, resource: &Resource, inventory: &[Resource]) -> Vec<String>;

    /// What says that a resource is somebody else's: it carries the tag of another run, or hangs on
    /// something that does. Whether that is believed is decided elsewhere. `None`: nothing says so.
    fn neighbours(
        &self,
        _run: &Run,
        _resource: &Resource,
        _inventory: &[Resource],
    ) -> Option<Claim> {
        None
    }

    /// How long the account is left alone before it is audited, and between two looks: what a
    /// timed-out request does late must show.
    fn settle(&self) -> Duration {
        Duration::from_secs(120)
    }

    /// Why nothing here is billed, when nothing is.
    fn free_because(&self) -> Option<&'static str> {
        None
    }

    /// Why no billing data can ever be read, when the cloud has no way to: then cost is judged by a
    /// meter, where there is one, and never called billed.
    fn never_billed_because(&self) -> Option<&'static str> {
        None
    }

    /// What the cloud's own trail of events says of the making of these (what tags cannot give), by
    /// resource id. Empty when the trail has nothing yet.
    ///
    /// # Errors
    /// When the trail could not be read.
    async fn created_by(
        &self,
        run: &Run,
        resources: &[Resource],
    ) -> Result<BTreeMap<String, Making>, ObserverError>;

    /// Deletes one resource. Never called by an audit.
    ///
    /// # Errors
    /// When the cloud refuses, with its reason.
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError>;

    /// What keeping this resource costs a month; `None` when no price is known.
    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost>;

    /// The most live resources of a type that the scenario can need: more are twins. Types that are
    /// absent are not limited.
    fn most_at_once(&self) -> BTreeMap<String, usize>;

    /// The estimate per line for a start (if known) and a duration.
    fn estimate(&self, start: Option<Timestamp>, duration_minutes: u32) -> Estimate;

    /// The estimate per line for exactly this time, each as if it had lived so long. The default counts
    /// begun minutes.
    fn estimate_between(&self, from: Timestamp, to: Timestamp) -> Estimate {
        let seconds = to.duration_since(from).as_secs().max(1);
        let minutes = u32::try_from((seconds + 59) / 60).unwrap_or(u32::MAX);
        self.estimate(Some(from), minutes)
    }

    /// What the cloud's billing data say of the run, from `from` on until now.
    ///
    /// # Errors
    /// When billing data cannot be read.
    async fn billed(&self, run: &Run, from: Timestamp) -> Result<Billed, ObserverError>;

    /// When billing data for usage at `at` can be expected to be final.
    fn billing_final_after(&self, at: Timestamp) -> Timestamp;
}

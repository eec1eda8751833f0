//! The observer: reads an account, independently of any provisioner.
//!
//! Observers are written against the cloud's API with the cloud's SDK, never against a simulator.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::check::Check;
use crate::cost::{Billed, Estimate};
use crate::provisioner::{KubernetesAccess, Provisioned};
use crate::resource::{MonthlyCost, Resource, ResourceType};
use crate::run::Run;

/// Why the observer could not read something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call} failed: {message}")]
pub struct ObserverError {
    /// The call that failed, such as `ec2:DescribeAddresses`.
    pub call: String,
    /// The message of the cloud or the transport.
    pub message: String,
}

/// Who owns a resource according to its marks: another run, or a cluster of another name. This is a claim, not a
/// proof: a program may set a wrong tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipClaim {
    /// The claim, for messages.
    pub text: String,
    /// The run that the marks name, if they name one.
    pub run: Option<String>,
    /// The ids of what must have been created for the resource to exist: itself, or what it depends on. If the
    /// run created one of them, the claim is false. Empty: no call shows who created it.
    pub rests_on: Vec<String>,
}

/// Who created a resource, according to the cloud's own event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The identity that the provisioner acts as, or one that the run created.
    Ours,
    /// Certainly someone else.
    Theirs,
    /// A service, or a role that anyone may have assumed.
    Unclear,
}

/// The creation of a resource, according to the cloud's own event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Which call, by whom, and when, for messages.
    pub text: String,
    /// Who made the call.
    pub caller: Caller,
}

/// What there is in the account.
#[async_trait]
pub trait Listing: Send + Sync {
    /// The regions that an audit must cover. `global` types are listed once in addition.
    fn regions(&self) -> Vec<String>;

    /// The regions that are enabled for the account: those that an audit of the whole account covers.
    ///
    /// # Errors
    /// When the cloud could not be asked.
    async fn enabled_regions(&self) -> Result<Vec<String>, ObserverError> {
        Ok(self.regions())
    }

    /// What a cluster or its workload can leave behind that no listing shows, one sentence each.
    fn not_covered(&self) -> Vec<String> {
        Vec::new()
    }

    /// All resource types that a cluster or its workload can leave behind, in deletion order.
    fn resource_types(&self) -> &'static [ResourceType];

    /// Lists one resource type in one region (`global` for global ones), all pages. Resources that no longer
    /// exist but are still shown by the cloud (`deleted`, `terminated`) are left out.
    ///
    /// # Errors
    /// When any page could not be read; the cell is then unknown, never empty.
    async fn list(&self, resource_type: &str, region: &str)
    -> Result<Vec<Resource>, ObserverError>;

    /// Reads what a listing leaves out but ownership needs (tags of roles, say) for these resources.
    ///
    /// # Errors
    /// When it could not be read.
    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError>;

    /// How long to wait before an audit, and between two listings, so that the effects of a timed-out request
    /// that is applied late are visible.
    fn settle(&self) -> Duration {
        Duration::from_secs(120)
    }
}

/// Whose a resource is. Mechanism only: what it concludes is decided in the harness.
#[async_trait]
pub trait Ownership: Send + Sync {
    /// The proofs that a resource belongs to the run, as text: its tag, the run's name in its own, a parent
    /// that belongs to the run, who created it. Empty: no proof.
    fn proofs(&self, run: &Run, resource: &Resource, inventory: &[Resource]) -> Vec<String>;

    /// The claim that a resource belongs to someone else: it carries the tag of another run, or depends on a
    /// resource that does. Whether the claim is believed is decided elsewhere. `None`: there is no claim.
    fn ownership_claim(
        &self,
        _run: &Run,
        _resource: &Resource,
        _inventory: &[Resource],
    ) -> Option<OwnershipClaim> {
        None
    }

    /// Who created these resources according to the cloud's own event log (which tags cannot tell), by
    /// resource id. Empty when the log has no events yet.
    ///
    /// # Errors
    /// When the event log could not be read.
    async fn created_by(
        &self,
        run: &Run,
        resources: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError>;
}

/// What follows from the scenario and price tables alone: counts, estimates, limits.
pub trait Plan: Send + Sync {
    /// The number of nodes that the scenario asks for.
    fn nodes_expected(&self) -> usize;

    /// The largest number of live resources per type that the scenario can need; more are duplicates. Types
    /// that are absent are not limited.
    fn most_at_once(&self) -> BTreeMap<String, usize>;

    /// The estimate per line for a start (if known) and a duration in minutes.
    fn estimate(&self, start: Option<Timestamp>, duration_minutes: u32) -> Estimate;

    /// The estimate per line for exactly this time, as if each resource had existed for all of it. The default
    /// rounds up to whole minutes.
    fn estimate_between(&self, from: Timestamp, to: Timestamp) -> Estimate {
        let seconds = to.duration_since(from).as_secs().max(1);
        let minutes = u32::try_from((seconds + 59) / 60).unwrap_or(u32::MAX);
        self.estimate(Some(from), minutes)
    }

    /// What keeping this resource costs per month; `None` when no price is known.
    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost>;

    /// Why this provider bills nothing, if that is so.
    fn free_because(&self) -> Option<&'static str> {
        None
    }
}

/// What the cloud's billing data say.
#[async_trait]
pub trait Billing: Send + Sync {
    /// The charges of the run in the cloud's billing data, from `from` until now.
    ///
    /// # Errors
    /// When billing data cannot be read.
    async fn billed(&self, run: &Run, from: Timestamp) -> Result<Billed, ObserverError>;

    /// When the billing data for usage at `at` can be expected to be final.
    fn billing_final_after(&self, at: Timestamp) -> Timestamp;

    /// Why billing data can never be read, if the cloud has no API for them. Cost is then judged by a meter, if
    /// there is one, and never reported as billed.
    fn never_billed_because(&self) -> Option<&'static str> {
        None
    }
}

/// Deletes what an audit found. Never used by an audit.
#[async_trait]
pub trait Deleter: Send + Sync {
    /// Deletes one resource. Never called by an audit.
    ///
    /// # Errors
    /// When the cloud refuses, with its reason.
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError>;
}

/// The observer of one account for one scenario and run.
#[async_trait]
pub trait Observer: Listing + Ownership + Plan + Billing + Deleter + Send + Sync {
    /// Checks credentials, permissions, quotas and the scenario against the account, without changing
    /// anything. A failed check stops the trial before anything is created.
    async fn preflight(&self) -> Vec<Check>;

    /// The id of the account that the credentials belong to, as the cloud reports it and as an allow-list
    /// would name it. `None` when the provider cannot tell; then nothing runs live.
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
    /// When the cluster cannot be found or is not ready for use.
    async fn kubernetes(&self, run: &Run) -> Result<KubernetesAccess, ObserverError>;
}

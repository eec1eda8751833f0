//! The observer: reads an account, independently of any provisioner.
//!
//! Observers are written against the cloud's API with the cloud's SDK, never against a simulator.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::check::Check;
use crate::cost::Billed;
use crate::mutex::lock;
use crate::provisioner::Provisioned;
use crate::resource::{Resource, ResourceType};
use crate::run::{RUN_TAG, Run};
use crate::scope::{Breadth, Listed, Listing};
use crate::transport::SharedTransport;
use crate::workload::{Workload, WorkloadError};

/// Why the observer could not read something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call} failed: {message}")]
pub struct ObserverError {
    /// The call that failed, such as `ec2:DescribeAddresses`.
    pub call: String,
    /// The message of the cloud or the transport.
    pub message: String,
}

impl ObserverError {
    /// The failure of a call.
    pub fn new(call: &str, message: impl fmt::Display) -> Self {
        Self {
            call: call.to_owned(),
            message: message.to_string(),
        }
    }
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

impl OwnershipClaim {
    /// The claim of another run, by its tag.
    pub fn by_tag(run: &Run, resource: &Resource) -> Option<Self> {
        let other = resource.tags.get(RUN_TAG).filter(|id| **id != run.id)?;
        Some(Self {
            text: format!("tag {RUN_TAG}={other}"),
            run: Some(other.clone()),
            rests_on: vec![resource.id.clone()],
        })
    }
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
pub trait Lister: Send + Sync {
    /// What must be listed, in deletion order. The scenario's own cells are known without a call.
    ///
    /// # Errors
    /// When the cloud could not be asked which scopes are enabled.
    async fn cells(&self, breadth: &Breadth) -> Result<Vec<Listing>, ObserverError>;

    /// What a cluster or its workload can leave behind that no listing shows, one sentence each.
    fn not_covered(&self) -> Vec<String> {
        Vec::new()
    }

    /// All resource types that a cluster or its workload can leave behind, in deletion order.
    fn resource_types(&self) -> &'static [ResourceType];

    /// Makes one listing of [`Lister::cells`], all pages. Resources that no longer exist but are still shown by the
    /// cloud (`deleted`, `terminated`) are left out. A resource of a cell that was not asked for is a bug.
    ///
    /// # Errors
    /// When any page could not be read; its cells are then unknown, never empty.
    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError>;

    /// Reads what a listing leaves out but ownership needs (tags of roles, say) for these resources. The default is
    /// for a cloud whose lists leave nothing out.
    ///
    /// # Errors
    /// When it could not be read.
    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        Ok(resources)
    }

    /// How long to wait before an audit, and between two listings, so that the effects of a timed-out request
    /// that is applied late are visible.
    fn settle(&self) -> Duration {
        Duration::from_mins(2)
    }
}

/// Whose a resource is. Mechanism only: what it concludes is decided in the harness.
#[async_trait]
pub trait Ownership: Send + Sync {
    /// The proofs that a resource belongs to the run, as text: its tag, the run's name in its own, a parent
    /// that belongs to the run, who created it. Empty: no proof.
    fn proofs(&self, run: &Run, resource: &Resource, inventory: &[Resource]) -> Vec<String>;

    /// The claim that a resource belongs to someone else: it carries the tag of another run, or depends on a
    /// resource that does. Whether the claim is believed is decided elsewhere. `None`: there is no claim. The
    /// default reads the resource's own tags.
    fn ownership_claim(
        &self,
        run: &Run,
        resource: &Resource,
        _inventory: &[Resource],
    ) -> Option<OwnershipClaim> {
        OwnershipClaim::by_tag(run, resource)
    }

    /// Who created these resources according to the cloud's own event log (which tags cannot tell), by
    /// resource id. Empty when the log has no events yet. The default is for a cloud whose log proves nothing.
    ///
    /// # Errors
    /// When the event log could not be read.
    async fn created_by(
        &self,
        _run: &Run,
        _resources: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError> {
        Ok(BTreeMap::new())
    }
}

/// What the cloud's billing data say. The defaults are for a cloud that has no API for them.
#[async_trait]
pub trait Billing: Send + Sync {
    /// The charges of the run in the cloud's billing data, from `from` until now.
    ///
    /// # Errors
    /// When billing data cannot be read.
    async fn billed(&self, _run: &Run, _from: Timestamp) -> Result<Billed, ObserverError> {
        let why = self.never_billed_because();
        Err(ObserverError::new(
            "billing",
            why.unwrap_or("this provider does not read billing data"),
        ))
    }

    /// When the billing data for usage at `at` can be expected to be final.
    fn billing_final_after(&self, at: Timestamp) -> Timestamp {
        at
    }

    /// Why billing data can never be read, if the cloud has no API for them. Cost is then judged by a meter, if
    /// there is one, and never reported as billed.
    fn never_billed_because(&self) -> Option<&'static str> {
        None
    }
}

/// What the calls of an observer have shown besides what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// The account id, as an allow-list would name it.
    pub account: Option<String>,
    /// What things cost, US dollars an hour, by the cloud's own names of them.
    pub prices: BTreeMap<String, Decimal>,
}

/// What the calls of an observer have shown so far. Calls run side by side, so each adds its own part.
#[derive(Debug, Default)]
pub struct LearnedSoFar(Mutex<Learned>);

impl LearnedSoFar {
    /// The cloud has named the account.
    pub fn account(&self, id: &str) {
        lock(&self.0).account = Some(id.to_owned());
    }

    /// The cloud has named a price, US dollars an hour.
    pub fn price(&self, of: &str, usd: Decimal) {
        lock(&self.0).prices.insert(of.to_owned(), usd);
    }

    /// All of it.
    pub fn all(&self) -> Learned {
        lock(&self.0).clone()
    }
}

/// The observer of one account for one scenario and run.
#[async_trait]
pub trait Observer: Lister + Ownership + Billing + Send + Sync {
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

    /// What earlier calls have shown; makes none.
    fn learned(&self) -> Learned {
        Learned::default()
    }

    /// Evaluates the provider's rows of the checklist that describe a provisioned cluster.
    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check>;

    /// Workloads in what was provisioned for the run, by access that was obtained without the provisioner. Their calls
    /// go through this transport.
    ///
    /// # Errors
    /// When it cannot be found or is not ready for use.
    async fn workload(
        &self,
        run: &Run,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain;

    impl Ownership for Plain {
        fn proofs(&self, _: &Run, _: &Resource, _: &[Resource]) -> Vec<String> {
            Vec::new()
        }
    }

    impl Billing for Plain {}

    struct Unbilled;

    impl Billing for Unbilled {
        fn never_billed_because(&self) -> Option<&'static str> {
            Some("it is free")
        }
    }

    fn run(id: &str) -> Run {
        Run::new(id, "me", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_tag_of_another_run_is_its_claim_and_ones_own_is_none() {
        let check = |tags: BTreeMap<String, String>, expected: Option<&str>| {
            let resource = Resource::new("disk", "d-1", "r").tagged(tags);
            let claim = Plain.ownership_claim(&run("r1"), &resource, &[]);
            let claimed = claim.map(|claim| (claim.run, claim.rests_on));
            let expected = expected.map(|id| (Some(id.to_owned()), vec!["d-1".to_owned()]));
            assert_eq!(claimed, expected);
        };
        check(run("r2").tags(), Some("r2"));
        check(run("r1").tags(), None);
        check(BTreeMap::new(), None);
    }

    #[tokio::test]
    async fn without_an_api_for_bills_nothing_is_ever_billed_and_the_reason_is_told() {
        let check = |seen: Result<Billed, ObserverError>, expected: &str| {
            let error = seen.expect_err("no bill").to_string();
            assert!(error.contains(expected), "{error}");
        };
        let from = Timestamp::UNIX_EPOCH;
        check(Unbilled.billed(&run("r1"), from).await, "it is free");
        check(Plain.billed(&run("r1"), from).await, "does not read");
    }

    #[test]
    fn what_calls_show_is_kept_together() {
        let learned = LearnedSoFar::default();
        learned.price("small", Decimal::ONE);
        learned.account("a");
        let seen = learned.all();
        assert_eq!(seen.account.as_deref(), Some("a"));
        assert_eq!(seen.prices.len(), 1);
    }
}

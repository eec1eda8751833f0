//! The observer of an account: preflight, checklist, inventory, and whose everything is.
//!
//! Independent of the provisioner: it finds everything by its own calls, and trusts no provisioner's word.

pub mod checks;
pub(crate) mod inventory;
mod preflight;
mod workload;

use async_trait::async_trait;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::prelude::*;

use crate::api::Api;
use crate::api::types::{Caller, Endpoint, Job};
use crate::spec::HuggingFaceSpec;
use crate::{cost, marks};

/// The account.
#[derive(Debug)]
pub struct HuggingFaceObserver {
    spec: HuggingFaceSpec,
    api: Api,
    /// What calls have shown: the namespace, and what the hardware costs.
    learned: LearnedSoFar,
}

impl HuggingFaceObserver {
    /// The observer of the account that the scenario's namespace is reached with.
    pub fn new(spec: HuggingFaceSpec, connection: &Connection) -> Self {
        Self {
            spec,
            api: Api::new(connection),
            learned: LearnedSoFar::default(),
        }
    }

    fn namespace(&self) -> &str {
        &self.spec.namespace.0
    }
}

/// Who calls.
async fn caller(api: &Api) -> Result<Caller, CallError> {
    api.hub.get("WhoAmI", &[]).await
}

/// The endpoint of the run's name, if it carries the run's mark.
async fn endpoint(api: &Api, spec: &HuggingFaceSpec, run: &Run) -> Result<Endpoint, CallError> {
    let name = run.name("");
    let parameters = [spec.namespace.0.as_str(), &name];
    let found: Endpoint = api.endpoints.get("GetEndpoint", &parameters).await?;
    if marks::are_of(run, &found.marks()) {
        return Ok(found);
    }
    let message = format!("endpoint {name} carries no tag of the run");
    Err(CallError::state("endpoints:GetEndpoint", message))
}

/// The jobs that carry the run's label, also those that have ended.
async fn jobs(api: &Api, spec: &HuggingFaceSpec, run: &Run) -> Result<Vec<Job>, CallError> {
    let parameters = [spec.namespace.0.as_str()];
    let label = format!("{}={}", marks::RUN, run.id);
    let query = [("label", label.as_str())];
    let call = RestCall::new("ListJobs", &parameters).with_query(&query);
    let mut all: Vec<Job> = api.hub.all_linked_pages(call, "cursor").await?;
    all.retain(|job| marks::are_of(run, &job.marks()));
    Ok(all)
}

#[async_trait]
impl Observer for HuggingFaceObserver {
    async fn preflight(&self) -> Vec<Check> {
        let seen = preflight::run(&self.api.renewed(), &self.spec).await;
        if seen.is_reached {
            self.learned.account(self.namespace());
        }
        for (name, usd) in &seen.prices {
            self.learned.price(name, *usd);
        }
        seen.checks
    }

    /// The account is the namespace that pays, once the token is known to reach it.
    async fn account_id(&self) -> Result<Option<String>, ObserverError> {
        let caller = caller(&self.api.renewed()).await?;
        if !caller.reached().contains(&self.namespace()) {
            return Ok(None);
        }
        self.learned.account(self.namespace());
        Ok(Some(self.namespace().to_owned()))
    }

    fn learned(&self) -> Learned {
        self.learned.all()
    }

    async fn checks(&self, run: &Run, _: &Provisioned) -> Vec<Check> {
        checks::all(&self.api.renewed(), &self.spec, run).await
    }

    async fn workload(
        &self,
        run: &Run,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        let connection = Connection {
            transport,
            ..self.api.connection().clone()
        };
        workload::of(Api::new(&connection), &self.spec, run)
    }
}

#[async_trait]
impl Lister for HuggingFaceObserver {
    async fn cells(&self, breadth: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        Ok(inventory::cells(&self.api.renewed(), &self.spec, breadth).await?)
    }

    fn not_covered(&self) -> Vec<String> {
        inventory::not_covered()
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        inventory::types()
    }

    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError> {
        Ok(inventory::list(&self.api.renewed(), &self.spec, listing).await?)
    }
}

impl Ownership for HuggingFaceObserver {
    fn proofs(&self, run: &Run, resource: &Resource, _inventory: &[Resource]) -> Vec<String> {
        let mut proofs = Vec::new();
        if marks::are_of(run, &resource.tags) {
            proofs.push(format!("tag {}={}", marks::RUN, run.id));
        }
        let name = resource.name.as_deref().unwrap_or_default();
        if !resource.tags.contains_key(marks::RUN) && name == run.name("") {
            proofs.push(format!("its name is {name}"));
        }
        proofs
    }

    fn ownership_claim(
        &self,
        run: &Run,
        resource: &Resource,
        _inventory: &[Resource],
    ) -> Option<OwnershipClaim> {
        let other = resource.tags.get(marks::RUN).filter(|id| **id != run.id)?;
        Some(OwnershipClaim {
            text: format!("tag {}={other}", marks::RUN),
            run: Some(other.clone()),
            rests_on: vec![resource.id.clone()],
        })
    }
}

impl Billing for HuggingFaceObserver {
    fn never_billed_because(&self) -> Option<&'static str> {
        Some(cost::NEVER_BILLED)
    }
}

//! Provisioners that are made of the reference one: what a variant needs, and how it takes its place.
//!
//! Apart from the variants, each of which is one behaviour in a file of its own. They know the contract
//! only: the reference is whatever the provider gives.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof::scenario::Scenario;
use kubeproof_contract::account::Account;
use kubeproof_contract::call::{Dialect, Signature};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::documented::DocumentedEffect;
use kubeproof_contract::fault::{Effect, Fault};
use kubeproof_contract::fault_layer::ForeignChanges;
use kubeproof_contract::provider::{Connection, Defect, Finding, Provider};
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::resource::{MonthlyCost, Resource};
use kubeproof_contract::scenario::{AnyScenario, ScenarioError, Tier};
use kubeproof_contract::serve::Redirect;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use kubeproof_contract::world::Rehearsal;
use serde_json::Value;

/// The file that tells one process of another that did not come to its end.
const PROCESS: &str = "process";

/// What a variant is made of.
pub struct Parts {
    provider: Arc<dyn Provider>,
    content: AnyScenario,
    /// The connection that the harness gave.
    pub connection: Connection,
}

impl Parts {
    /// The reference provisioner.
    pub fn reference(&self) -> Box<dyn Provisioner> {
        self.under(|_| ())
    }

    /// The reference provisioner with another connection.
    pub fn under(&self, change: impl FnOnce(&mut Connection)) -> Box<dyn Provisioner> {
        let mut connection = self.connection.clone();
        change(&mut connection);
        self.provider.provisioner(&self.content, connection)
    }

    /// The reference provisioner, whose calls go through this.
    pub fn bent(&self, bend: impl Bend) -> Box<dyn Provisioner> {
        self.bent_under(bend, |_| ())
    }

    /// The same with another connection.
    pub fn bent_under(
        &self,
        bend: impl Bend,
        change: impl FnOnce(&mut Connection),
    ) -> Box<dyn Provisioner> {
        let dialect = self.provider.dialect();
        self.under(|connection| {
            change(connection);
            let inner = Arc::clone(&connection.transport);
            connection.transport = Arc::new(Bent {
                bend,
                inner,
                dialect,
            });
        })
    }

    /// The reference provisioner with a defect of its provider's.
    pub fn with_defect(&self, name: &str) -> Box<dyn Provisioner> {
        let mut content = self.content.clone();
        content.provisioner.defect = Some(name.to_owned());
        self.provider.provisioner(&content, self.connection.clone())
    }

    /// Notes on the disk that a process begins; whether an earlier one began and did not come to its end.
    pub async fn begins_again(&self) -> bool {
        let again = self.file(PROCESS).await.as_deref() == Some("begun");
        let _ = self.connection.disk.write(PROCESS, "begun").await;
        again
    }

    /// Notes on the disk that this process has come to its end.
    pub async fn ends(&self) {
        let _ = self.connection.disk.write(PROCESS, "done").await;
    }

    /// What a file on the disk holds, if it can be read.
    pub async fn file(&self, name: &str) -> Option<String> {
        let content = self.connection.disk.read(name).await.ok()??;
        Some(String::from_utf8_lossy(&content).into_owned())
    }
}

/// Something between a provisioner and its calls.
#[async_trait]
pub trait Bend: fmt::Debug + Send + Sync + 'static {
    /// Sends a call, or does what the variant does instead.
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError>;
}

/// An answer with its JSON changed; one that is no JSON stays as it is.
pub fn with_json(answer: Response<Bytes>, change: impl FnOnce(&mut Value)) -> Response<Bytes> {
    let Ok(mut body) = serde_json::from_slice(answer.body()) else {
        return answer;
    };
    change(&mut body);
    answer.map(|_| Bytes::from(body.to_string()))
}

#[derive(Debug)]
struct Bent<B> {
    bend: B,
    inner: SharedTransport,
    dialect: Arc<dyn Dialect>,
}

#[async_trait]
impl<B: Bend> Transport for Bent<B> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let call = self.dialect.signature(&request);
        self.bend.send(&call, request, &self.inner).await
    }
}

/// The work of a phase.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProvisionerError>> + Send + 'a>>;

/// A provisioner of two functions.
pub struct Acts {
    name: &'static str,
    parts: Parts,
    provision: for<'a> fn(&'a Parts) -> Work<'a, Provisioned>,
    teardown: for<'a> fn(&'a Parts) -> Work<'a, ()>,
}

impl Acts {
    /// A provisioner that does these.
    pub fn boxed(
        name: &'static str,
        parts: Parts,
        provision: for<'a> fn(&'a Parts) -> Work<'a, Provisioned>,
        teardown: for<'a> fn(&'a Parts) -> Work<'a, ()>,
    ) -> Box<dyn Provisioner> {
        Box::new(Self {
            name,
            parts,
            provision,
            teardown,
        })
    }
}

#[async_trait]
impl Provisioner for Acts {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn claim(&self) -> Option<Claim> {
        self.parts.reference().claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        (self.provision)(&self.parts).await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        (self.teardown)(&self.parts).await
    }
}

/// The provisioning of variants that are right there.
pub fn provisions(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async { parts.reference().provision().await })
}

/// The teardown of variants that are right there.
pub fn tears_down(parts: &Parts) -> Work<'_, ()> {
    Box::pin(async { parts.reference().teardown().await })
}

/// How a variant is made.
pub type Make = fn(Parts) -> Box<dyn Provisioner>;

/// Who makes foreign changes.
pub type Others = fn(Connection) -> Arc<dyn ForeignChanges>;

/// What observers see through.
pub type Through = fn(SharedTransport) -> SharedTransport;

/// A scenario with this provisioner in place of its own.
pub fn in_place(scenario: Scenario, make: Make) -> Scenario {
    among(scenario, make, None)
}

/// The same among others who change things, where the provider knows of none.
pub fn among(scenario: Scenario, make: Make, others: Option<Others>) -> Scenario {
    instead(scenario, make, others, None)
}

/// The reference, while observers see the account through this.
pub fn seen_through(scenario: Scenario, through: Through) -> Scenario {
    instead(scenario, |parts| parts.reference(), None, Some(through))
}

fn instead(
    scenario: Scenario,
    make: Make,
    others: Option<Others>,
    through: Option<Through>,
) -> Scenario {
    let inner = Arc::clone(&scenario.provider);
    Scenario {
        provider: Arc::new(Instead {
            inner,
            make,
            others,
            through,
            out: None,
        }),
        ..scenario
    }
}

/// A scenario whose live calls go this way, and nowhere else.
pub fn through(scenario: Scenario, out: SharedTransport) -> Scenario {
    let inner = Arc::clone(&scenario.provider);
    Scenario {
        provider: Arc::new(Instead {
            inner,
            make: |parts| parts.reference(),
            others: None,
            through: None,
            out: Some(out),
        }),
        ..scenario
    }
}

struct Instead {
    inner: Arc<dyn Provider>,
    make: Make,
    others: Option<Others>,
    through: Option<Through>,
    out: Option<SharedTransport>,
}

impl Provider for Instead {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn title(&self) -> &'static str {
        self.inner.title()
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        self.inner.dialect()
    }

    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError> {
        self.inner.read(text)
    }

    fn schema(&self) -> Value {
        self.inner.schema()
    }

    fn rehearse(&self, scenario: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal> {
        self.inner.rehearse(scenario, clock, seed)
    }

    fn account(&self, scenario: &AnyScenario, mut connection: Connection) -> Box<dyn Account> {
        if let Some(through) = self.through {
            connection.transport = through(connection.transport);
        }
        self.inner.account(scenario, connection)
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        (self.make)(Parts {
            provider: Arc::clone(&self.inner),
            content: scenario.clone(),
            connection,
        })
    }

    fn way_out(&self, https: SharedTransport) -> SharedTransport {
        match &self.out {
            Some(out) => Arc::clone(out),
            None => self.inner.way_out(https),
        }
    }

    fn given<'a>(&'a self, connection: &'a Connection) -> Finding<'a> {
        self.inner.given(connection)
    }

    fn confine(&self, scenario: &AnyScenario, folder: &Path) -> Redirect {
        self.inner.confine(scenario, folder)
    }

    fn defects(&self) -> &'static [Defect] {
        self.inner.defects()
    }

    fn foreign_changes(
        &self,
        scenario: &AnyScenario,
        connection: Connection,
    ) -> Option<Arc<dyn ForeignChanges>> {
        match self.others {
            Some(others) => Some(others(connection)),
            None => self.inner.foreign_changes(scenario, connection),
        }
    }

    fn limit(&self, faults: &[Fault], oracle: &str, message: &str) -> Option<String> {
        self.inner.limit(faults, oracle, message)
    }

    fn documented_effects(&self, call: &Signature) -> Vec<DocumentedEffect> {
        self.inner.documented_effects(call)
    }

    fn calls(&self) -> Vec<Signature> {
        self.inner.calls()
    }

    fn simulates(&self, call: &Signature, effect: &Effect) -> bool {
        self.inner.simulates(call, effect)
    }

    fn cannot_meet(&self, call: &Signature, effect: &Effect) -> Option<&'static str> {
        self.inner.cannot_meet(call, effect)
    }

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        self.inner.checklist()
    }

    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, String> {
        self.inner.readiness(tier, env_file)
    }

    fn stays(&self, resource: &Resource) -> Option<String> {
        self.inner.stays(resource)
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        self.inner.monthly_cost(resource)
    }
}

//! Builds variants of the reference provisioner for tests.
//!
//! Each variant is one behaviour in a file of its own. They use only the contract: the reference is whatever the
//! provider gives.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof::scenario::Scenario;
use kubeproof_contract::prelude::*;
use kubeproof_contract::provisioner::{ClaimedRate, ProvisionerError};
use kubeproof_contract::transport::{Transport, TransportError};
use serde_json::Value;

/// The file that records whether an earlier process finished.
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
        self.with_connection(|_| ())
    }

    /// The reference provisioner with another connection.
    pub fn with_connection(&self, change: impl FnOnce(&mut Connection)) -> Box<dyn Provisioner> {
        let mut connection = self.connection.clone();
        change(&mut connection);
        self.provider.provisioner(&self.content, connection)
    }

    /// The reference provisioner, whose calls go through this interceptor.
    pub fn intercepted(&self, intercept: impl Intercept) -> Box<dyn Provisioner> {
        self.intercepted_with(intercept, |_| ())
    }

    /// The same with another connection.
    pub fn intercepted_with(
        &self,
        intercept: impl Intercept,
        change: impl FnOnce(&mut Connection),
    ) -> Box<dyn Provisioner> {
        let dialect = self.provider.dialect();
        self.with_connection(|connection| {
            change(connection);
            let inner = Arc::clone(&connection.transport);
            connection.transport = Arc::new(InterceptedTransport {
                intercept,
                inner,
                dialect,
            });
        })
    }

    /// The reference provisioner with a defect that its provider offers.
    pub fn with_defect(&self, name: &str) -> Box<dyn Provisioner> {
        let mut content = self.content.clone();
        content.provisioner.defect = Some(name.to_owned());
        self.provider.provisioner(&content, self.connection.clone())
    }

    /// Records on disk that a process begins. Returns whether an earlier one did not finish.
    pub async fn begins_again(&self) -> bool {
        let again = self.file(PROCESS).await.as_deref() == Some("begun");
        let _ = self.connection.disk.write(PROCESS, "begun").await;
        again
    }

    /// Records on disk that this process has finished.
    pub async fn ends(&self) {
        let _ = self.connection.disk.write(PROCESS, "done").await;
    }

    /// What a file on the disk holds, if it can be read.
    pub async fn file(&self, name: &str) -> Option<String> {
        let content = self.connection.disk.read(name).await.ok()??;
        Some(String::from_utf8_lossy(&content).into_owned())
    }
}

/// Intercepts the calls of a provisioner.
#[async_trait]
pub trait Intercept: fmt::Debug + Send + Sync + 'static {
    /// Sends a call, or does what the variant does instead.
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError>;
}

/// An answer with its JSON changed; other answers are unchanged.
pub fn with_json(answer: Response<Bytes>, change: impl FnOnce(&mut Value)) -> Response<Bytes> {
    let Ok(mut body) = serde_json::from_slice(answer.body()) else {
        return answer;
    };
    change(&mut body);
    answer.map(|_| Bytes::from(body.to_string()))
}

#[derive(Debug)]
struct InterceptedTransport<B> {
    intercept: B,
    inner: SharedTransport,
    dialect: Arc<dyn Dialect>,
}

#[async_trait]
impl<B: Intercept> Transport for InterceptedTransport<B> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let call = self.dialect.signature(&request);
        self.intercept.send(&call, request, &self.inner).await
    }
}

/// The work of a phase.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProvisionerError>> + Send + 'a>>;

/// A provisioner made of two functions.
pub struct FunctionProvisioner {
    name: &'static str,
    parts: Parts,
    provision: for<'a> fn(&'a Parts) -> Work<'a, Provisioned>,
    teardown: for<'a> fn(&'a Parts) -> Work<'a, ()>,
}

impl FunctionProvisioner {
    /// Creates the provisioner.
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
impl Provisioner for FunctionProvisioner {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.parts.reference().claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        (self.provision)(&self.parts).await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        (self.teardown)(&self.parts).await
    }
}

/// Correct provisioning, for variants with another defect.
pub fn provisions(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async { parts.reference().provision().await })
}

/// Correct teardown, for variants with another defect.
pub fn tears_down(parts: &Parts) -> Work<'_, ()> {
    Box::pin(async { parts.reference().teardown().await })
}

/// How a variant is made.
pub type Make = fn(Parts) -> Box<dyn Provisioner>;

/// Makes foreign changes.
pub type ForeignActor = fn(Connection) -> Arc<dyn ForeignChanges>;

/// Wraps the transport of observers.
pub type ObserverView = fn(SharedTransport) -> SharedTransport;

/// A scenario with its provisioner replaced by this one.
pub fn in_place(scenario: Scenario, make: Make) -> Scenario {
    among(scenario, make, None)
}

/// The same, in an account that others change, if the provider has no foreign changes.
pub fn among(scenario: Scenario, make: Make, others: Option<ForeignActor>) -> Scenario {
    instead(scenario, make, others, (None, None))
}

/// The reference provisioner, while observers see the account through this transport.
pub fn seen_through(scenario: Scenario, through: ObserverView) -> Scenario {
    let through = (Some(through), None);
    instead(scenario, |parts| parts.reference(), None, through)
}

fn instead(
    scenario: Scenario,
    make: Make,
    others: Option<ForeignActor>,
    (through, out): (Option<ObserverView>, Option<SharedTransport>),
) -> Scenario {
    let inner = Arc::clone(&scenario.provider);
    Scenario {
        provider: Arc::new(VariantProvider {
            inner,
            make,
            others,
            through,
            out,
        }),
        ..scenario
    }
}

/// A scenario whose live calls go only through this transport.
pub fn through(scenario: Scenario, out: SharedTransport) -> Scenario {
    instead(scenario, |parts| parts.reference(), None, (None, Some(out)))
}

struct VariantProvider {
    inner: Arc<dyn Provider>,
    make: Make,
    others: Option<ForeignActor>,
    through: Option<ObserverView>,
    out: Option<SharedTransport>,
}

impl Provider for VariantProvider {
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

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        self.inner.checklist()
    }
}

impl ProviderParts for VariantProvider {
    fn plan(&self, scenario: &AnyScenario) -> Box<dyn Plan> {
        self.inner.plan(scenario)
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        (self.make)(Parts {
            provider: Arc::clone(&self.inner),
            content: scenario.clone(),
            connection,
        })
    }

    fn observer(&self, scenario: &AnyScenario, mut connection: Connection) -> Box<dyn Observer> {
        if let Some(through) = self.through {
            connection.transport = through(connection.transport);
        }
        self.inner.observer(scenario, connection)
    }

    fn workload(
        &self,
        access: &KubernetesAccess,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        self.inner.workload(access, transport)
    }

    fn deleter(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Deleter> {
        self.inner.deleter(scenario, connection)
    }
}

impl Simulated for VariantProvider {
    fn rehearse(&self, scenario: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal> {
        self.inner.rehearse(scenario, clock, seed)
    }

    fn defects(&self) -> &'static [Defect] {
        self.inner.defects()
    }

    fn simulates(&self, call: &Signature, effect: &Effect) -> bool {
        self.inner.simulates(call, effect)
    }
}

impl ProgramSupport for VariantProvider {
    fn credential_variables<'a>(&'a self, connection: &'a Connection) -> CredentialFuture<'a> {
        self.inner.credential_variables(connection)
    }

    fn confine(&self, scenario: &AnyScenario, folder: &Path) -> ClientEnvironment {
        self.inner.confine(scenario, folder)
    }

    fn placeholders(&self) -> Option<MakePlaceholders> {
        self.inner.placeholders()
    }

    fn marks(&self, run: &Run) -> Vec<Variable> {
        self.inner.marks(run)
    }

    fn inventory_id(&self, name: &str, id: &str) -> Option<String> {
        self.inner.inventory_id(name, id)
    }
}

impl Documented for VariantProvider {
    fn limit(&self, faults: &[Fault], oracle: &str, message: &str) -> Option<String> {
        self.inner.limit(faults, oracle, message)
    }

    fn documented_effects(&self, call: &Signature) -> Vec<DocumentedEffect> {
        self.inner.documented_effects(call)
    }

    fn calls(&self) -> Vec<Signature> {
        self.inner.calls()
    }

    fn cannot_meet(&self, call: &Signature, effect: &Effect) -> Option<&'static str> {
        self.inner.cannot_meet(call, effect)
    }
}

impl OtherActors for VariantProvider {
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
}

impl LiveAccess for VariantProvider {
    fn live_transport(&self, https: SharedTransport) -> SharedTransport {
        match &self.out {
            Some(out) => Arc::clone(out),
            None => self.inner.live_transport(https),
        }
    }

    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, NotReady> {
        self.inner.readiness(tier, env_file)
    }
}

impl Permissions for VariantProvider {}

impl Retention for VariantProvider {
    fn retained(&self, resource: &Resource) -> Option<String> {
        self.inner.retained(resource)
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        self.inner.monthly_cost(resource)
    }
}

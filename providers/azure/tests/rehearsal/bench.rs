//! A simulated subscription, a run, and the faults of its calls.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use kubeproof_azure::dialect::AzureDialect;
use kubeproof_azure::provisioner::AksProvisioner;
use kubeproof_azure::rehearsal::{SUBSCRIPTION, rehearse};
use kubeproof_azure::spec::AksSpec;
use kubeproof_contract::call::{Actor, Dialect};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::{Disk, Files};
use kubeproof_contract::fault::{Effect, Fault};
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::{GroundTruth, Rehearsal};
use kubeproof_contract::journal::Journal;
use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;
use serde_json::{Value, json};

pub struct Bench {
    pub spec: AksSpec,
    pub ground_truth: Arc<dyn GroundTruth>,
    transport: SharedTransport,
    pub clock: Clock,
    pub run: Run,
    pub journal: Journal,
    faults: FaultPlan,
    disk: SharedTransport,
}

/// The checklist's cluster, two nodes, with other members.
pub fn spec(change: Value) -> AksSpec {
    let mut value = json!({
        "subscription": SUBSCRIPTION, "location": "eastus",
        "node_pools": [{"name": "main", "vm_size": "Standard_D2s_v3", "count": 2}],
    });
    if let (Some(value), Value::Object(change)) = (value.as_object_mut(), change) {
        value.extend(change);
    }
    serde_json::from_value(value).unwrap()
}

impl Bench {
    pub fn new(change: Value, faults: &[&str]) -> Self {
        Self::with(change, faults, rehearse)
    }

    /// The same in another subscription.
    pub fn with(
        change: Value,
        faults: &[&str],
        subscription: impl Fn(&AksSpec, Clock, u64) -> Rehearsal,
    ) -> Self {
        let spec = spec(change);
        let clock = Clock::starting_at(Timestamp::from_second(1_795_000_000).unwrap());
        let rehearsal = subscription(&spec, clock, 1);
        let faults: Vec<Fault> = faults.iter().map(|text| text.parse().unwrap()).collect();
        Self {
            spec,
            ground_truth: rehearsal.ground_truth,
            transport: rehearsal.transport,
            clock,
            run: Run::new("r1", "tester", clock.now()),
            journal: Journal::default(),
            faults: FaultPlan::new(faults),
            disk: Files::empty(),
        }
    }

    pub fn connection(&self, actor: Actor) -> Connection {
        let dialect: Arc<dyn Dialect> = Arc::new(AzureDialect);
        let faulty = self
            .faults
            .layer(Arc::clone(&self.transport), dialect.clone(), actor);
        Connection {
            transport: self.journal.layer(faulty, dialect, actor, self.clock),
            clock: self.clock,
            seed: 1,
            run: self.run.clone(),
            credentials: Credentials::Rehearsal,
            directory: PathBuf::from("no-such-folder"),
            disk: Disk::over(Arc::clone(&self.disk)),
            progress: ProgressSink::default(),
        }
    }

    pub fn provisioner(&self) -> AksProvisioner {
        AksProvisioner::new(self.spec.clone(), &self.connection(Actor::Provisioner))
    }

    /// The same subscription, where these faults happen from now on.
    pub fn with_faults(mut self, faults: &[&str]) -> Self {
        let faults: Vec<Fault> = faults.iter().map(|text| text.parse().unwrap()).collect();
        self.faults = FaultPlan::new(faults);
        self
    }

    /// A call of another user to Resource Manager.
    pub async fn other(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("https://management.azure.com{path}?api-version=2025-01-01");
        let audience = "https://management.azure.com";
        self.by_other(audience, (method, &url), body).await
    }

    /// A call of another user to the directory.
    pub async fn directory(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("https://graph.microsoft.com/v1.0/{path}");
        let audience = "https://graph.microsoft.com";
        self.by_other(audience, (method, &url), body).await
    }

    async fn by_other(&self, audience: &str, (method, url): (&str, &str), body: Value) -> Value {
        let transport = self.connection(Actor::Foreign).transport;
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope={audience}/.default",
            kubeproof_azure::rehearsal::CLIENT_ID,
            kubeproof_azure::rehearsal::CLIENT_SECRET
        );
        let authority = format!(
            "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
            kubeproof_azure::rehearsal::TENANT
        );
        let request = http::Request::post(authority)
            .body(bytes::Bytes::from(form))
            .unwrap();
        let answer = transport.send(request).await.unwrap();
        let token: Value = serde_json::from_slice(answer.body()).unwrap();
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header(
                "authorization",
                format!("Bearer {}", token["access_token"].as_str().unwrap()),
            )
            .body(bytes::Bytes::from(body.to_string()))
            .unwrap();
        let answer = transport.send(request).await.unwrap();
        assert!(answer.status().is_success(), "{method} {url}: {answer:?}");
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    /// What exists that was not there before, as type and name.
    pub fn more_than(&self, before: &[Resource]) -> Vec<String> {
        let all = self.ground_truth.inventory();
        let new = all
            .iter()
            .filter(|one| !before.iter().any(|old| old.is_same(one)));
        new.map(|one| {
            format!(
                "{} {}",
                one.resource_type,
                one.name.clone().unwrap_or_default()
            )
        })
        .collect()
    }

    /// A provision in which the process dies by its fault.
    pub async fn dies_in_provision(&self, fault: &str) {
        let mut process = self.provisioner();
        tokio::select! {
            biased;
            () = self.faults.crash() => {}
            result = process.provision() => panic!("{fault}: it did not die: {result:?}"),
        }
        self.faults.process_begins();
    }

    /// The same for a teardown.
    pub async fn dies_in_teardown(&self, fault: &str) {
        let mut process = self.provisioner();
        tokio::select! {
            biased;
            () = self.faults.crash() => {}
            result = process.teardown() => panic!("{fault}: it did not die: {result:?}"),
        }
        self.faults.process_begins();
    }

    /// The faults that were not injected.
    pub fn not_injected(&self) -> Vec<String> {
        let tally = self.faults.tally();
        // An empty answer cannot be cut in half.
        let tally = tally
            .iter()
            .filter(|(fault, _)| fault.effect != Effect::Garbled);
        let missed = tally.filter(|(_, count)| count.attempted == 0);
        missed.map(|(fault, _)| fault.to_string()).collect()
    }

    /// How often a call was answered with 429.
    pub fn throttled(&self, signature: &str) -> usize {
        let calls = self.journal.calls();
        let refused = calls.iter().filter(|call| call.status == Some(429));
        refused
            .filter(|call| call.signature.to_string() == signature)
            .count()
    }

    /// The changing calls since the journal had this length.
    pub fn changes_since(&self, length: usize) -> Vec<String> {
        let later = self.journal.calls().split_off(length);
        let changing = later.iter().filter(|call| call.signature.mutating);
        changing.map(|call| call.signature.to_string()).collect()
    }
}

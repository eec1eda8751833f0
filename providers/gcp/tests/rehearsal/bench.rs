//! A simulated project, a run, and the faults of its calls.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use kubeproof_contract::call::{Actor, Dialect};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::{Disk, Files};
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_gcp::dialect::GcpDialect;
use kubeproof_gcp::provisioner::GkeProvisioner;
use kubeproof_gcp::rehearsal::{ACCESS_TOKEN, rehearse};
use kubeproof_gcp::spec::GkeSpec;
use serde_json::{Value, json};

pub struct Bench {
    pub spec: GkeSpec,
    pub ground_truth: Arc<dyn GroundTruth>,
    transport: SharedTransport,
    pub clock: Clock,
    pub run: Run,
    pub journal: Journal,
    faults: FaultPlan,
    disk: SharedTransport,
}

/// The checklist's cluster, two nodes in one zone, with other members.
pub fn spec(change: Value) -> GkeSpec {
    let mut value = json!({
        "project": "kubeproof-rehearsal", "location": "us-central1-a",
        "node_pools": [{"name": "main", "machine_type": "e2-standard-2", "count": 2}],
    });
    if let (Some(value), Value::Object(change)) = (value.as_object_mut(), change) {
        value.extend(change);
    }
    serde_json::from_value(value).unwrap()
}

impl Bench {
    pub fn new(change: Value, faults: &[&str]) -> Self {
        let spec = spec(change);
        let clock = Clock::starting_at(Timestamp::from_second(1_795_000_000).unwrap());
        let rehearsal = rehearse(&spec, clock, 1);
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

    /// The same project, where these faults happen from now on.
    pub fn with_faults(mut self, faults: &[&str]) -> Self {
        let faults: Vec<Fault> = faults.iter().map(|text| text.parse().unwrap()).collect();
        self.faults = FaultPlan::new(faults);
        self
    }

    pub fn connection(&self, actor: Actor) -> Connection {
        let dialect: Arc<dyn Dialect> = Arc::new(GcpDialect);
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

    pub fn provisioner(&self) -> GkeProvisioner {
        GkeProvisioner::new(self.spec.clone(), &self.connection(Actor::Provisioner))
    }

    /// A call of another user to Service Usage.
    pub async fn service(&self, method: &str, path: &str) -> Value {
        let url = "https://serviceusage.googleapis.com/v1/projects/kubeproof-rehearsal/services";
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{url}/{path}"))
            .header("authorization", format!("Bearer {ACCESS_TOKEN}"))
            .body(bytes::Bytes::new())
            .unwrap();
        let transport = self.connection(Actor::Foreign).transport;
        let answer = transport.send(request).await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {answer:?}");
        serde_json::from_slice(answer.body()).unwrap()
    }

    /// What exists that was not there before, as type and id.
    pub fn more_than(&self, before: &[Resource]) -> Vec<String> {
        let all = self.ground_truth.inventory();
        let new = all
            .iter()
            .filter(|one| !before.iter().any(|old| old.is_same(one)));
        new.map(|one| format!("{} {}", one.resource_type, one.id))
            .collect()
    }

    pub fn calls(&self, signature: &str) -> usize {
        let calls = self.journal.calls();
        calls
            .iter()
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

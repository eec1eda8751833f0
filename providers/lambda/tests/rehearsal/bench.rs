//! The provisioner and the observer over one simulated account.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provider::{
    Connection, Credentials, ProgressSink, Provider as _, ProviderParts as _, Simulated as _,
};
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::AnyScenario;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_lambda::provider::Lambda;

/// A simulated account, a run, and the faults of its calls.
pub struct Bench {
    pub scenario: AnyScenario,
    pub ground_truth: Arc<dyn GroundTruth>,
    transport: SharedTransport,
    pub clock: Clock,
    pub run: Run,
    pub journal: Journal,
    faults: FaultPlan,
}

impl Bench {
    pub fn new(cluster: &str, faults: &[&str]) -> Self {
        let text = format!(
            "scenario: s\ndescription: d\nprovider: lambda\njob: {{gpus: 1}}\ncluster:\n  kubernetes_version: \"1.34\"\n  api_allowed_from: 198.51.100.7/32\n{cluster}"
        );
        let scenario = Lambda.read(&text).unwrap();
        let clock = Clock::starting_at(Timestamp::from_second(1_795_000_000).unwrap());
        let rehearsal = Lambda.rehearse(&scenario, clock, 1).unwrap();
        let faults: Vec<Fault> = faults.iter().map(|text| text.parse().unwrap()).collect();
        Self {
            scenario,
            ground_truth: rehearsal.ground_truth,
            transport: rehearsal.transport,
            clock,
            run: Run::new("r1", "tester", clock.now()),
            journal: Journal::default(),
            faults: FaultPlan::new(faults),
        }
    }

    pub fn connection(&self, actor: Actor) -> Connection {
        let dialect = Lambda.dialect();
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
            disk: kubeproof_contract::disk::Disk::unwatched(),
            progress: ProgressSink::default(),
        }
    }

    pub fn provisioner(&self) -> Box<dyn Provisioner> {
        Lambda.provisioner(&self.scenario, self.connection(Actor::Provisioner))
    }

    pub fn observer(&self) -> Box<dyn Observer> {
        Lambda.observer(&self.scenario, self.connection(Actor::Observer))
    }

    pub fn mine(&self) -> Vec<Resource> {
        let all = self.ground_truth.inventory();
        let mine = |one: &Resource| {
            one.name
                .as_deref()
                .is_some_and(|name| name.starts_with("kp-r1"))
        };
        all.into_iter().filter(mine).collect()
    }

    pub fn calls(&self, signature: &str) -> usize {
        let calls = self.journal.calls();
        calls
            .iter()
            .filter(|call| call.signature.to_string() == signature)
            .count()
    }

    pub fn throttled(&self) -> usize {
        let calls = self.journal.calls();
        calls.iter().filter(|call| call.status == Some(429)).count()
    }
}

pub const ONE: &str = "  regions: [us-east-1, us-west-1]\n  instance_type: gpu_1x_a10\n";
pub const TWO: &str =
    "  regions: [us-east-1]\n  instance_type: gpu_1x_a10\n  nodes: 2\n  filesystem: true\n";

//! What every test needs: a scenario, a simulated account, and an observer of it.

use std::sync::Arc;

use kubeproof_aws::deleter;
use kubeproof_aws::observer::EksObserver;
use kubeproof_aws::spec::EksSpec;
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::setup::Setup;
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::provider::{Connection, Credentials};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_simkit::in_memory::InMemory;

/// The date on which all tests start.
pub const START: &str = "2026-11-23T10:07:00Z";

/// Two nodes in two zones.
pub fn spec() -> EksSpec {
    let text = r#"{"kubernetes_version":"1.34",
        "node_groups":[{"name":"main","instance_type":"t3.medium","count":2}]}"#;
    serde_json::from_str(text).unwrap()
}

/// A simulated account and the way to it.
pub struct Bench {
    pub ground_truth: Arc<dyn GroundTruth>,
    pub transport: SharedTransport,
    pub clock: Clock,
    pub run: Run,
    pub journal: Journal,
}

impl Bench {
    /// The default account.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// An account with another setup.
    pub fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let clock = Clock::starting_at(START.parse().unwrap());
        let mut setup = Setup::new(7, "us-east-1", clock.now());
        change(&mut setup);
        let rehearsal = InMemory::rehearsal(AwsCloud::new(setup), clock);
        Self {
            ground_truth: rehearsal.ground_truth,
            transport: rehearsal.transport,
            clock,
            run: Run::new("r1", "tests", clock.now()),
            journal: Journal::default(),
        }
    }

    /// A connection over a transport.
    pub fn connection_over(&self, transport: SharedTransport) -> Connection {
        Connection {
            transport,
            clock: self.clock,
            seed: 7,
            run: self.run.clone(),
            credentials: Credentials::Rehearsal,
            directory: std::path::PathBuf::new(),
            disk: kubeproof_contract::disk::Disk::unwatched(),
            progress: kubeproof_contract::provider::ProgressSink::default(),
        }
    }

    /// The observer, with its calls in the journal.
    pub fn account(&self) -> EksObserver {
        let dialect = Arc::new(kubeproof_aws::dialect::AwsDialect);
        let transport =
            self.journal
                .layer(self.transport.clone(), dialect, Actor::Auditor, self.clock);
        EksObserver::new(spec(), self.connection_over(transport))
    }

    /// The deleter of the same account.
    pub fn deleter(&self) -> impl Deleter {
        deleter::of(&spec(), &self.connection_over(self.transport.clone()))
    }

    /// The observer, with faults injected into its calls.
    pub fn account_with(&self, faults: &[&str]) -> EksObserver {
        let faults = faults.iter().map(|text| text.parse().unwrap()).collect();
        let dialect = Arc::new(kubeproof_aws::dialect::AwsDialect);
        let transport =
            FaultPlan::new(faults).layer(self.transport.clone(), dialect, Actor::Auditor);
        EksObserver::new(spec(), self.connection_over(transport))
    }
}

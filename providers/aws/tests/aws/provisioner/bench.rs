//! The test bench: a simulated account with a run in it, and assertions about both.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use kubeproof_aws::dialect::AwsDialect;
use kubeproof_aws::provisioner::EksProvisioner;
use kubeproof_aws::rehearsal::rehearse;
use kubeproof_aws::spec::EksSpec;
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::journal::{Call, Journal};
use kubeproof_contract::provider::{Connection, Credentials};
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

/// The key that identifies a resource across listings.
pub type Key = kubeproof_contract::resource::ResourceKey;

/// A simulated account with a run in it.
pub struct Bench {
    pub spec: EksSpec,
    pub clock: Clock,
    pub journal: Journal,
    pub run: Run,
    rehearsal: Rehearsal,
    baseline: BTreeSet<Key>,
    bystanders: Vec<(Key, String)>,
}

/// Two nodes in two zones.
pub fn spec() -> EksSpec {
    serde_json::from_value(serde_json::json!({
        "kubernetes_version": "1.34",
        "node_groups": [{"name": "main", "instance_type": "t3.medium", "count": 2}],
        "ingress": [{"port": 8080, "cidr": "203.0.113.0/24"}],
        "control_plane_logs": true,
    }))
    .unwrap()
}

/// The bystanders, each with the digest of what must not change.
fn digests(rehearsal: &Rehearsal) -> Vec<(Key, String)> {
    let bystanders = rehearsal.ground_truth.bystanders();
    bystanders
        .into_iter()
        .map(|(resource, digest)| (resource.key(), digest))
        .collect()
}

impl Bench {
    /// A fresh account. Call it inside a runtime whose clock is paused.
    pub fn new(seed: u64) -> Self {
        fastrand::seed(seed);
        let start: Timestamp = "2026-11-23T10:07:00Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        let spec = spec();
        let rehearsal = rehearse(&spec, (clock, seed), None);
        let baseline = rehearsal
            .ground_truth
            .inventory()
            .iter()
            .map(Resource::key)
            .collect();
        let bystanders = digests(&rehearsal);
        let run = Run::new("r1", "tests", start);
        Self {
            spec,
            clock,
            journal: Journal::default(),
            run,
            rehearsal,
            baseline,
            bystanders,
        }
    }

    /// A connection of the provisioner with these faults injected.
    pub fn connection(&self, plan: &FaultPlan) -> Connection {
        let dialect = Arc::new(AwsDialect);
        let transport = Arc::clone(&self.rehearsal.transport);
        let actor = Actor::Provisioner;
        let transport = plan.layer(transport, dialect.clone(), actor);
        Connection {
            transport: self.journal.layer(transport, dialect, actor, self.clock),
            clock: self.clock,
            seed: 1,
            run: self.run.clone(),
            credentials: Credentials::Rehearsal,
            directory: std::path::PathBuf::new(),
            disk: kubeproof_contract::disk::Disk::unwatched(),
            progress: kubeproof_contract::provider::ProgressSink::default(),
        }
    }

    /// A new process of the reference provisioner.
    pub fn process(&self, plan: &FaultPlan) -> EksProvisioner {
        EksProvisioner::new(self.spec.clone(), self.connection(plan))
    }

    /// A new process without faults.
    pub fn calm(&self) -> EksProvisioner {
        self.process(&FaultPlan::new(Vec::new()))
    }

    /// Provisions in a new process without faults, and expects it to succeed.
    pub async fn provisioned(&self) -> Provisioned {
        self.calm().provision().await.unwrap()
    }

    /// The calls since an ordinal.
    pub fn calls_since(&self, ordinal: usize) -> Vec<Call> {
        self.journal.calls().split_off(ordinal)
    }

    /// What exists and did not at the beginning.
    fn new_resources(&self) -> Vec<Resource> {
        let mut all = self.rehearsal.ground_truth.inventory();
        all.retain(|resource| !self.baseline.contains(&resource.key()));
        all
    }

    /// The ids of new resources of a type.
    pub fn ids_of(&self, resource_type: &str) -> Vec<String> {
        let new = self.new_resources();
        let of_type = new
            .into_iter()
            .filter(|resource| resource.resource_type == resource_type);
        of_type.map(|resource| resource.id).collect()
    }

    /// The shortest time to a ready cluster, and why.
    pub fn fastest_ready(&self) -> (std::time::Duration, String) {
        self.rehearsal.ground_truth.fastest_ready().unwrap()
    }

    /// The most resources of a type that the run ever had at one moment.
    fn most_at_once(&self, resource_type: &str) -> usize {
        let lives: Vec<_> = self
            .rehearsal
            .ground_truth
            .lifetimes()
            .into_iter()
            .filter(|life| life.resource.resource_type == resource_type)
            .filter(|life| self.run.owns(&life.resource.tags))
            .collect();
        let alive_at = |at: Timestamp| {
            lives
                .iter()
                .filter(|life| life.from <= at && life.to.is_none_or(|to| to > at))
                .count()
        };
        lives
            .iter()
            .map(|life| alive_at(life.from))
            .max()
            .unwrap_or(0)
    }

    /// Expects that no logical resource ever had a duplicate.
    pub fn expect_no_duplicates(&self, context: &str) {
        for (resource_type, limit) in [
            ("vpc", 1),
            ("internet_gateway", 1),
            ("elastic_ip", 2),
            ("nat_gateway", 2),
            ("subnet", 4),
            ("route_table", 3),
            ("eks_cluster", 1),
            ("eks_nodegroup", 1),
            ("launch_template", 1),
            ("iam_role", 2),
        ] {
            let most = self.most_at_once(resource_type);
            assert!(most <= limit, "{context}: {most} × {resource_type} at once");
        }
    }

    /// Expects the account to be as it was, except for service-linked roles, which AWS keeps.
    pub fn expect_clean(&self, context: &str) {
        let left: Vec<String> = self
            .new_resources()
            .iter()
            .filter(|one| {
                !one.properties
                    .get("path")
                    .is_some_and(|path| path.starts_with("/aws-service-role/"))
            })
            .map(|one| format!("{} {} {:?}", one.resource_type, one.id, one.name))
            .collect();
        assert!(left.is_empty(), "{context}: left behind: {left:#?}");
        let now: BTreeSet<Key> = self
            .rehearsal
            .ground_truth
            .inventory()
            .iter()
            .map(Resource::key)
            .collect();
        let missing: Vec<&Key> = self.baseline.difference(&now).collect();
        assert!(
            missing.is_empty(),
            "{context}: not ours, and gone: {missing:?}"
        );
        assert_eq!(
            digests(&self.rehearsal),
            self.bystanders,
            "{context}: bystanders were touched"
        );
    }

    /// Tears down in a new process without faults, and expects the account to be as it was.
    pub async fn expect_clean_after_teardown(&self, context: &str) {
        let torn = self.calm().teardown().await;
        assert_eq!(torn, Ok(()), "{context}");
        self.expect_clean(context);
    }
}

/// A plan of faults from their text form.
pub fn plan(faults: &[&str]) -> FaultPlan {
    FaultPlan::new(faults.iter().map(|fault| fault.parse().unwrap()).collect())
}

/// Expects every fault of a plan to have been injected; one that was never triggered proves nothing.
pub fn expect_injected(plan: &FaultPlan) {
    for (fault, count) in plan.tally() {
        assert!(
            count.attempted > 0,
            "{fault} was never triggered: {count:?}"
        );
    }
}

//! The provisioner and the observer over one simulated account.

use std::ops::Deref;
use std::time::Duration;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provider::{
    OtherActors as _, Provider as _, ProviderParts as _, Simulated as _,
};
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::AnyScenario;
use kubeproof_contract::workload::{JobOrder, JobProof, WorkloadError};
use kubeproof_huggingface::provider::HuggingFace;
use kubeproof_simkit::bench;

/// An endpoint on CPUs that scales to zero.
pub const CPU: &str = "  namespace: kubeproof-rehearsal\n  endpoint:\n    vendor: aws\n    region: us-east-1\n    \
    accelerator: cpu\n    instance_type: intel-spr\n    instance_size: x1\n    model: openai-community/gpt2\n    \
    scaling: {min_replicas: 0, max_replicas: 1, scale_to_zero_minutes: 15}\n";

/// A job that runs until it is cancelled.
pub const JOB: &str = "  namespace: kubeproof-rehearsal\n  job: {flavor: cpu-basic, image: \"python:3.12\", \
    command: [sleep, \"3600\"]}\n";

/// A simulated account, a run, and the faults of its calls.
pub struct Bench {
    pub scenario: AnyScenario,
    account: bench::Bench,
}

impl Deref for Bench {
    type Target = bench::Bench;

    fn deref(&self) -> &bench::Bench {
        &self.account
    }
}

/// A scenario with this cluster block.
pub fn scenario(cluster: &str) -> AnyScenario {
    let text = format!("scenario: s\ndescription: d\nprovider: huggingface\ncluster:\n{cluster}");
    HuggingFace.read(&text).unwrap()
}

impl Bench {
    pub fn new(cluster: &str, faults: &[&str]) -> Self {
        let scenario = scenario(cluster);
        let account = bench::Bench::new(HuggingFace.dialect(), faults, |clock| {
            HuggingFace.rehearse(&scenario, clock, 1).unwrap()
        });
        let others = account.connection(Actor::Foreign);
        let changes = HuggingFace.foreign_changes(&scenario, others);
        account.faults.let_change(changes.unwrap());
        Self { scenario, account }
    }

    pub fn provisioner(&self) -> Box<dyn Provisioner> {
        HuggingFace.provisioner(&self.scenario, self.connection(Actor::Provisioner))
    }

    pub fn observer(&self) -> Box<dyn Observer> {
        HuggingFace.observer(&self.scenario, self.connection(Actor::Observer))
    }

    pub async fn checks(&self, provisioned: &Provisioned) -> Vec<Check> {
        self.observer().checks(&self.run, provisioned).await
    }

    /// Runs the job of the harness.
    pub async fn job(&self) -> Result<JobProof, WorkloadError> {
        let order = JobOrder {
            name: "proof".to_owned(),
            namespace: "kp-r1-job-1".to_owned(),
            image: None,
            print: "hello from the rehearsal".to_owned(),
            nonce: "n-4a1f6c".to_owned(),
            gpus: None,
            timeout: Duration::from_mins(10),
            labels: std::collections::BTreeMap::new(),
        };
        let transport = self.connection(Actor::Workload).transport;
        let workload = self.observer().workload(&self.run, transport).await?;
        workload.run(&order).await
    }

    /// What there is of the run, by its name or its mark.
    pub fn mine(&self) -> Vec<Resource> {
        let mut all = self.ground_truth.inventory();
        all.retain(|one| {
            let is_named = one
                .name
                .as_deref()
                .is_some_and(|name| name.starts_with("kp-r1"));
            is_named
                || one
                    .tags
                    .get("kubeproof-run")
                    .is_some_and(|id| *id == self.run.id)
        });
        all
    }
}

/// The verdict of a row.
pub fn verdict(checks: &[Check], id: &str) -> Verdict {
    checks.iter().find(|check| check.id == id).unwrap().verdict
}

//! The provisioner and the observer over one simulated account.

use std::ops::{Deref, DerefMut};

use kubeproof_contract::call::Actor;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provider::{Provider as _, ProviderParts as _, Simulated as _};
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::AnyScenario;
use kubeproof_lambda::provider::Lambda;
use kubeproof_simkit::bench;

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

impl DerefMut for Bench {
    fn deref_mut(&mut self) -> &mut bench::Bench {
        &mut self.account
    }
}

impl Bench {
    pub fn new(cluster: &str, faults: &[&str]) -> Self {
        let text = format!(
            "scenario: s\ndescription: d\nprovider: lambda\njob: {{gpus: 1}}\ncluster:\n  kubernetes_version: \"1.34\"\n  api_allowed_from: 198.51.100.7/32\n{cluster}"
        );
        let scenario = Lambda.read(&text).unwrap();
        let account = bench::Bench::new(Lambda.dialect(), faults, |clock| {
            Lambda.rehearse(&scenario, clock, 1).unwrap()
        });
        Self { scenario, account }
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
}

pub const ONE: &str = "  regions: [us-east-1, us-west-1]\n  instance_type: gpu_1x_a10\n";
pub const TWO: &str =
    "  regions: [us-east-1]\n  instance_type: gpu_1x_a10\n  nodes: 2\n  filesystem: true\n";

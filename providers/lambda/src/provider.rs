//! The entry point of the provider: Lambda Cloud as the harness knows it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kubeproof_cloudkit::credentials::fingerprint_problem;
use kubeproof_cloudkit::documented;
use kubeproof_contract::prelude::*;
use kubeproof_contract::scenario;
use kubeproof_kubernetes::workload;

use crate::credentials::{CLIENTS, KEY};
use crate::dialect::{LambdaDialect, ROUTES, SERVICE};
use crate::observer::LambdaObserver;
use crate::observer::checks::CHECKLIST;
use crate::observer::inventory::CATALOGUE;
use crate::plan::LambdaPlan;
use crate::provisioner::LambdaProvisioner;
use crate::spec::{LambdaSpec, regions};
use crate::{calls, client_environment, defects, deleter, faults, prices, rehearsal};

/// Services that a fault can target, in the form of call signatures.
const SERVICES: &[&str] = &["*", "kubernetes", SERVICE];

/// The `cluster` block of a new scenario.
const USUAL_CLUSTER: &str = "regions: [us-east-1]\n\
     instance_type: gpu_1x_a10\n\
     kubernetes_version: \"1.34\"\n\
     api_allowed_from: 198.51.100.7/32";

#[derive(Clone, Copy, Debug, Default)]
pub struct Lambda;

impl Provider for Lambda {
    fn name(&self) -> &'static str {
        SERVICE
    }

    fn title(&self) -> &'static str {
        "Lambda Cloud"
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(LambdaDialect)
    }

    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError> {
        let scenario = scenario::read::<LambdaSpec>(text)?;
        let mut problems = scenario.usual_problems(defects::DEFECTS, SERVICES, self.title());
        problems.extend(scenario.gpu_problem(spec(&scenario).gpus()));
        scenario.without(&problems)
    }

    fn schema(&self) -> serde_json::Value {
        let mut schema = schemars::schema_for!(ScenarioFile<LambdaSpec>).to_value();
        scenario::offer(&mut schema, "Regions", &regions());
        scenario::offer(&mut schema, "Word", &prices::instance_types());
        schema
    }

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        CHECKLIST
    }
}

impl ProviderParts for Lambda {
    fn plan(&self, scenario: &AnyScenario) -> Box<dyn Plan> {
        Box::new(LambdaPlan(spec(scenario)))
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        let defect = scenario.provisioner.defect.as_deref();
        let correct = |connection| LambdaProvisioner::new(spec(scenario), &connection);
        defects::WRONG.provisioner(defect, connection, correct)
    }

    fn observer(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Observer> {
        Box::new(LambdaObserver::new(spec(scenario), &connection))
    }

    fn workload(
        &self,
        access: &KubernetesAccess,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        workload::through(access, transport)
    }

    fn deleter(&self, _: &AnyScenario, connection: Connection) -> Box<dyn Deleter> {
        Box::new(deleter::of(&connection))
    }
}

impl Simulated for Lambda {
    fn rehearse(&self, _: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal> {
        Some(rehearsal::rehearse(clock, seed))
    }

    fn operations(&self) -> SimulatedOperations {
        rehearsal::simulated_operations()
    }

    fn defects(&self) -> &'static [Defect] {
        defects::DEFECTS
    }

    fn simulates(&self, call: &Signature, effect: &Effect) -> bool {
        calls::simulates(call, effect)
    }

    fn serve(&self, serving: Serving) -> Result<Arc<dyn Served>, ServeError> {
        rehearsal::serve(serving)
    }

    fn client_environment(
        &self,
        served: &dyn Served,
        _: &Path,
        _: &BTreeMap<String, String>,
    ) -> ClientEnvironment {
        client_environment::client_environment(served)
    }
}

impl ProgramSupport for Lambda {
    fn cluster_block(&self, _of: Option<&Configuration>) -> Option<ClusterBlock> {
        Some(ClusterBlock {
            gpus: Some(1),
            ..ClusterBlock::usual(USUAL_CLUSTER)
        })
    }

    fn credential_variables<'a>(&'a self, connection: &'a Connection) -> CredentialFuture<'a> {
        KEY.given_to_programs(connection, &CLIENTS)
    }
}

impl Documented for Lambda {
    fn checks_explained(&self) -> &'static str {
        include_str!("../CHECKS.md")
    }

    fn calls(&self) -> Vec<Signature> {
        documented::calls(SERVICE, ROUTES)
    }

    fn documented_effects(&self, call: &Signature) -> Vec<DocumentedEffect> {
        faults::of(call)
    }
}

impl OtherActors for Lambda {}

impl LiveAccess for Lambda {
    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, NotReady> {
        let note = "(the live path was never run against a real account)";
        KEY.readiness(tier, env_file, note)
    }

    fn account_id_problem(&self, id: &str) -> Option<String> {
        fingerprint_problem(id)
    }
}

impl Permissions for Lambda {
    fn unlimited(&self) -> Option<[&'static str; 2]> {
        let note = "a key of Lambda Cloud may do everything: it has no permissions";
        Some(["API key of Lambda Cloud", note])
    }
}

impl Retention for Lambda {
    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        CATALOGUE.monthly_cost(resource)
    }
}

fn spec(scenario: &AnyScenario) -> LambdaSpec {
    scenario.cluster_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(more: &str, expected: Option<&str>) {
        let text = format!(
            "scenario: s\ndescription: d\nprovider: lambda\ncluster:\n  regions: [us-east-1]\n  instance_type: gpu_1x_a10\n  kubernetes_version: \"1.34\"\n  api_allowed_from: 198.51.100.7/32\n{more}"
        );
        match (Lambda.read(&text), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => assert!(error.message.contains(part), "{error}"),
            (result, _) => panic!("{more}: {:?}", result.err()),
        }
    }

    #[test]
    fn what_types_cannot_hold_is_found_when_the_file_is_read() {
        check("job: {gpus: 1}\n", None);
        check("", Some("job.gpus is missing"));
        check("job: {gpus: 2}\n", Some("more than the 1 GPUs"));
        check(
            "job: {gpus: 1}\nprovisioner: {defect: x}\n",
            Some("unknown defect `x`"),
        );
        let failure = "job: {gpus: 1}\nfailures: [{name: f, faults: [\"ec2:CreateVpc=quota\"], expect: survives}]\n";
        check(failure, Some("`ec2` is not a service of Lambda Cloud"));
    }
}

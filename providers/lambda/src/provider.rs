//! The entry of the provider: Lambda Cloud as the harness knows it.
//!
//! Apart from what it leads to, so that the harness's list of providers needs one line.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use kubeproof_contract::account::Account;
use kubeproof_contract::call::{Dialect, Signature};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::documented::DocumentedEffect;
use kubeproof_contract::fault::Effect;
use kubeproof_contract::provider::{Connection, Defect, Finding, Provider};
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::resource::{MonthlyCost, Resource};
use kubeproof_contract::scenario::{self, AnyScenario, ScenarioError, ScenarioFile, Tier};
use kubeproof_contract::serve::{Redirect, ServeError, Served, Serving};
use kubeproof_contract::world::Rehearsal;

use crate::account::LambdaAccount;
use crate::account::checks::CHECKLIST;
use crate::dialect::LambdaDialect;
use crate::provisioner::LambdaProvisioner;
use crate::spec::LambdaSpec;
use crate::{calls, credentials, defects, faults, prices, redirect, rehearsal};

/// The name in scenario files.
const NAME: &str = "lambda";
/// Services that a fault can strike, in the form of call signatures.
const SERVICES: &[&str] = &["*", "kubernetes", "lambda"];

/// Lambda Cloud.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lambda;

impl Provider for Lambda {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Lambda Cloud"
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(LambdaDialect)
    }

    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError> {
        let scenario = scenario::read::<LambdaSpec>(text)?;
        let problems = problems(&scenario);
        if problems.is_empty() {
            return Ok(scenario);
        }
        Err(ScenarioError {
            message: problems.join("\n"),
        })
    }

    fn schema(&self) -> serde_json::Value {
        let mut schema = schemars::schema_for!(ScenarioFile<LambdaSpec>).to_value();
        scenario::offer(&mut schema, "Regions", crate::spec::REGIONS);
        scenario::offer(&mut schema, "Word", &prices::instance_types());
        schema
    }

    fn rehearse(&self, _: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal> {
        Some(rehearsal::rehearse(clock, seed))
    }

    fn account(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Account> {
        Box::new(LambdaAccount::new(spec(scenario), connection))
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        let spec = spec(scenario);
        let Some(defect) = &scenario.provisioner.defect else {
            return Box::new(LambdaProvisioner::new(spec, connection));
        };
        let unknown = || -> Box<dyn Provisioner> { Box::new(Refuses(defect.clone())) };
        defects::apply(defect, spec, connection).unwrap_or_else(unknown)
    }

    fn defects(&self) -> &'static [Defect] {
        defects::DEFECTS
    }

    fn calls(&self) -> Vec<Signature> {
        calls::calls()
    }

    fn simulates(&self, call: &Signature, effect: &Effect) -> bool {
        calls::simulates(call, effect)
    }

    fn documented_effects(&self, call: &Signature) -> Vec<DocumentedEffect> {
        faults::documented(call)
    }

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        CHECKLIST
    }

    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, String> {
        match tier {
            Tier::Live => credentials::readiness(env_file),
            Tier::Rehearsal | Tier::Kind => Err(format!("it has no tier {tier}")),
        }
    }

    fn account_id_problem(&self, id: &str) -> Option<String> {
        let digits = id.strip_prefix("key-").unwrap_or_default();
        let fits = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        (!fits).then(|| {
            format!("`{id}` is not the fingerprint of a key: `key-` and twelve hexadecimal digits")
        })
    }

    fn serve(&self, serving: Serving) -> Result<Arc<dyn Served>, ServeError> {
        rehearsal::serve(serving)
    }

    fn redirect(&self, served: &dyn Served, _: &Path, _: &BTreeMap<String, String>) -> Redirect {
        redirect::redirect(served)
    }

    fn given<'a>(&'a self, connection: &'a Connection) -> Finding<'a> {
        Box::pin(std::future::ready(credentials::given(connection)))
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        prices::monthly(resource)
    }
}

/// What the types of a scenario cannot hold.
fn problems(scenario: &AnyScenario) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(defect) = &scenario.provisioner.defect {
        let known: Vec<&str> = defects::DEFECTS.iter().map(|defect| defect.name).collect();
        if !known.contains(&defect.as_str()) {
            let known = known.join(", ");
            problems.push(format!(
                "provisioner.defect: `{defect}` is unknown; known: {known}"
            ));
        }
    }
    let gpus = spec(scenario).gpus();
    match scenario.job.gpus {
        None if gpus > 0 => problems.push(format!(
            "job.gpus is missing: the nodes have {gpus} GPUs, and only a job that counts them shows that they work"
        )),
        Some(asked) if asked > gpus => problems.push(format!(
            "job.gpus: {asked} is more than the {gpus} GPUs of a node"
        )),
        _ => {}
    }
    for failure in &scenario.failures {
        let name = failure.name.as_str();
        for fault in &failure.faults {
            let service = fault.0.place.service.as_str();
            if !SERVICES.contains(&service) {
                problems.push(format!(
                    "failure {name}: `{service}` is not a service of Lambda Cloud; known: {}",
                    SERVICES.join(", ")
                ));
            }
        }
    }
    problems
}

/// The cluster block. A scenario that another provider read has none for us.
fn spec(scenario: &AnyScenario) -> LambdaSpec {
    scenario
        .cluster_as::<LambdaSpec>()
        .cloned()
        .unwrap_or_default()
}

/// Stands for a defect that nobody knows: the right provisioner in its place would prove nothing.
struct Refuses(String);

#[async_trait]
impl Provisioner for Refuses {
    fn name(&self) -> String {
        format!("reference with the unknown defect `{}`", self.0)
    }

    fn claim(&self) -> Option<Claim> {
        None
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let message = format!("no defect is named `{}`", self.0);
        Err(ProvisionerError::new(message))
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        Ok(())
    }
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
            Some("`x` is unknown"),
        );
        let failure = "job: {gpus: 1}\nfailures: [{name: f, faults: [\"ec2:CreateVpc=quota\"], expect: survives}]\n";
        check(failure, Some("`ec2` is not a service of Lambda Cloud"));
    }
}

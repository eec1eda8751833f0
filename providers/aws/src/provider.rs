//! The entry of the provider: AWS as the harness knows it.
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
use kubeproof_contract::fault::{Effect, Fault};
use kubeproof_contract::provider::{Connection, Defect, Finding, Provider};
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::resource::{MonthlyCost, Resource};
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::{self, AnyScenario, ScenarioError, ScenarioFile, Tier};
use kubeproof_contract::serve::{Redirect, ServeError, Served, Serving, Variable};
use kubeproof_contract::world::Rehearsal;

use crate::account::checks::CHECKLIST;
use crate::account::{EksAccount, resources};
use crate::dialect::AwsDialect;
use crate::provisioner::EksProvisioner;
use crate::spec::{EksSpec, KubernetesVersion, Network, NodeGroups, Region, VpcCidr, ZoneCount};
use crate::{
    calls, catalogue, credentials, defects, external, faults, limits, redirect, rehearsal,
};

/// The name in scenario files.
const NAME: &str = "aws";

/// Services that a fault can strike, in the form of call signatures.
const SERVICES: &[&str] = &[
    "*",
    "autoscaling",
    "ce",
    "cloudtrail",
    "ec2",
    "eks",
    "elasticloadbalancing",
    "iam",
    "kubernetes",
    "logs",
    "pricing",
    "servicequotas",
    "sts",
    "tagging",
];

/// AWS EKS.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aws;

impl Provider for Aws {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "AWS EKS"
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(AwsDialect)
    }

    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError> {
        let scenario = scenario::read::<EksSpec>(text)?;
        let problems = problems(text, &scenario);
        if problems.is_empty() {
            return Ok(scenario);
        }
        Err(ScenarioError {
            message: problems.join("\n"),
        })
    }

    fn schema(&self) -> serde_json::Value {
        let mut schema = schemars::schema_for!(ScenarioFile<EksSpec>).to_value();
        let regions: Vec<&str> = catalogue::regions().collect();
        let versions = catalogue::versions().iter();
        let versions: Vec<&str> = versions.map(|version| version.name).collect();
        for (definition, names) in [
            ("Region", regions.as_slice()),
            ("KubernetesVersion", versions.as_slice()),
            ("InstanceType", catalogue::instance_types()),
        ] {
            scenario::offer(&mut schema, definition, names);
        }
        schema
    }

    fn rehearse(&self, scenario: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal> {
        Some(rehearsal::rehearse(&spec(scenario), clock, seed))
    }

    fn account(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Account> {
        let account = EksAccount::new(spec(scenario), connection);
        Box::new(account.with_leftovers(scenario.job.with_leftovers))
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        let spec = spec(scenario);
        let Some(defect) = &scenario.provisioner.defect else {
            return Box::new(EksProvisioner::new(spec, connection));
        };
        let unknown = || -> Box<dyn Provisioner> { Box::new(Refuses(defect.clone())) };
        defects::apply(defect, spec, connection).unwrap_or_else(unknown)
    }

    fn defects(&self) -> &'static [Defect] {
        defects::DEFECTS
    }

    fn limit(&self, faults: &[Fault], oracle: &str, message: &str) -> Option<String> {
        limits::limit(faults, oracle, message)
    }

    fn calls(&self) -> Vec<Signature> {
        calls::calls()
    }

    fn simulates(&self, call: &Signature, effect: &Effect) -> bool {
        calls::simulates(call, effect)
    }

    fn cannot_meet(&self, call: &Signature, effect: &Effect) -> Option<&'static str> {
        calls::cannot_meet(call, effect)
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
        let fits = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
        (!fits).then(|| format!("`{id}` is not an AWS account id: those have 12 digits"))
    }

    fn serve(&self, serving: Serving) -> Result<Arc<dyn Served>, ServeError> {
        let region = redirect::region(&serving.environment).map_err(ServeError::Environment)?;
        rehearsal::serve(region, serving)
    }

    fn redirect(
        &self,
        served: &dyn Served,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Redirect {
        redirect::redirect(served, folder, environment)
    }

    fn given<'a>(&'a self, connection: &'a Connection) -> Finding<'a> {
        Box::pin(credentials::given::given(connection))
    }

    fn confine(&self, scenario: &AnyScenario, folder: &Path) -> Redirect {
        redirect::confine(&spec(scenario).region, folder)
    }

    fn marks(&self, run: &Run) -> Vec<Variable> {
        external::marks(run)
    }

    fn inventory_id(&self, name: &str, id: &str) -> Option<String> {
        external::inventory_id(name, id)
    }

    fn stays(&self, resource: &Resource) -> Option<String> {
        resources::stays(resource)
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        resources::monthly_cost(resource, &Region::default().0)
    }
}

/// What the types of a scenario cannot hold.
fn problems(text: &str, scenario: &AnyScenario) -> Vec<String> {
    let mut problems = Vec::new();
    if scenario.provider != NAME {
        let given = &scenario.provider;
        problems.push(format!(
            "{}provider `{given}` is not `{NAME}`",
            place(text, given)
        ));
    }
    if let Some(defect) = &scenario.provisioner.defect {
        let known: Vec<&str> = defects::DEFECTS.iter().map(|defect| defect.name).collect();
        if !known.contains(&defect.as_str()) {
            let known = known.join(", ");
            problems.push(format!(
                "provisioner.defect: `{defect}` is unknown; known: {known}"
            ));
        }
    }
    problems.extend(unmade(text, scenario));
    for failure in &scenario.failures {
        let name = failure.name.as_str();
        for fault in &failure.faults {
            let service = fault.0.place.service.as_str();
            if !SERVICES.contains(&service) {
                let (place, known) = (place(text, &format!("{service}:")), SERVICES.join(", "));
                problems.push(format!(
                    "{place}failure {name}: `{service}` is not a service of AWS that we call; \
                     known: {known}"
                ));
            }
        }
    }
    problems
}

/// What cannot be meant of a cluster, or what only a program makes.
fn unmade(text: &str, scenario: &AnyScenario) -> Option<String> {
    let spec = scenario.cluster_as::<EksSpec>()?;
    if let Some(problem) = spec.network.problem() {
        return Some(format!("{}{problem}", place(text, "network:")));
    }
    if scenario.provisioner.is_external() {
        return None;
    }
    if spec.network == Network::default() {
        return None;
    }
    let place = place(text, "network:");
    Some(format!(
        "{place}`network` is for programs (terraform, command): the built-in provisioner makes a VPC of its \
         own with a NAT gateway per zone"
    ))
}

/// Where a word stands in the file: `line 3 column 9: `. Nothing when it is written otherwise
/// there.
fn place(text: &str, word: &str) -> String {
    let mut lines = text.lines().enumerate();
    let found = lines.find_map(|(line, content)| Some((line + 1, content.find(word)? + 1)));
    found.map_or_else(String::new, |(line, column)| {
        format!("line {line} column {column}: ")
    })
}

/// The cluster block. A scenario that another provider read has none for us: nothing is asked for
/// then, and nothing can be shown.
fn spec(scenario: &AnyScenario) -> EksSpec {
    scenario
        .cluster_as::<EksSpec>()
        .cloned()
        .unwrap_or_else(|| EksSpec {
            region: Region::default(),
            kubernetes_version: KubernetesVersion(String::new()),
            vpc_cidr: VpcCidr::default(),
            availability_zones: ZoneCount::default(),
            network: Network::default(),
            node_groups: NodeGroups(Vec::new()),
            ingress: Vec::new(),
            control_plane_logs: false,
        })
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
        Err(ProvisionerError::new(format!(
            "no defect is named `{}`",
            self.0
        )))
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = "scenario: s
description: d
provider: aws
cluster:
  kubernetes_version: \"1.34\"
  node_groups: [{name: main, instance_type: t3.medium, count: 2}]
";

    fn check(more: &str, expected: Option<&str>) {
        let result = Aws.read(&format!("{SCENARIO}{more}"));
        match (result, expected) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => assert!(error.message.contains(part), "{error}"),
            (result, _) => panic!("{more}: {:?}", result.err()),
        }
    }

    #[test]
    fn what_types_cannot_hold_is_found_when_the_file_is_read() {
        check("", None);
        check(
            "provisioner: {defect: no-such}\n",
            Some("provisioner.defect: `no-such` is unknown"),
        );
        let failure = |fault: &str| {
            format!("failures: [{{name: f, faults: [\"{fault}\"], expect: survives}}]\n")
        };
        check(&failure("ec2:CreateVpc=quota"), None);
        check(
            &failure("s3:PutObject=quota"),
            Some("`s3` is not a service of AWS that we call"),
        );
    }

    #[test]
    fn the_schema_knows_the_cluster_block() {
        assert!(Aws.schema().to_string().contains("kubernetes_version"));
    }
}

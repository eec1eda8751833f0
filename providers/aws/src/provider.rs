//! The entry point of the AWS provider: the implementation of the contract's `Provider`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kubeproof_contract::journal::Call;
use kubeproof_contract::prelude::*;
use kubeproof_contract::provider::CredentialVariables;
use kubeproof_contract::scenario::{self, Demand};
use kubeproof_kubernetes::workload;

use crate::dialect::AwsDialect;
use crate::observer::checks::CHECKLIST;
use crate::observer::{EksObserver, resources};
use crate::placeholder::PlaceholderKey;
use crate::plan::EksPlan;
use crate::provisioner::EksProvisioner;
use crate::spec::{EksSpec, KubernetesVersion, Network, NodeGroups, Region, VpcCidr, ZoneCount};
use crate::{
    calls, catalogue, client_environment, credentials, defects, deleter, faults, known_limits,
    permissions, rehearsal, terraform,
};

/// The name in scenario files.
const NAME: &str = "aws";

/// Services whose calls a fault can target, by their names in call signatures.
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
        scenario.without(&problems)
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

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        CHECKLIST
    }
}

impl ProviderParts for Aws {
    fn plan(&self, scenario: &AnyScenario) -> Box<dyn Plan> {
        Box::new(EksPlan::new(spec(scenario), scenario.job.with_leftovers))
    }

    fn plan_of_made(&self, scenario: &AnyScenario, made: &[Resource]) -> Option<Box<dyn Plan>> {
        let plan = EksPlan::new(spec(scenario), scenario.job.with_leftovers);
        Some(Box::new(plan.with_made(made)))
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        let defect = scenario.provisioner.defect.as_deref();
        let correct = |connection| EksProvisioner::new(spec(scenario), connection);
        defects::WRONG.provisioner(defect, connection, correct)
    }

    fn observer(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Observer> {
        let account = EksObserver::new(spec(scenario), connection);
        Box::new(account.with_leftovers(scenario.job.with_leftovers))
    }

    fn workload(
        &self,
        access: &KubernetesAccess,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        workload::through(access, transport)
    }

    fn deleter(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Deleter> {
        Box::new(deleter::of(&spec(scenario), &connection))
    }
}

impl Simulated for Aws {
    fn rehearse(&self, scenario: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal> {
        Some(rehearsal::rehearse(&spec(scenario), (clock, seed), None))
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
        let region = client_environment::region(&serving.environment)
            .map_err(|error| ServeError::Environment(error.to_string()))?;
        rehearsal::serve(region, serving)
    }

    fn client_environment(
        &self,
        served: &dyn Served,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> ClientEnvironment {
        client_environment::client_environment(served, folder, environment)
    }
}

impl ProgramSupport for Aws {
    fn credential_variables<'a>(&'a self, connection: &'a Connection) -> CredentialFuture<'a> {
        Box::pin(async {
            let given = credentials::given::given(connection).await;
            given.map_err(NoCredentials::failed)
        })
    }

    fn confine(&self, scenario: &AnyScenario, folder: &Path) -> ClientEnvironment {
        client_environment::confine(&spec(scenario).region, folder)
    }

    fn placeholders(&self) -> Option<MakePlaceholders> {
        Some(|secret| Arc::new(PlaceholderKey::new(secret)))
    }

    fn marks(&self, run: &Run) -> Vec<Variable> {
        terraform::marks(run)
    }

    fn terraform(&self) -> Option<&'static TerraformProvider> {
        Some(&terraform::PROVIDER)
    }

    fn cluster_block(&self, of: Option<&Configuration>) -> Option<ClusterBlock> {
        Some(terraform::cluster_block(of))
    }

    fn inventory_id(&self, name: &str, id: &str) -> Option<String> {
        terraform::inventory_id(name, id)
    }
}

impl Documented for Aws {
    fn checks_explained(&self) -> &'static str {
        include_str!("../CHECKS.md")
    }

    fn limit(&self, faults: &[Fault], oracle: &str, message: &str) -> Option<String> {
        known_limits::limit(faults, oracle, message)
    }

    fn calls(&self) -> Vec<Signature> {
        calls::calls()
    }

    fn cannot_meet(&self, call: &Signature, effect: &Effect) -> Option<&'static str> {
        calls::cannot_meet(call, effect)
    }

    fn documented_effects(&self, call: &Signature) -> Vec<DocumentedEffect> {
        faults::documented(call)
    }
}

impl OtherActors for Aws {}

impl LiveAccess for Aws {
    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, NotReady> {
        match tier {
            Tier::Live => credentials::readiness(env_file).map_err(NotReady::missing),
            Tier::Rehearsal | Tier::Kind => Err(NotReady::Tier(tier)),
        }
    }

    fn account_id_problem(&self, id: &str) -> Option<String> {
        let fits = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
        (!fits).then(|| format!("`{id}` is not an AWS account id: those have 12 digits"))
    }
}

impl Permissions for Aws {
    fn least_permissions(
        &self,
        scenario: &AnyScenario,
        calls: &[Call],
        without: Option<&str>,
    ) -> Option<LeastPermissions> {
        let region = spec(scenario).region.0;
        Some(permissions::least(&region, calls, without))
    }

    fn rehearse_limited(
        &self,
        scenario: &AnyScenario,
        start: (Clock, u64),
        document: &serde_json::Value,
    ) -> Option<Rehearsal> {
        let limit = Some(document.clone());
        Some(rehearsal::rehearse(&spec(scenario), start, limit))
    }

    fn limited_credentials(&self) -> Option<CredentialVariables> {
        Some(credentials::given::limited())
    }
}

impl Retention for Aws {
    fn retained(&self, resource: &Resource) -> Option<String> {
        resources::retained(resource)
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        resources::monthly_cost(resource, &Region::default().0)
    }
}

/// Errors in a scenario that its types do not rule out.
fn problems(text: &str, scenario: &AnyScenario) -> Vec<String> {
    let mut problems = Vec::new();
    if scenario.provider != NAME {
        let given = &scenario.provider;
        problems.push(format!(
            "{}provider `{given}` is not `{NAME}`",
            place(text, given)
        ));
    }
    problems.extend(scenario.defect_problem(defects::DEFECTS));
    problems.extend(unmade(text, scenario));
    for failure in &scenario.failures {
        let name = failure.name.as_str();
        for fault in &failure.faults {
            let service = fault.0.target.service.as_str();
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

/// Impossible clusters, and features that only an external program provides.
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

/// The position of a word in the file: `line 3 column 9: `. Empty when the file does not contain it literally.
fn place(text: &str, word: &str) -> String {
    let mut lines = text.lines().enumerate();
    let found = lines.find_map(|(line, content)| Some((line + 1, content.find(word)? + 1)));
    found.map_or_else(String::new, |(line, column)| {
        format!("line {line} column {column}: ")
    })
}

/// The cluster block, as its provisioner is held to it. A scenario that another provider read has no block for AWS; an
/// empty one is used then.
fn spec(scenario: &AnyScenario) -> EksSpec {
    let spec = scenario
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
            demand: Demand::default(),
        });
    EksSpec {
        demand: scenario.provisioner.demand(),
        ..spec
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
            Some("provisioner.defect: unknown defect `no-such`"),
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

//! The entry point of the provider: Hugging Face as the harness knows it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kubeproof_cloudkit::external_changes;
use kubeproof_cloudkit::placeholder::PlaceholderToken;
use kubeproof_contract::journal::Call;
use kubeproof_contract::prelude::*;
use kubeproof_contract::scenario;
use kubeproof_kubernetes::workload;

use crate::credentials::{CLIENTS, TOKEN};
use crate::deleter::HuggingFaceDeleter;
use crate::dialect::HuggingFaceDialect;
use crate::external_changes::{CHANGES, HuggingFaceChanges};
use crate::observer::HuggingFaceObserver;
use crate::observer::checks::CHECKLIST;
use crate::plan::HuggingFacePlan;
use crate::provisioner::HuggingFaceProvisioner;
use crate::routes::SERVICES;
use crate::spec::{HuggingFaceSpec, Namespace};
use crate::{calls, client_environment, cluster, defects, faults, permissions, prices, rehearsal};

/// The name in scenario files.
const NAME: &str = "huggingface";

/// The `cluster` block of a new scenario.
const USUAL_CLUSTER: &str = "namespace: kubeproof-rehearsal\n\
     job:\n  flavor: cpu-basic\n  image: python:3.12\n  command: [sleep, \"86400\"]";

/// Hugging Face.
#[derive(Clone, Copy, Debug, Default)]
pub struct HuggingFace;

impl Provider for HuggingFace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Hugging Face"
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(HuggingFaceDialect)
    }

    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError> {
        let scenario = scenario::read::<HuggingFaceSpec>(text)?;
        let problems = problems(&scenario);
        scenario.without(&problems)
    }

    fn schema(&self) -> serde_json::Value {
        let mut schema = schemars::schema_for!(ScenarioFile<HuggingFaceSpec>).to_value();
        scenario::offer(&mut schema, "Word", &prices::instance_types());
        schema
    }

    fn tiers(&self) -> &'static [Tier] {
        &[Tier::Rehearsal, Tier::Kind, Tier::Live]
    }

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        CHECKLIST
    }
}

impl ProviderParts for HuggingFace {
    fn plan(&self, scenario: &AnyScenario) -> Box<dyn Plan> {
        Box::new(HuggingFacePlan::new(spec(scenario), scenario.job.scale_to))
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        let defect = scenario.provisioner.defect.as_deref();
        let correct = |connection| HuggingFaceProvisioner::new(spec(scenario), &connection);
        defects::WRONG.provisioner(defect, connection, correct)
    }

    fn observer(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Observer> {
        Box::new(HuggingFaceObserver::new(spec(scenario), &connection))
    }

    /// No provisioner can hand over access to a cluster of Hugging Face's; another program's may lead to some cluster.
    fn workload(
        &self,
        access: &KubernetesAccess,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        workload::through(access, transport)
    }

    fn deleter(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Deleter> {
        Box::new(HuggingFaceDeleter::new(spec(scenario), &connection))
    }
}

impl Simulated for HuggingFace {
    fn rehearse(&self, scenario: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal> {
        Some(rehearsal::rehearse(&spec(scenario), clock, seed))
    }

    fn rehearse_beside(
        &self,
        scenario: &AnyScenario,
        start: (Clock, u64),
        https: SharedTransport,
    ) -> Result<Option<Rehearsal>, ServeError> {
        rehearsal::beside(&spec(scenario), start, https).map(Some)
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
        folder: &Path,
        _: &BTreeMap<String, String>,
    ) -> ClientEnvironment {
        client_environment::client_environment(served, folder)
    }
}

impl ProgramSupport for HuggingFace {
    fn cluster_block(&self, _of: Option<&Configuration>) -> Option<ClusterBlock> {
        Some(ClusterBlock::usual(USUAL_CLUSTER))
    }

    fn credential_variables<'a>(&'a self, connection: &'a Connection) -> CredentialFuture<'a> {
        TOKEN.given_to_programs(connection, &CLIENTS)
    }

    fn placeholders(&self) -> Option<MakePlaceholders> {
        Some(|secret| {
            Arc::new(PlaceholderToken::new(
                &client_environment::TOKEN_CLOUD,
                secret,
            ))
        })
    }

    fn confine(&self, _: &AnyScenario, folder: &Path) -> ClientEnvironment {
        let mut redirect = ClientEnvironment::default();
        client_environment::keep_to_token(&mut redirect, folder);
        redirect
    }
}

impl Documented for HuggingFace {
    fn checks_explained(&self) -> &'static str {
        include_str!("../CHECKS.md")
    }

    fn calls(&self) -> Vec<Signature> {
        calls::calls()
    }

    fn documented_effects(&self, call: &Signature) -> Vec<DocumentedEffect> {
        faults::of(call)
    }
}

impl OtherActors for HuggingFace {
    fn foreign_changes(
        &self,
        scenario: &AnyScenario,
        connection: Connection,
    ) -> Option<Arc<dyn ForeignChanges>> {
        let changes = HuggingFaceChanges::new(spec(scenario), &connection);
        Some(Arc::new(changes))
    }

    fn foreign_change_names(&self) -> &'static [(&'static str, &'static str)] {
        CHANGES
    }
}

impl LiveAccess for HuggingFace {
    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, NotReady> {
        if tier == Tier::Kind {
            return cluster::readiness().map_err(NotReady::missing);
        }
        let note = "(the live path was never run against a real account)";
        TOKEN.readiness(tier, env_file, note)
    }

    fn account_id_problem(&self, id: &str) -> Option<String> {
        let read = Namespace::try_from(id.to_owned());
        read.err().map(|problem| problem.to_string())
    }
}

impl Permissions for HuggingFace {
    fn least_permissions(
        &self,
        scenario: &AnyScenario,
        calls: &[Call],
        without: Option<&str>,
    ) -> Option<LeastPermissions> {
        let namespace = &spec(scenario).namespace.0;
        Some(permissions::least(namespace, calls, without))
    }
}

impl Retention for HuggingFace {
    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        prices::monthly(resource)
    }
}

/// Scenario errors that its types cannot prevent.
fn problems(scenario: &AnyScenario) -> Vec<String> {
    let services: Vec<&str> = ["*", "kubernetes"]
        .into_iter()
        .chain(SERVICES.iter().map(|service| service.name))
        .collect();
    let mut problems = scenario.usual_problems(defects::DEFECTS, &services, HuggingFace.title());
    problems.extend(scenario.cluster_problems(HuggingFaceSpec::problem));
    problems.extend(scenario.gpu_problem(HuggingFaceSpec::GPUS));
    if scenario.job.with_leftovers {
        let message = "job.with_leftovers: Hugging Face has no load balancers and volumes to leave";
        problems.push(message.to_owned());
    }
    problems.extend(external_changes::problems(scenario, CHANGES));
    problems.extend(scaling_problem(scenario));
    problems.extend(tier_problem(scenario).map(str::to_owned));
    problems
}

/// Why the replicas that are asked for can be started by no load, if that is so.
fn scaling_problem(scenario: &AnyScenario) -> Option<String> {
    let to = scenario.job.scale_to?;
    let asked = spec(scenario).endpoint;
    let range = asked.map(|endpoint| (endpoint.min(), endpoint.max()));
    match range {
        Some((min, max)) if (min + 1..=max).contains(&to) => None,
        Some((min, max)) => Some(format!(
            "job.scale_to: load starts more than {min} and at most {max} replicas, not {to}"
        )),
        None => Some("job.scale_to: only an endpoint is scaled".to_owned()),
    }
}

/// Why a scenario cannot run in one of its tiers. In the tier kind the endpoint is simulated, so pods need a gateway to it;
/// a real token must never go through one.
fn tier_problem(scenario: &AnyScenario) -> Option<&'static str> {
    let kubernetes = spec(scenario).kubernetes;
    let has_gateway = kubernetes.is_some_and(|it| it.gateway().is_some());
    let is_kind = scenario.tiers.contains(&Tier::Kind);
    match (has_gateway, is_kind) {
        (true, true) if scenario.tiers.len() == 1 => None,
        (false, false) => None,
        (false, true) => Some(
            "tiers: kind needs cluster.kubernetes.gateway_port, at which pods reach the simulated endpoint",
        ),
        (true, _) => Some(
            "cluster.kubernetes.gateway_port is for `tiers: [kind]` alone: in the other tiers pods call the endpoint's own host",
        ),
    }
}

fn spec(scenario: &AnyScenario) -> HuggingFaceSpec {
    scenario.cluster_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cluster: &str, more: &str, expected: Option<&str>) {
        let text = format!(
            "scenario: s\ndescription: d\nprovider: huggingface\ncluster: {cluster}\n{more}"
        );
        match (HuggingFace.read(&text), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => assert!(error.message.contains(part), "{error}"),
            (result, _) => panic!("{text}: {:?}", result.err()),
        }
    }

    #[test]
    fn what_types_cannot_hold_is_found_when_the_file_is_read() {
        let job = "{namespace: acme, job: {flavor: cpu-basic, image: python, command: [sleep]}}";
        check(job, "", None);
        check("{namespace: acme}", "", Some("either `endpoint` or `job`"));
        check(
            job,
            "provisioner: {defect: x}\n",
            Some("unknown defect `x`"),
        );
        check(job, "job: {gpus: 1}\n", Some("more than the 0 GPUs"));
        check(
            job,
            "job: {with_leftovers: true}\n",
            Some("no load balancers"),
        );
        let failure = |fault: &str| {
            format!("failures: [{{name: f, faults: [\"{fault}\"], expect: survives}}]\n")
        };
        check(job, &failure("hub:RunJob=lost-response"), None);
        check(
            job,
            &failure("ec2:CreateVpc=quota"),
            Some("`ec2` is not a service of Hugging Face"),
        );
        let used = |kubernetes: &str| {
            format!(
                "{{namespace: acme, endpoint: {{vendor: aws, region: us-east-1, accelerator: cpu, instance_type: intel-spr, \
                instance_size: x1, model: a/b, scaling: {{min_replicas: 1}}}}, kubernetes: {kubernetes}}}"
            )
        };
        check(&used("{}"), "", None);
        let gateway = used("{gateway_port: 18080}");
        check(&gateway, "tiers: [kind]\n", None);
        check(&gateway, "", Some("for `tiers: [kind]` alone"));
        check(
            &gateway,
            "tiers: [kind, live]\n",
            Some("for `tiers: [kind]` alone"),
        );
        check(
            &used("{}"),
            "tiers: [kind]\n",
            Some("needs cluster.kubernetes.gateway_port"),
        );
        let by_others = failure("hub:WhoAmI=foreign-change(rain)");
        check(job, &by_others, Some("unknown change `rain`"));
    }

    #[test]
    fn an_allow_list_takes_names_of_namespaces() {
        assert_eq!(HuggingFace.account_id_problem("acme"), None);
        assert!(HuggingFace.account_id_problem("acme/model").is_some());
    }
}

//! The entry point of the provider: GKE as the harness knows it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kubeproof_cloudkit::external_changes;
use kubeproof_contract::journal::Call;
use kubeproof_contract::prelude::*;
use kubeproof_contract::scenario;
use kubeproof_kubernetes::workload;

use crate::deleter::GkeDeleter;
use crate::dialect::GcpDialect;
use crate::external_changes::{CHANGES, GkeChanges};
use crate::observer::GkeObserver;
use crate::observer::checks::CHECKLIST;
use crate::plan::GkePlan;
use crate::provisioner::GkeProvisioner;
use crate::routes::SERVICES;
use crate::spec::{GkeSpec, ProjectId};
use crate::{
    calls, client_environment, credentials, defects, faults, permissions, prices, rehearsal,
};

/// The name in scenario files.
const NAME: &str = "gcp";

/// The `cluster` block of a new scenario.
const USUAL_CLUSTER: &str = "project: kubeproof-rehearsal\n\
     location: us-central1-a\n\
     node_pools:\n  - name: main\n    machine_type: e2-standard-2\n    count: 2";

/// Its terraform provider. Which calls its types make is in no table yet.
static TERRAFORM: TerraformProvider = TerraformProvider {
    name: "google",
    client: Some("google"),
    calls: &[],
};

/// Google Cloud.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gcp;

impl Provider for Gcp {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "GCP GKE"
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(GcpDialect)
    }

    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError> {
        let scenario = scenario::read::<GkeSpec>(text)?;
        let problems = problems(&scenario);
        scenario.without(&problems)
    }

    fn schema(&self) -> serde_json::Value {
        let mut schema = schemars::schema_for!(ScenarioFile<GkeSpec>).to_value();
        scenario::offer(&mut schema, "MachineType", &prices::machine_types());
        schema
    }

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        CHECKLIST
    }
}

impl ProviderParts for Gcp {
    fn plan(&self, scenario: &AnyScenario) -> Box<dyn Plan> {
        Box::new(GkePlan::new(spec(scenario), scenario.job.with_leftovers))
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        let defect = scenario.provisioner.defect.as_deref();
        let correct = |connection| GkeProvisioner::new(spec(scenario), &connection);
        defects::WRONG.provisioner(defect, connection, correct)
    }

    fn observer(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Observer> {
        let observer = GkeObserver::new(spec(scenario), &connection);
        Box::new(observer.with_leftovers(scenario.job.with_leftovers))
    }

    fn workload(
        &self,
        access: &KubernetesAccess,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        workload::through(access, transport)
    }

    fn deleter(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Deleter> {
        Box::new(GkeDeleter::new(&spec(scenario), &connection))
    }
}

impl Simulated for Gcp {
    fn rehearse(&self, scenario: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal> {
        Some(rehearsal::rehearse(&spec(scenario), clock, seed))
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
        environment: &BTreeMap<String, String>,
    ) -> ClientEnvironment {
        client_environment::client_environment(served, folder, environment)
    }
}

impl ProgramSupport for Gcp {
    fn terraform(&self) -> Option<&'static TerraformProvider> {
        Some(&TERRAFORM)
    }

    fn cluster_block(&self, _of: Option<&Configuration>) -> Option<ClusterBlock> {
        Some(ClusterBlock::usual(USUAL_CLUSTER))
    }

    fn credential_variables<'a>(&'a self, connection: &'a Connection) -> CredentialFuture<'a> {
        Box::pin(async move {
            let given = credentials::given(connection).await;
            given.map_err(NoCredentials::failed)
        })
    }

    fn confine(&self, scenario: &AnyScenario, folder: &Path) -> ClientEnvironment {
        client_environment::confine(&spec(scenario).project.0, folder)
    }

    /// Tools report paths and links; the inventory has names.
    fn inventory_id(&self, _name: &str, id: &str) -> Option<String> {
        let last = id.rsplit('/').next().unwrap_or(id);
        Some(last.to_owned())
    }
}

impl Documented for Gcp {
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

impl OtherActors for Gcp {
    fn foreign_changes(
        &self,
        scenario: &AnyScenario,
        connection: Connection,
    ) -> Option<Arc<dyn ForeignChanges>> {
        Some(Arc::new(GkeChanges::new(spec(scenario), &connection)))
    }

    fn foreign_change_names(&self) -> &'static [(&'static str, &'static str)] {
        CHANGES
    }
}

impl LiveAccess for Gcp {
    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, NotReady> {
        match tier {
            Tier::Live => credentials::readiness(env_file).map_err(NotReady::missing),
            Tier::Rehearsal | Tier::Kind => Err(NotReady::Tier(tier)),
        }
    }

    fn account_id_problem(&self, id: &str) -> Option<String> {
        let read = ProjectId::try_from(id.to_owned());
        read.err().map(|problem| problem.to_string())
    }
}

impl Permissions for Gcp {
    fn least_permissions(
        &self,
        _scenario: &AnyScenario,
        calls: &[Call],
        without: Option<&str>,
    ) -> Option<LeastPermissions> {
        Some(permissions::least(calls, without))
    }
}

impl Retention for Gcp {
    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        prices::monthly(resource)
    }
}

/// Scenario errors that its types cannot prevent.
fn problems(scenario: &AnyScenario) -> Vec<String> {
    let mut problems = Vec::from_iter(scenario.defect_problem(defects::DEFECTS));
    problems.extend(scenario.cluster_problems(GkeSpec::problem));
    // The provisioner installs no drivers, so that nodes offer no GPUs.
    problems.extend(scenario.gpu_problem(0));
    problems.extend(scenario.service_problems(&services(), Gcp.title()));
    problems.extend(external_changes::problems(scenario, CHANGES));
    problems
}

/// Services that a fault can target, in the form of call signatures.
fn services() -> Vec<&'static str> {
    let mut all = vec!["*", "kubernetes"];
    all.extend(SERVICES.iter().map(|service| service.name));
    all.sort_unstable();
    all.dedup();
    all
}

fn spec(scenario: &AnyScenario) -> GkeSpec {
    scenario.cluster_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(more: &str, expected: Option<&str>) {
        let text = format!(
            "scenario: s\ndescription: d\nprovider: gcp\ncluster:\n  project: my-project\n  location: us-central1-a\n{more}"
        );
        match (Gcp.read(&text), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => assert!(error.message.contains(part), "{error}"),
            (result, _) => panic!("{more}: {:?}", result.err()),
        }
    }

    #[test]
    fn what_types_cannot_hold_is_found_when_the_file_is_read() {
        let pools = "  node_pools: [{name: main, machine_type: e2-standard-2, count: 2}]\n";
        check(pools, None);
        check("", Some("at least one is needed in mode standard"));
        let of = |more: &str| format!("{pools}{more}");
        check(
            &of("provisioner: {defect: x}\n"),
            Some("unknown defect `x`"),
        );
        check(&of("job: {gpus: 1}\n"), Some("more than the 0 GPUs"));
        let failure = |fault: &str| {
            of(&format!(
                "failures: [{{name: f, faults: [\"{fault}\"], expect: survives}}]\n"
            ))
        };
        check(&failure("compute:networks.insert=quota"), None);
        let read = "cloudresourcemanager:projects.getIamPolicy";
        let by_others = |change: &str| failure(&format!("{read}=foreign-change({change})"));
        check(&by_others("adds-member"), None);
        check(&by_others("rain"), Some("unknown change `rain`"));
        check(
            &failure("ec2:CreateVpc=quota"),
            Some("`ec2` is not a service of GCP GKE"),
        );
        let first = "failures: [{name: f, faults: [\"compute:networks.insert=quota\"], expect: survives, first_cluster: {project: my-project, location: us-central1-a}}]\n";
        check(&of(first), Some("failure f: node_pools"));
    }

    #[test]
    fn an_allow_list_takes_ids_of_projects() {
        assert_eq!(Gcp.account_id_problem("my-project"), None);
        assert!(Gcp.account_id_problem("415104041262").is_some());
    }

    #[test]
    fn a_path_of_a_tool_names_what_the_inventory_has() {
        let check = |id: &str, expected: &str| {
            assert_eq!(Gcp.inventory_id("x", id).as_deref(), Some(expected));
        };
        check("projects/p/global/networks/kp-r1", "kp-r1");
        check("kp-r1", "kp-r1");
    }
}

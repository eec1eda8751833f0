//! The entry point of the provider: AKS as the harness knows it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kubeproof_cloudkit::external_changes;
use kubeproof_contract::journal::Call;
use kubeproof_contract::prelude::*;
use kubeproof_contract::scenario;
use kubeproof_kubernetes::workload;

use crate::account::AccountId;
use crate::deleter::AksDeleter;
use crate::dialect::AzureDialect;
use crate::external_changes::{AksChanges, CHANGES};
use crate::observer::AksObserver;
use crate::observer::checks::CHECKLIST;
use crate::plan::AksPlan;
use crate::provisioner::AksProvisioner;
use crate::routes::{ARM, AUTHORITY};
use crate::spec::AksSpec;
use crate::{
    calls, client_environment, credentials, defects, faults, permissions, prices, rehearsal,
};

/// The name in scenario files.
const NAME: &str = "azure";
/// Services that a fault can target, in the form of call signatures.
const SERVICES: &[&str] = &["*", ARM, AUTHORITY, "graph", "kubernetes"];

/// The `cluster` block of a new scenario.
const USUAL_CLUSTER: &str = "subscription: 00000000-0000-0000-0000-000000000001\n\
     location: eastus\n\
     node_pools:\n  - name: main\n    vm_size: Standard_D2s_v3\n    count: 2";

/// Its terraform provider. Which calls its types make is in no table yet.
static TERRAFORM: TerraformProvider = TerraformProvider {
    name: "azurerm",
    client: Some("azurerm"),
    calls: &[],
};

/// Azure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Azure;

impl Provider for Azure {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Azure AKS"
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(AzureDialect)
    }

    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError> {
        let scenario = scenario::read::<AksSpec>(text)?;
        let problems = problems(&scenario);
        scenario.without(&problems)
    }

    fn schema(&self) -> serde_json::Value {
        let mut schema = schemars::schema_for!(ScenarioFile<AksSpec>).to_value();
        scenario::offer(&mut schema, "VmSize", &prices::sizes());
        schema
    }

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        CHECKLIST
    }
}

impl ProviderParts for Azure {
    fn plan(&self, scenario: &AnyScenario) -> Box<dyn Plan> {
        let plan = AksPlan::new(spec(scenario));
        Box::new(plan.with_leftovers(scenario.job.with_leftovers))
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        let defect = scenario.provisioner.defect.as_deref();
        let correct = |connection| AksProvisioner::new(spec(scenario), &connection);
        defects::WRONG.provisioner(defect, connection, correct)
    }

    fn observer(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Observer> {
        Box::new(AksObserver::new(spec(scenario), &connection))
    }

    fn workload(
        &self,
        access: &KubernetesAccess,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        workload::through(access, transport)
    }

    fn deleter(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Deleter> {
        Box::new(AksDeleter::new(&spec(scenario), &connection))
    }
}

impl Simulated for Azure {
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

/// The types of what is listed with the resource that it is a part of.
const PARTS: [&str; 2] = ["agentpools", "subnets"];

impl ProgramSupport for Azure {
    fn terraform(&self) -> Option<&'static TerraformProvider> {
        Some(&TERRAFORM)
    }

    fn cluster_block(&self, _of: Option<&Configuration>) -> Option<ClusterBlock> {
        Some(ClusterBlock::usual(USUAL_CLUSTER))
    }

    fn credential_variables<'a>(&'a self, connection: &'a Connection) -> CredentialFuture<'a> {
        let given = credentials::given(connection);
        Box::pin(std::future::ready(given.map_err(NoCredentials::failed)))
    }

    fn confine(&self, scenario: &AnyScenario, folder: &Path) -> ClientEnvironment {
        client_environment::confine(&spec(scenario).subscription.0, folder)
    }

    /// Ids of Azure ignore case, and the inventory has them in lower case. What it shows as a part of a whole it has no id for.
    fn inventory_id(&self, _name: &str, id: &str) -> Option<String> {
        let id = id.to_lowercase();
        let kind = id.rsplit('/').nth(1).unwrap_or_default();
        (!PARTS.contains(&kind)).then_some(id)
    }
}

impl Documented for Azure {
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

impl OtherActors for Azure {
    fn foreign_changes(
        &self,
        scenario: &AnyScenario,
        connection: Connection,
    ) -> Option<Arc<dyn ForeignChanges>> {
        Some(Arc::new(AksChanges::new(spec(scenario), &connection)))
    }

    fn foreign_change_names(&self) -> &'static [(&'static str, &'static str)] {
        CHANGES
    }
}

impl LiveAccess for Azure {
    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, NotReady> {
        match tier {
            Tier::Live => credentials::readiness(env_file).map_err(NotReady::missing),
            Tier::Rehearsal | Tier::Kind => Err(NotReady::Tier(tier)),
        }
    }

    fn account_id_problem(&self, id: &str) -> Option<String> {
        let read = AccountId::try_from(id);
        read.err().map(|problem| problem.to_string())
    }
}

impl Permissions for Azure {
    fn least_permissions(
        &self,
        scenario: &AnyScenario,
        calls: &[Call],
        without: Option<&str>,
    ) -> Option<LeastPermissions> {
        let subscription = &spec(scenario).subscription.0;
        Some(permissions::least(subscription, calls, without))
    }
}

impl Retention for Azure {
    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        prices::monthly(resource)
    }
}

/// Scenario errors that its types cannot prevent.
fn problems(scenario: &AnyScenario) -> Vec<String> {
    let mut problems = scenario.usual_problems(defects::DEFECTS, SERVICES, Azure.title());
    problems.extend(scenario.cluster_problems(AksSpec::problem));
    // The provisioner installs no drivers, so that nodes offer no GPUs.
    problems.extend(scenario.gpu_problem(0));
    problems.extend(external_changes::problems(scenario, CHANGES));
    problems
}

fn spec(scenario: &AnyScenario) -> AksSpec {
    scenario.cluster_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

    #[track_caller]
    fn check(more: &str, expected: Option<&str>) {
        let text = format!(
            "scenario: s\ndescription: d\nprovider: azure\ncluster:\n  subscription: {SUBSCRIPTION}\n  location: eastus\n{more}"
        );
        match (Azure.read(&text), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => assert!(error.message.contains(part), "{error}"),
            (result, _) => panic!("{more}: {:?}", result.err()),
        }
    }

    #[test]
    fn what_types_cannot_hold_is_found_when_the_file_is_read() {
        let pools = "  node_pools: [{name: main, vm_size: Standard_D2s_v3, count: 2}]\n";
        check(pools, None);
        check("", Some("node_pools"));
        let of = |more: &str| format!("{pools}{more}");
        check(
            &of("provisioner: {defect: x}\n"),
            Some("unknown defect `x`"),
        );
        check(&of("job: {gpus: 1}\n"), Some("more than the 0 GPUs"));
        check(
            &of("  network_cidr: 10.0.0.0/20\n"),
            Some("overlaps with 10.0.0.0/16"),
        );
        let failure = |fault: &str| {
            of(&format!(
                "failures: [{{name: f, faults: [\"{fault}\"], expect: survives}}]\n"
            ))
        };
        check(&failure("arm:managedClusters.createOrUpdate=quota"), None);
        let by_others =
            |change: &str| failure(&format!("arm:resourceGroups.get=foreign-change({change})"));
        check(&by_others("adds-lock"), None);
        check(&by_others("rain"), Some("unknown change `rain`"));
        check(
            &failure("ec2:CreateVpc=quota"),
            Some("`ec2` is not a service of Azure AKS"),
        );
        let first = format!(
            "failures: [{{name: f, faults: [\"arm:resourceGroups.get=server-error\"], expect: survives, first_cluster: \
             {{subscription: {SUBSCRIPTION}, location: eastus, network_cidr: 10.0.0.0/20, node_pools: \
             [{{name: main, vm_size: Standard_D2s_v3, count: 2}}]}}}}]\n"
        );
        check(&of(&first), Some("failure f: network_cidr"));
    }

    #[test]
    fn an_id_of_a_tool_names_what_the_inventory_has() {
        let id = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/KP-R1");
        let expected = format!("/subscriptions/{SUBSCRIPTION}/resourcegroups/kp-r1");
        assert_eq!(Azure.inventory_id("x", &id), Some(expected.clone()));
        let network = format!("{expected}/providers/microsoft.network/virtualnetworks/v");
        assert_eq!(Azure.inventory_id("x", &network), Some(network.clone()));
        assert_eq!(
            Azure.inventory_id("x", &format!("{network}/Subnets/s")),
            None
        );
        let role =
            format!("{network}/subnets/s/providers/microsoft.authorization/roleassignments/1");
        assert_eq!(Azure.inventory_id("x", &role), Some(role.clone()));
    }
}

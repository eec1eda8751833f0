//! The entry point of the Kind provider: the implementation of the contract's `Provider`.

use std::path::Path;
use std::sync::Arc;

use kubeproof_contract::prelude::*;
use kubeproof_contract::provider_errors::BoxError;
use kubeproof_contract::scenario;
use kubeproof_kubernetes::workload;

use crate::deleter::KindDeleter;
use crate::dialect::KindDialect;
use crate::engine::address;
use crate::engine::transport::DockerTransport;
use crate::external_changes::{CHANGES, KindChanges};
use crate::observer::{CHECKLIST, KindObserver};
use crate::plan::KindPlan;
use crate::provisioner::KindProvisioner;
use crate::spec::KindSpec;
use crate::{calls, defects, settings};

/// The name in scenario files.
const NAME: &str = "kind";
/// Services whose calls a fault can target, by their names in call signatures.
const SERVICES: &[&str] = &["*", "docker", "kubernetes"];

#[derive(Clone, Copy, Debug, Default)]
pub struct Kind;

impl Provider for Kind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Kind"
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(KindDialect)
    }

    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError> {
        let scenario = scenario::read::<KindSpec>(text)?;
        let problems = problems(&scenario);
        scenario.without(&problems)
    }

    fn schema(&self) -> serde_json::Value {
        schemars::schema_for!(ScenarioFile<KindSpec>).to_value()
    }

    fn tiers(&self) -> &'static [Tier] {
        &[Tier::Kind]
    }

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        CHECKLIST
    }
}

impl ProviderParts for Kind {
    fn plan(&self, scenario: &AnyScenario) -> Box<dyn Plan> {
        Box::new(KindPlan::new(spec(scenario)))
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        let defect = scenario.provisioner.defect.as_deref();
        let correct = |connection| KindProvisioner::new(spec(scenario), connection);
        defects::WRONG.provisioner(defect, connection, correct)
    }

    fn observer(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Observer> {
        Box::new(KindObserver::new(spec(scenario), connection))
    }

    fn workload(
        &self,
        access: &KubernetesAccess,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        workload::through(access, transport)
    }

    fn deleter(&self, _: &AnyScenario, connection: Connection) -> Box<dyn Deleter> {
        Box::new(KindDeleter::new(&connection))
    }
}

impl Simulated for Kind {
    fn rehearse(&self, _: &AnyScenario, _: Clock, _: u64) -> Option<Rehearsal> {
        None
    }

    fn defects(&self) -> &'static [Defect] {
        defects::DEFECTS
    }
}

impl ProgramSupport for Kind {}

impl Documented for Kind {
    fn checks_explained(&self) -> &'static str {
        include_str!("../CHECKS.md")
    }

    fn calls(&self) -> Vec<Signature> {
        calls::calls()
    }
}

impl OtherActors for Kind {
    fn foreign_changes(
        &self,
        scenario: &AnyScenario,
        connection: Connection,
    ) -> Option<Arc<dyn ForeignChanges>> {
        Some(Arc::new(KindChanges::new(spec(scenario), connection)))
    }

    fn foreign_change_names(&self) -> &'static [(&'static str, &'static str)] {
        CHANGES
    }
}

impl LiveAccess for Kind {
    fn live_transport(&self, https: SharedTransport) -> SharedTransport {
        Arc::new(DockerTransport::new(https))
    }

    fn readiness(&self, tier: Tier, _env_file: &Path) -> Result<String, NotReady> {
        if tier != Tier::Kind {
            return Err(NotReady::Tier(tier));
        }
        let engine = address::socket().and_then(|socket| {
            address::answers(&socket)?;
            Ok(socket)
        });
        match (settings::program(), settings::docker_program(), engine) {
            (Ok(program), Ok(_), Ok(socket)) => Ok(format!(
                "{} with the engine at {}",
                program.display(),
                socket.display()
            )),
            // Report everything that is missing in one message.
            (program, docker, engine) => {
                let programs = [program.err(), docker.err()].into_iter().flatten();
                let missing = programs.map(BoxError::from);
                let missing = missing.chain(engine.err().map(BoxError::from));
                Err(NotReady::Missing(missing.collect()))
            }
        }
    }
}

impl Permissions for Kind {}

impl Retention for Kind {}

/// Errors in a scenario that its types do not rule out.
fn problems(scenario: &AnyScenario) -> Vec<String> {
    let mut problems = scenario.usual_problems(defects::DEFECTS, SERVICES, Kind.title());
    for failure in &scenario.failures {
        let name = failure.name.as_str();
        for fault in &failure.faults {
            if let Effect::ForeignChange(change) = &fault.0.effect
                && !is_change(change)
            {
                let known: Vec<&str> = CHANGES.iter().map(|(name, _)| *name).collect();
                problems.push(format!(
                    "failure {name}: unknown foreign change `{change}` (expected one of {})",
                    known.join(", ")
                ));
            }
        }
    }
    problems
}

fn is_change(name: &str) -> bool {
    let head = |name: &str| name.split(':').next().unwrap_or_default().to_owned();
    CHANGES.iter().any(|(known, _)| head(known) == head(name))
}

fn spec(scenario: &AnyScenario) -> KindSpec {
    scenario.cluster_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str =
        "scenario: s\ndescription: d\nprovider: kind\ntiers: [kind]\ncluster: {}\n";

    #[track_caller]
    fn check(fault: &str, expected: Option<&str>) {
        let failure = format!("failures: [{{name: f, faults: [\"{fault}\"], expect: survives}}]\n");
        let result = Kind.read(&format!("{SCENARIO}{failure}"));
        match (result, expected) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => assert!(error.message.contains(part), "{error}"),
            (result, _) => panic!("{fault}: {:?}", result.err()),
        }
    }

    #[test]
    fn faults_that_can_never_be_injected_are_found_when_the_file_is_read() {
        check("docker:ContainerStart=crash-after", None);
        check("docker:NetworkCreate=foreign-change(take-port:16443)", None);
        check(
            "ec2:CreateVpc=quota",
            Some("`ec2` is not a service of Kind"),
        );
        check(
            "docker:ContainerStart=foreign-change(rain)",
            Some("unknown foreign change `rain`"),
        );
    }
}

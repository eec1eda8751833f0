//! A provider whose account is a folder: each file is a resource, and the run's files carry its name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::call::{Dialect, ErrorKind, Signature};
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::cost::{Billed, Estimate};
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::observer::{Billing, Creation, Lister, Observer, ObserverError, Ownership};
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::provider::{
    Connection, Defect, Documented, LiveAccess, OtherActors, ProgramSupport, Provider,
    ProviderParts, Retention, Simulated,
};
use kubeproof_contract::provider_errors::NotReady;
use kubeproof_contract::provisioner::{
    ClaimedRate, KubernetesAccess, NoAccess, Provisioned, Provisioner, ProvisionerError,
};
use kubeproof_contract::resource::{MonthlyCost, Resource, ResourceType};
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::{self, AnyScenario, ScenarioError, Tier};
use kubeproof_contract::scope::{Breadth, Cell, Listed, Listing};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::workload::{Workload, WorkloadError};
use serde::Deserialize;

const TYPES: &[ResourceType] = &[ResourceType {
    name: "thing",
    retained_because: None,
}];

/// The scenario's `cluster` block: the path of the folder.
#[derive(Clone, Deserialize)]
struct Cluster {
    place: PathBuf,
}

pub struct Folder;

impl Provider for Folder {
    fn name(&self) -> &'static str {
        "folder"
    }

    fn title(&self) -> &'static str {
        "Folder"
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(Silence)
    }

    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError> {
        scenario::read::<Cluster>(text)
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn tiers(&self) -> &'static [Tier] {
        &[Tier::Kind]
    }

    fn checklist(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

impl Folder {
    fn files(scenario: &AnyScenario) -> Files {
        let cluster = scenario.cluster_as::<Cluster>().expect("its own block");
        Files(cluster.place.clone())
    }
}

impl ProviderParts for Folder {
    fn plan(&self, scenario: &AnyScenario) -> Box<dyn Plan> {
        Box::new(Self::files(scenario))
    }

    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner> {
        Box::new(BuiltIn {
            defect: scenario.provisioner.defect.clone().unwrap_or_default(),
            place: Self::files(scenario).0,
            name: connection.run.name(""),
        })
    }

    fn observer(&self, scenario: &AnyScenario, _: Connection) -> Box<dyn Observer> {
        Box::new(Self::files(scenario))
    }

    fn workload(
        &self,
        _: &KubernetesAccess,
        _: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        Err(WorkloadError::Failed("there is none".to_owned()))
    }

    fn deleter(&self, scenario: &AnyScenario, _: Connection) -> Box<dyn Deleter> {
        Box::new(Self::files(scenario))
    }
}

impl Simulated for Folder {
    fn rehearse(&self, _: &AnyScenario, _: Clock, _: u64) -> Option<Rehearsal> {
        None
    }

    fn defects(&self) -> &'static [Defect] {
        const ABOUT: &str = "see BuiltIn";
        &[
            Defect {
                name: "half-at-a-time",
                about: ABOUT,
            },
            Defect {
                name: "says-nothing",
                about: ABOUT,
            },
            Defect {
                name: "says-it",
                about: ABOUT,
            },
        ]
    }
}

impl ProgramSupport for Folder {}

impl Documented for Folder {}

impl OtherActors for Folder {}

impl LiveAccess for Folder {
    fn readiness(&self, _: Tier, _: &Path) -> Result<String, NotReady> {
        Ok("it is there".to_owned())
    }
}

impl kubeproof_contract::permissions::Permissions for Folder {}

impl Retention for Folder {}

/// A provisioner that writes files itself. Depending on its defect, each teardown removes one of two files, or its
/// first attempt fails and reports what it left, or that it left nothing.
struct BuiltIn {
    defect: String,
    place: PathBuf,
    name: String,
}

impl BuiltIn {
    fn there(&self) -> Vec<PathBuf> {
        let second = format!("{}-b", self.name);
        let both = [self.place.join(&self.name), self.place.join(second)];
        both.into_iter().filter(|path| path.exists()).collect()
    }
}

#[async_trait]
impl Provisioner for BuiltIn {
    fn name(&self) -> String {
        self.defect.clone()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        None
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let is_first = self.there().is_empty();
        let write = |name: &str| std::fs::write(self.place.join(name), "1").expect("written");
        write(&self.name);
        match self.defect.as_str() {
            "half-at-a-time" => write(&format!("{}-b", self.name)),
            "says-nothing" if is_first => return Err(ProvisionerError::new("a bad day")),
            "says-it" if is_first => {
                let left = vec![self.name.clone()];
                return Err(ProvisionerError::left("a bad day", left));
            }
            _ => {}
        }
        Ok(Provisioned {
            access: Err(NoAccess::NotGiven("there is none")),
            made: BTreeMap::new(),
        })
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        if let Some(path) = self.there().first() {
            std::fs::remove_file(path).expect("removed");
        }
        Ok(())
    }
}

/// The dialect of a provider without an API.
#[derive(Debug)]
struct Silence;

impl Dialect for Silence {
    fn signature(&self, _: &Request<Bytes>) -> Signature {
        Signature {
            service: "unknown".to_owned(),
            operation: "unknown".to_owned(),
            mutating: true,
        }
    }

    fn error(&self, _: &Request<Bytes>, _: &ErrorKind) -> Response<Bytes> {
        Response::new(Bytes::new())
    }

    fn error_code(&self, _: &Response<Bytes>) -> Option<String> {
        None
    }
}

struct Files(PathBuf);

fn nothing<T>(call: &str) -> Result<T, ObserverError> {
    Err(ObserverError {
        call: call.to_owned(),
        message: "a folder has none".to_owned(),
    })
}

#[async_trait]
impl Observer for Files {
    async fn preflight(&self) -> Vec<Check> {
        vec![Check::new("folder", "it is there", Verdict::Pass, "")]
    }

    async fn checks(&self, _: &Run, _: &Provisioned) -> Vec<Check> {
        vec![Check::new("folder", "it is there", Verdict::Pass, "")]
    }

    async fn workload(
        &self,
        _: &Run,
        _: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        Err(WorkloadError::Failed("there is none".to_owned()))
    }
}

#[async_trait]
impl Lister for Files {
    async fn cells(&self, _: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        Ok(vec![Listing::of(Cell::new("thing", "here"))])
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        TYPES
    }

    async fn list(&self, _: &Listing) -> Result<Listed, ObserverError> {
        let entries = std::fs::read_dir(&self.0).map_err(|error| ObserverError {
            call: "list".to_owned(),
            message: error.to_string(),
        })?;
        let resource = |entry: std::fs::DirEntry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let mut resource = Resource::new("thing", name, "here");
            let content = std::fs::read_to_string(entry.path()).unwrap_or_default();
            resource.properties.insert("content".to_owned(), content);
            resource
        };
        let all: Vec<Resource> = entries.flatten().map(resource).collect();
        Ok(all.into())
    }

    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        Ok(resources)
    }

    fn settle(&self) -> Duration {
        Duration::ZERO
    }
}

#[async_trait]
impl Ownership for Files {
    fn proofs(&self, run: &Run, resource: &Resource, _: &[Resource]) -> Vec<String> {
        let ours = resource.id.starts_with(&run.name(""));
        ours.then(|| "its name is the run's".to_owned())
            .into_iter()
            .collect()
    }

    async fn created_by(
        &self,
        _: &Run,
        _: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError> {
        Ok(BTreeMap::new())
    }
}

impl Naming for Files {
    fn name_length_max(&self) -> usize {
        200
    }
}

impl Plan for Files {
    fn nodes_expected(&self) -> usize {
        0
    }

    fn monthly_cost(&self, _: &Resource) -> Option<MonthlyCost> {
        None
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        BTreeMap::from([("thing".to_owned(), 1)])
    }

    fn estimate(&self, _: &PriceContext, _: Option<Timestamp>, _: u32) -> Estimate {
        Estimate::default()
    }
}

#[async_trait]
impl Billing for Files {
    async fn billed(&self, _: &Run, _: Timestamp) -> Result<Billed, ObserverError> {
        nothing("billed")
    }

    fn billing_final_after(&self, at: Timestamp) -> Timestamp {
        at
    }
}

#[async_trait]
impl Deleter for Files {
    async fn delete(&self, _: &Resource) -> Result<(), ObserverError> {
        nothing("delete")
    }
}

//! Inference Endpoints: models on replicas that are billed by the minute.

mod calls;
mod catalogue;
mod config;
mod image;
mod lifecycle;
mod logs;
mod scaling;
mod shown;
mod usage;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::router::{Router, on};

pub(crate) use self::calls::create_for_bystanders;
pub(crate) use self::image::{health_route, speaks_openai, variant};
pub(crate) use self::lifecycle::{happen, wake};
pub(crate) use self::scaling::note_call;

use self::catalogue::Hardware;
use self::config::{Config, ModelConfig};
use crate::route::{Handler, Table};
use crate::state::State;
use crate::tags;
use crate::wire::Answer;

/// The operations below `/v2` that name a namespace.
pub(crate) const TABLE: Table = Router::new(&[
    on(
        "GET",
        "/endpoint/{namespace}",
        "ListEndpoints",
        calls::list as Handler,
    ),
    on(
        "POST",
        "/endpoint/{namespace}",
        "CreateEndpoint",
        calls::create,
    ),
    on(
        "GET",
        "/endpoint/{namespace}/{name}",
        "GetEndpoint",
        calls::get,
    ),
    on(
        "PUT",
        "/endpoint/{namespace}/{name}",
        "UpdateEndpoint",
        calls::update,
    ),
    on(
        "DELETE",
        "/endpoint/{namespace}/{name}",
        "DeleteEndpoint",
        calls::delete,
    ),
    on(
        "POST",
        "/endpoint/{namespace}/{name}/pause",
        "PauseEndpoint",
        calls::pause,
    ),
    on(
        "POST",
        "/endpoint/{namespace}/{name}/resume",
        "ResumeEndpoint",
        calls::resume,
    ),
    on(
        "POST",
        "/endpoint/{namespace}/{name}/scale-to-zero",
        "ScaleEndpointToZero",
        calls::scale_to_zero,
    ),
    on(
        "GET",
        "/endpoint/{namespace}/{name}/logs",
        "GetEndpointLogs",
        logs::get,
    ),
    on(
        "GET",
        "/endpoint/{namespace}/{name}/replica",
        "ListReplicas",
        shown::replicas,
    ),
    on(
        "GET",
        "/provider/{namespace}",
        "ListHardware",
        |state, call| {
            Ok(Answer::json(&catalogue::shown(
                state,
                Some(call.parameter(0)),
            )))
        },
    ),
]);

/// The public catalogue, which names no namespace and so shows no quota.
pub(crate) const CATALOGUE: Table = Router::new(&[on(
    "GET",
    "/provider",
    "ListAllHardware",
    (|state, _| Ok(Answer::json(&catalogue::shown(state, None)))) as Handler,
)]);

/// The resource type.
pub(crate) const TYPE: &str = "inference_endpoint";

/// Where an endpoint is between creation and end (`InferenceEndpointStatus` of `huggingface_hub` 2.4.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Pending,
    Initializing,
    Running,
    Updating,
    UpdateFailed,
    Paused,
    Failed,
    ScaledToZero,
}

impl Stage {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Initializing => "initializing",
            Self::Running => "running",
            Self::Updating => "updating",
            Self::UpdateFailed => "updateFailed",
            Self::Paused => "paused",
            Self::Failed => "failed",
            Self::ScaledToZero => "scaledToZero",
        }
    }

    /// Whether a deployed model answers.
    pub(crate) const fn answers(self) -> bool {
        matches!(self, Self::Running | Self::Updating | Self::UpdateFailed)
    }
}

/// One copy of the model.
#[derive(Clone, Debug)]
pub(crate) struct Replica {
    /// Unique in the endpoint.
    number: u32,
    is_ready: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// The first label of its address.
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) config: Config,
    pub(crate) created: Timestamp,
    created_by: String,
    updated: Timestamp,
    updated_by: String,
    pub(crate) stage: Stage,
    error: Option<String>,
    /// What runs, while another configuration is being tried.
    deployed: Option<ModelConfig>,
    replicas: Vec<Replica>,
    /// The number of the next replica.
    next_replica: u32,
    last_used: Option<Timestamp>,
    /// The calls of the last minute.
    calls: VecDeque<Timestamp>,
    /// When replicas were last taken away.
    scaled_down: Option<Timestamp>,
    /// Whether the next check of the load is scheduled.
    is_watched: bool,
    /// Counts the turns of its course: what was scheduled before the last one no longer happens.
    turn: u64,
    /// Whether it is a bystander's, which uses up no quota.
    is_exempt: bool,
    /// Whether its model answers no question, although it runs.
    pub(crate) is_mute: bool,
    log: Vec<(Timestamp, String)>,
}

impl Endpoint {
    /// Its key in the account.
    pub(crate) fn key(&self) -> String {
        key(&self.namespace, &self.config.name)
    }

    /// What runs: the last configuration that was deployed.
    pub(crate) fn running_model(&self) -> &ModelConfig {
        self.deployed.as_ref().unwrap_or(&self.config.model)
    }

    /// Its host; `None` for one that is not reachable from the internet.
    pub(crate) fn host(&self) -> Option<String> {
        let place = &self.config.provider;
        let name = format!(
            "{}.{}.{}{}",
            self.id,
            place.region,
            place.vendor,
            crate::inference::DOMAIN
        );
        (self.config.access != "private").then_some(name)
    }

    fn hardware(&self) -> Option<&'static Hardware> {
        self.config.hardware()
    }

    /// Whether it counts against the quota of its namespace.
    fn uses_quota(&self) -> bool {
        !self.is_exempt && !matches!(self.stage, Stage::Paused | Stage::Failed)
    }

    fn replicas_max(&self) -> u32 {
        self.config.compute.scaling.max_replica
    }

    fn ready(&self) -> usize {
        self.replicas.iter().filter(|one| one.is_ready).count()
    }

    fn note(&mut self, now: Timestamp, line: impl Into<String>) {
        self.log.push((now, line.into()));
    }
}

/// The key of an endpoint in the account.
pub(crate) fn key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

/// What happens later to an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct EndpointEvent {
    id: String,
    /// The turn in which it was scheduled.
    turn: u64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// Machines were found for it.
    Placed {
        lasts: i64,
        failure: Option<String>,
        is_stuck: bool,
    },
    /// Its replicas are ready, or cannot be.
    Initialized { failure: Option<String> },
    /// A change of it has ended.
    Updated {
        failure: Option<String>,
        is_new_model: bool,
    },
    /// A further replica is ready.
    Added { number: u32 },
    /// It may have been idle for its timeout.
    Idle,
    /// Its load is to be looked at.
    Load,
}

/// All endpoints become bystanders'.
pub(crate) fn exempt_all(state: &mut State) {
    for endpoint in state.endpoints.all_mut() {
        endpoint.is_exempt = true;
    }
}

/// All endpoints, as an auditor sees them.
pub(crate) fn inventory(state: &State) -> impl Iterator<Item = Resource> {
    state.endpoints.all().map(|one| {
        let scaling = &one.config.compute.scaling;
        let place = &one.config.provider;
        let scope = format!("{}/{}-{}", one.namespace, place.vendor, place.region);
        let compute = &one.config.compute;
        let hardware = format!("{}-{}", compute.instance_type, compute.instance_size);
        // A failed one does nothing, and still has to be deleted.
        let lifetime = match one.stage {
            Stage::Failed => Lifetime::Dead,
            _ => Lifetime::Alive,
        };
        let mut resource = Resource::new(TYPE, &one.config.name, scope)
            .named(one.config.name.clone())
            .tagged(tags::pairs(&one.config.tags))
            .in_state(one.stage.word(), lifetime)
            .created(one.created)
            .with("hardware", hardware)
            .with("repository", &one.config.model.repository)
            .with("min_replica", scaling.min_replica)
            .with("max_replica", scaling.max_replica);
        resource.incarnation = Some(crate::time::shown(one.created));
        resource
    })
}

/// The state of an endpoint as text: what only calls change.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let namespace = resource.scope.as_str().split('/').next();
    let namespace = namespace.unwrap_or_default();
    let found = state.endpoints.get(&key(namespace, &resource.id));
    found.map_or_else(String::new, |one| {
        let is_paused = one.stage == Stage::Paused;
        format!("{:?}|{}|{is_paused}", one.config, one.created_by)
    })
}

/// The shortest time to a running endpoint.
pub(crate) fn fastest_ready() -> (Duration, String) {
    let seconds = u64::try_from(lifecycle::PENDING + lifecycle::INITIALIZING).unwrap_or(0);
    let path = "a machine is found → the model is loaded".to_owned();
    (Duration::from_secs(seconds), path)
}

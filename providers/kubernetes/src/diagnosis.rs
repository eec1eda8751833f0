//! Why a workload makes no progress: the state of its pods and the last events, as text.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerState, Event, Pod};
use kube::api::{Api, ListParams};
use tokio::time::Instant;

use crate::attempt::list_all;

/// Waiting reasons that never pass.
const FINAL: [&str; 4] = [
    "CreateContainerError",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
];
/// Waiting reasons that often pass; they are tolerated for [`STARTUP_GRACE`].
const LASTING: [&str; 5] = [
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "ErrImagePull",
    "ImagePullBackOff",
    "RunContainerError",
];
/// How long a reason that often passes may last.
const STARTUP_GRACE: Duration = Duration::from_secs(90);
/// Events that a diagnosis quotes.
const EVENTS: usize = 5;

/// Whether pods can still start.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Startup {
    /// No pod waits for a suspicious reason.
    Fine,
    /// A pod waits for a reason that may pass.
    Doubtful(String),
    /// A pod can never start.
    Impossible(String),
}

/// Decides when to give up on pods that do not start: immediately if they never can, else after [`STARTUP_GRACE`].
#[derive(Debug, Default)]
pub(crate) struct StartupDeadline {
    doubtful_since: Option<Instant>,
}

impl StartupDeadline {
    /// Why to give up on the pods, and what to do next; `None` while they may still start.
    pub(crate) fn given_up(&mut self, pods: &[Pod]) -> Option<(String, &'static str)> {
        match startup(pods) {
            Startup::Fine => {
                self.doubtful_since = None;
                None
            }
            Startup::Impossible(why) => {
                let next = "the pod can never start: check its image and command";
                Some((why, next))
            }
            Startup::Doubtful(why) => {
                let since = *self.doubtful_since.get_or_insert_with(Instant::now);
                let over = since.elapsed() >= STARTUP_GRACE;
                over.then_some((why, "check why the pod does not start"))
            }
        }
    }
}

/// Judges what pods wait for.
fn startup(pods: &[Pod]) -> Startup {
    let mut startup = Startup::Fine;
    for state in pods.iter().flat_map(states) {
        let Some(waiting) = state.waiting else {
            continue;
        };
        let reason = waiting.reason.unwrap_or_default();
        let words = format!("{reason} {}", waiting.message.unwrap_or_default());
        if FINAL.contains(&reason.as_str()) {
            return Startup::Impossible(words);
        }
        if LASTING.contains(&reason.as_str()) {
            startup = Startup::Doubtful(words);
        }
    }
    startup
}

/// The exit code of a pod's container, if it has ended.
pub(crate) fn exit_code(pod: &Pod) -> Option<i32> {
    states(pod)
        .into_iter()
        .find_map(|state| state.terminated)
        .map(|ended| ended.exit_code)
}

fn states(pod: &Pod) -> Vec<ContainerState> {
    let statuses = pod
        .status
        .as_ref()
        .and_then(|status| status.container_statuses.as_deref());
    statuses
        .unwrap_or_default()
        .iter()
        .filter_map(|container| container.state.clone())
        .collect()
}

/// The state of pods and the last events of their namespace, as text.
pub(crate) async fn describe(client: &kube::Client, namespace: &str, pods: &[Pod]) -> String {
    let mut parts: Vec<String> = pods.iter().map(pod).collect();
    if parts.is_empty() {
        parts.push("no pod exists".to_owned());
    }
    let api: Api<Event> = Api::namespaced(client.clone(), namespace);
    match list_all("list events", &api, &ListParams::default()).await {
        Ok(mut events) => {
            events.sort_by_key(|event| {
                let version = event.metadata.resource_version.as_deref();
                version.and_then(|version| version.parse::<u64>().ok())
            });
            let last: Vec<String> = events.iter().rev().take(EVENTS).rev().map(event).collect();
            parts.push(format!("last events: [{}]", last.join("; ")));
        }
        Err(error) => parts.push(format!("events could not be read: {error}")),
    }
    parts.join("; ")
}

fn event(event: &Event) -> String {
    let reason = event.reason.as_deref().unwrap_or_default();
    format!("{reason}: {}", event.message.as_deref().unwrap_or_default())
}

fn pod(pod: &Pod) -> String {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let status = pod.status.clone().unwrap_or_default();
    let mut words = format!("pod {name} is {}", status.phase.unwrap_or_default());
    for condition in status.conditions.unwrap_or_default() {
        if condition.type_ == "PodScheduled" && condition.status != "True" {
            let reason = condition.reason.unwrap_or_default();
            words += &format!(", {reason}: {}", condition.message.unwrap_or_default());
        }
    }
    if let Some(reason) = status.reason {
        words += &format!(", {reason}");
    }
    for state in states(pod) {
        if let Some(waiting) = state.waiting {
            let reason = waiting.reason.unwrap_or_default();
            words += &format!(
                ", waiting: {reason} {}",
                waiting.message.unwrap_or_default()
            );
        }
        if let Some(ended) = state.terminated {
            let reason = ended.reason.unwrap_or_default();
            words += &format!(", ended with exit code {} ({reason})", ended.exit_code);
        }
    }
    words
}

//! Why a job does not get anywhere: the state of its pods and the last events, in words.
//!
//! Apart from the job runner because it only reads, and only when something is wrong.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerState, Event, Pod};
use kube::api::{Api, ListParams};
use tokio::time::Instant;

use crate::attempt::list_all;

/// Reasons of waiting that never pass.
const FINAL: [&str; 4] = [
    "CreateContainerError",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
];
/// Reasons of waiting that often pass, and so long they get.
const LASTING: [&str; 5] = [
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "ErrImagePull",
    "ImagePullBackOff",
    "RunContainerError",
];
/// How long a reason that often passes may last.
const PATIENCE: Duration = Duration::from_secs(90);
/// Events that a diagnosis quotes.
const EVENTS: usize = 5;

/// How hopeless a pod's waiting is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hope {
    /// Nothing speaks against it.
    Fine,
    /// It may pass.
    Doubtful(String),
    /// It can never start.
    Lost(String),
}

/// Waits for a while with pods whose trouble may pass, and not at all with hopeless ones.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    doubtful_since: Option<Instant>,
}

impl Patience {
    /// Why the pods are given up, and what to do next; nothing while there is hope.
    pub(crate) fn given_up(&mut self, pods: &[Pod]) -> Option<(String, &'static str)> {
        match hope(pods) {
            Hope::Fine => {
                self.doubtful_since = None;
                None
            }
            Hope::Lost(why) => {
                let next = "the pod can never start: look at its image and command";
                Some((why, next))
            }
            Hope::Doubtful(why) => {
                let since = *self.doubtful_since.get_or_insert_with(Instant::now);
                let over = since.elapsed() >= PATIENCE;
                over.then_some((why, "look at why the pod does not start"))
            }
        }
    }
}

/// Judges what pods wait for.
fn hope(pods: &[Pod]) -> Hope {
    let mut hope = Hope::Fine;
    for state in pods.iter().flat_map(states) {
        let Some(waiting) = state.waiting else {
            continue;
        };
        let reason = waiting.reason.unwrap_or_default();
        let words = format!("{reason} {}", waiting.message.unwrap_or_default());
        if FINAL.contains(&reason.as_str()) {
            return Hope::Lost(words);
        }
        if LASTING.contains(&reason.as_str()) {
            hope = Hope::Doubtful(words);
        }
    }
    hope
}

/// The exit code of a pod's container, when it has ended.
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

/// The state of pods and the last events of their name space, in words.
pub(crate) async fn describe(client: &kube::Client, namespace: &str, pods: &[Pod]) -> String {
    let mut parts: Vec<String> = pods.iter().map(pod).collect();
    if parts.is_empty() {
        parts.push("there is no pod".to_owned());
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

//! The kubelet of all nodes: pulls images, and starts, restarts and stops containers, each with a delay.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::cluster::{Cluster, Due, Pod};
use crate::controllers::events::KUBELET;
use crate::json::{items, number, set, text};
use crate::node::pod_status::{self, deleted, finished};
use crate::node::probe::{self, Misbehaviour};
use crate::node::shell::{self, Execution};
use crate::node::{addresses, other_scheduler, outside, program};
use crate::store::Key;

/// How long a pod whose configuration is missing waits before it is tried again.
const CONFIG_RETRY: Duration = Duration::from_secs(10);
/// The first pause before an image is pulled again, seconds; it doubles.
const PULL_BACK_OFF: u64 = 10;
/// The longest pause of any back-off, seconds.
const BACK_OFF_MAX: u64 = 300;

/// What a container prints, and how it ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    prints: Vec<(Timestamp, String)>,
    exit_code: i32,
}

impl Output {
    /// What has been printed by now.
    pub(crate) fn until(&self, now: Timestamp) -> String {
        self.prints
            .iter()
            .filter(|(at, _)| *at <= now)
            .map(|(_, text)| text.as_str())
            .collect()
    }
}

/// Handles new pods, bound pods and deleted pods.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys("pods") {
        let Some(value) = cluster.store.get(&key) else {
            continue;
        };
        let pod = Pod {
            key,
            uid: text(value, "/metadata/uid").to_owned(),
        };
        let bound = !text(value, "/spec/nodeName").is_empty();
        if deleted(value) {
            let grace = number(value, "/metadata/deletionGracePeriodSeconds").unwrap_or(0);
            if grace == 0 && !bound {
                continue;
            }
            let runs = text(value, "/status/phase") == "Running";
            if !bound || finished(value) {
                stopped(cluster, &pod);
            } else if cluster.served.insert(format!("{}/stop", pod.uid)) {
                // A shell as first process ignores SIGTERM: it is killed at the end of the grace period.
                let grace = if runs {
                    u64::try_from(grace).unwrap_or(0)
                } else {
                    0
                };
                let delay = Duration::from_secs(grace) + cluster.between(500, 2000);
                cluster.after(delay, Due::Stopped(pod));
            }
        } else if !bound && cluster.served.insert(pod.uid.clone()) {
            if other_scheduler::claim(cluster, &pod) {
                continue;
            }
            let delay = cluster.between(300, 1500);
            cluster.after(delay, Due::Schedule(pod));
        } else if bound && !finished(value) && cluster.served.insert(format!("{}/start", pod.uid)) {
            create(cluster, pod);
        }
    }
}

fn create(cluster: &mut Cluster, pod: Pod) {
    let now = cluster.stamp();
    let node = of_pod(cluster, &pod, "/spec/nodeName");
    let host = cluster
        .store
        .get(&Key::new("nodes", "", &node))
        .map(|node| text(node, "/status/addresses/0/address").to_owned())
        .unwrap_or_default();
    let on_host = cluster
        .pod(&pod)
        .is_some_and(|value| value.pointer("/spec/hostNetwork") == Some(&Value::Bool(true)));
    let address = if on_host {
        host.clone()
    } else {
        addresses::next(cluster, &node)
    };
    cluster.modify(&pod.key, |value| {
        set(value, "/status/startTime", now.clone());
        set(value, "/status/hostIP", host.clone());
        set(value, "/status/hostIPs", json!([{"ip": host}]));
        set(value, "/status/podIP", address.clone());
        set(value, "/status/podIPs", json!([{"ip": address}]));
        pod_status::waiting(value, "ContainerCreating", "", &now);
    });
    pull(cluster, &pod);
}

fn of_pod(cluster: &Cluster, pod: &Pod, pointer: &str) -> String {
    cluster
        .pod(pod)
        .map_or("", |value| text(value, pointer))
        .to_owned()
}

/// The image that a pod waits for, and whether its node has it: the first that its node lacks, or else its first.
fn image(cluster: &Cluster, pod: &Pod) -> (String, bool) {
    let node = of_pod(cluster, pod, "/spec/nodeName");
    let all = cluster
        .pod(pod)
        .map_or(&[][..], |value| items(value, "/spec/containers"));
    let images = || {
        all.iter()
            .map(|container| text(container, "/image").to_owned())
    };
    let is_there = |image: &String| cluster.images.contains(&(node.clone(), image.clone()));
    match images().find(|image| !is_there(image)) {
        Some(image) => (image, false),
        None => (images().next().unwrap_or_default(), true),
    }
}

/// The image of a pod is pulled, unless its node has it.
pub(crate) fn pull(cluster: &mut Cluster, pod: &Pod) {
    if cluster.pod(pod).is_none_or(deleted) {
        return;
    }
    let (image, there) = image(cluster, pod);
    if let Some(message) = probe::invalid_name(&image) {
        return wait(cluster, pod, "InvalidImageName", &message);
    }
    let policy = of_pod(cluster, pod, "/spec/containers/0/imagePullPolicy");
    if there && policy != "Always" {
        let delay = cluster.between(200, 800);
        return cluster.after(delay, Due::Start(pod.clone()));
    }
    if policy == "Never" {
        let message =
            format!("Container image \"{image}\" is not present with pull policy of Never");
        return wait(cluster, pod, "ErrImageNeverPull", &message);
    }
    let message = format!("Pulling image \"{image}\"");
    cluster.event(KUBELET, &pod.key, false, "Pulling", &message);
    let delay = cluster.between(2000, 5000);
    cluster.after(delay, Due::Start(pod.clone()));
}

fn wait(cluster: &mut Cluster, pod: &Pod, reason: &str, message: &str) {
    let now = cluster.stamp();
    cluster.modify(&pod.key, |value| {
        pod_status::waiting(value, reason, message, &now);
    });
    let words = match reason {
        "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" => reason,
        _ => message,
    };
    cluster.event(
        KUBELET,
        &pod.key,
        true,
        "Failed",
        &format!("Error: {words}"),
    );
}

fn not_pulled(cluster: &mut Cluster, pod: &Pod, image: &str, why: &str) {
    let message = format!("Failed to pull image \"{image}\": {why}");
    cluster.event(KUBELET, &pod.key, true, "Failed", &message);
    wait(cluster, pod, "ErrImagePull", why);
    let delay = cluster.between(1000, 3000);
    cluster.after(delay, Due::BackOff(pod.clone()));
}

/// Retries the pull of an image after growing pauses.
pub(crate) fn back_off(cluster: &mut Cluster, pod: &Pod) {
    if cluster.pod(pod).is_none_or(deleted) {
        return;
    }
    let (image, _) = image(cluster, pod);
    let pulls = cluster.pulls.entry(pod.uid.clone()).or_default();
    *pulls += 1;
    let pause = BACK_OFF_MAX.min(PULL_BACK_OFF << (*pulls - 1).min(5));
    let why = probe::missing_image(&image).unwrap_or_default();
    let words = format!("Back-off pulling image \"{image}\"");
    cluster.event(KUBELET, &pod.key, false, "BackOff", &words);
    let message = format!("{words}: ErrImagePull: {why}");
    wait(cluster, pod, "ImagePullBackOff", &message);
    cluster.after(Duration::from_secs(pause), Due::Pull(pod.clone()));
}

/// The image has been pulled, or cannot be: creates the container, or reports why not.
pub(crate) fn start(cluster: &mut Cluster, pod: &Pod) {
    let Some(value) = cluster.pod(pod).filter(|value| !deleted(value)) else {
        return;
    };
    let spec = value["spec"].clone();
    let (image, there) = image(cluster, pod);
    if let Some(why) = probe::missing_image(&image) {
        return not_pulled(cluster, pod, &image, &why);
    }
    let words = if there {
        format!("Container image \"{image}\" already present on machine")
    } else {
        format!("Successfully pulled image \"{image}\"")
    };
    cluster.event(KUBELET, &pod.key, false, "Pulled", &words);
    cluster
        .images
        .insert((text(&spec, "/nodeName").to_owned(), image));
    // Pods have few containers: each image is pulled by itself.
    if !self::image(cluster, pod).1 {
        return pull(cluster, pod);
    }
    if let Some(message) = program::refusal(&spec) {
        return wait(cluster, pod, "CreateContainerError", &message);
    }
    let variables = items(&spec, "/containers")
        .iter()
        .find_map(|container| probe::variables(cluster, pod, container).err());
    if let Some(error) = variables {
        let message = error.to_string();
        wait(cluster, pod, "CreateContainerConfigError", &message);
        return cluster.after(CONFIG_RETRY, Due::Start(pod.clone()));
    }
    run(cluster, pod);
}

/// The container starts.
pub(crate) fn run(cluster: &mut Cluster, pod: &Pod) {
    let Some(value) = cluster.pod(pod).filter(|value| !deleted(value)) else {
        return;
    };
    let container = &value["spec"]["containers"][0];
    let name = text(container, "/name").to_owned();
    let value_spec = value["spec"].clone();
    let variables = probe::variables(cluster, pod, container).unwrap_or_default();
    let steps = program::of(&value["spec"], container).unwrap_or_default();
    let mut execution = shell::execute(&steps, &variables);
    match &cluster.misbehaviour {
        Some(Misbehaviour::Prints(other)) => {
            execution.prints = vec![(Duration::ZERO, other.clone())];
            execution.call = None;
        }
        Some(Misbehaviour::Exits(code)) => {
            execution.exit_code = *code;
            execution.call = None;
        }
        None => {}
    }
    cluster.logs.insert(pod.uid.clone(), Output::default());
    let now = cluster.stamp();
    let words = format!("Created container: {name}");
    cluster.event(KUBELET, &pod.key, false, "Created", &words);
    let unknown = program::unknown(&value_spec);
    cluster.modify(&pod.key, |value| {
        pod_status::running(value, &now);
        if let Some(message) = unknown {
            set(value, "/status/message", message);
        }
    });
    let words = format!("Started container {name}");
    cluster.event(KUBELET, &pod.key, false, "Started", &words);
    execute(cluster, pod, execution, &variables);
}

/// The program of a running container goes on: to its end, or to its next request.
pub(crate) fn execute(
    cluster: &mut Cluster,
    pod: &Pod,
    execution: Execution,
    variables: &BTreeMap<String, String>,
) {
    let now = cluster.now;
    let at = |after: Duration| {
        let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
        now.checked_add(after).unwrap_or(Timestamp::MAX)
    };
    let stopped = outside::stopped(&execution, variables);
    let stays = execution.stays;
    let output = cluster.logs.entry(pod.uid.clone()).or_default();
    let prints = execution.prints.into_iter();
    output
        .prints
        .extend(prints.map(|(after, text)| (at(after), text)));
    output.exit_code = execution.exit_code;
    let Some(stopped) = stopped else {
        if stays {
            return;
        }
        let life = execution.runs + cluster.between(800, 2000);
        return cluster.after(life, Due::Exit(pod.clone()));
    };
    cluster.calling.insert(pod.uid.clone(), stopped);
    let begins = execution.runs + cluster.between(50, 200);
    cluster.after(begins, Due::Call(pod.clone()));
}

/// The container ends; the pod's restart policy decides what follows.
pub(crate) fn exit(cluster: &mut Cluster, pod: &Pod) {
    let Some(value) = cluster.pod(pod).filter(|value| !finished(value)) else {
        return;
    };
    let exit_code = cluster
        .logs
        .get(&pod.uid)
        .map_or(0, |output| output.exit_code);
    let again = match text(value, "/spec/restartPolicy") {
        "Never" => false,
        "OnFailure" => exit_code != 0,
        _ => true,
    };
    let restarts = number(value, "/status/containerStatuses/0/restartCount").unwrap_or(0);
    let now = cluster.stamp();
    if !again || deleted(value) {
        cluster.modify(&pod.key, |value| pod_status::ended(value, exit_code, &now));
        return;
    }
    let pause = BACK_OFF_MAX.min(10 << restarts.clamp(0, 5));
    let message = format!("back-off {pause}s restarting failed container");
    cluster.modify(&pod.key, |value| {
        pod_status::backing_off(value, exit_code, &message, &now);
    });
    let words = "Back-off restarting failed container";
    cluster.event(KUBELET, &pod.key, true, "BackOff", words);
    cluster.after(Duration::from_secs(pause), Due::Restart(pod.clone()));
}

/// A deleted pod has stopped: nothing but finalizers holds it any more.
pub(crate) fn stopped(cluster: &mut Cluster, pod: &Pod) {
    if cluster.pod(pod).is_none() {
        return;
    }
    let now = cluster.stamp();
    cluster.modify(&pod.key, |value| {
        // Killed by SIGKILL: 128 + 9.
        if !finished(value) {
            pod_status::ended(value, 137, &now);
        }
        set(value, "/metadata/deletionGracePeriodSeconds", 0);
    });
    if cluster.pod(pod).is_none() {
        cluster.logs.remove(&pod.uid);
        cluster.calling.remove(&pod.uid);
    }
}

/// A pod whose node is gone.
pub(crate) fn lose(cluster: &mut Cluster, key: &Key) {
    let now = cluster.stamp();
    cluster.modify(key, |value: &mut Value| {
        if !finished(value) {
            set(value, "/status/phase", "Failed");
            set(value, "/status/reason", "NodeLost");
            set(value, "/status/message", "the node of the pod is gone");
        }
        set(value, "/metadata/deletionTimestamp", now);
        set(value, "/metadata/deletionGracePeriodSeconds", 0);
    });
}

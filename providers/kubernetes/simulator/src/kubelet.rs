//! The kubelet of all nodes: pods that it pulls, runs, ends and stops, each after a while.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{Cluster, Due, Pod};
use crate::json::{number, set, text};
use crate::pod_status::{self, deleted, finished};
use crate::probe::{self, Misbehaviour};
use crate::store::Key;

/// How long a pod whose configuration is missing waits before it is tried again.
const CONFIG_RETRY: Duration = Duration::from_secs(10);

/// Takes up new pods, bound pods and deleted pods.
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
            if number(value, "/metadata/deletionGracePeriodSeconds") == Some(0) && !bound {
                continue;
            }
            if !bound || finished(value) {
                stopped(cluster, &pod);
            } else if cluster.served.insert(format!("{}/stop", pod.uid)) {
                let delay = cluster.between(500, 2000);
                cluster.after(delay, Due::Stopped(pod));
            }
        } else if !bound && cluster.served.insert(pod.uid.clone()) {
            let delay = cluster.between(300, 1500);
            cluster.after(delay, Due::Schedule(pod));
        } else if bound && !finished(value) && cluster.served.insert(format!("{}/start", pod.uid)) {
            create(cluster, pod);
        }
    }
}

fn create(cluster: &mut Cluster, pod: Pod) {
    let now = cluster.stamp();
    cluster.addresses += 1;
    let address = format!(
        "10.0.{}.{}",
        cluster.addresses / 250 % 250,
        cluster.addresses % 250 + 4
    );
    let host = cluster
        .pod(&pod)
        .map(|value| Key::new("nodes", "", text(value, "/spec/nodeName")))
        .and_then(|node| cluster.store.get(&node))
        .map(|node| text(node, "/status/addresses/0/address").to_owned())
        .unwrap_or_default();
    cluster.modify(&pod.key, |value| {
        set(value, "/status/startTime", now.clone());
        set(value, "/status/hostIP", host.clone());
        set(value, "/status/hostIPs", json!([{"ip": host}]));
        set(value, "/status/podIP", address.clone());
        set(value, "/status/podIPs", json!([{"ip": address}]));
        pod_status::waiting(value, "ContainerCreating", "", &now);
    });
    let image = image(cluster, &pod);
    cluster.event(
        &pod.key,
        false,
        "Pulling",
        &format!("Pulling image \"{image}\""),
    );
    let pull = cluster.between(2000, 5000);
    cluster.after(pull, Due::Start(pod));
}

fn image(cluster: &Cluster, pod: &Pod) -> String {
    cluster
        .pod(pod)
        .map_or("", |value| text(value, "/spec/containers/0/image"))
        .to_owned()
}

/// The image is there: the container is created, or refused.
pub(crate) fn start(cluster: &mut Cluster, pod: &Pod) {
    let Some(value) = cluster.pod(pod).filter(|value| !deleted(value)) else {
        return;
    };
    let now = cluster.stamp();
    if let Some((reason, message)) = probe::refusal(&value["spec"]) {
        cluster.modify(&pod.key, |value| {
            pod_status::waiting(value, reason, &message, &now)
        });
        cluster.event(&pod.key, true, "Failed", &format!("Error: {message}"));
        return;
    }
    let outcome = probe::output(cluster, &pod.key.namespace, &value["spec"]["containers"][0]);
    if let Err(message) = outcome {
        cluster.modify(&pod.key, |value| {
            pod_status::waiting(value, "CreateContainerConfigError", &message, &now);
        });
        cluster.event(&pod.key, true, "Failed", &format!("Error: {message}"));
        cluster.after(CONFIG_RETRY, Due::Start(pod.clone()));
        return;
    }
    let image = image(cluster, pod);
    cluster.event(
        &pod.key,
        false,
        "Pulled",
        &format!("Successfully pulled image \"{image}\""),
    );
    run(cluster, pod);
}

/// The container starts: all that it prints, it prints at once.
pub(crate) fn run(cluster: &mut Cluster, pod: &Pod) {
    let Some(value) = cluster.pod(pod).filter(|value| !deleted(value)) else {
        return;
    };
    let printed = match &cluster.misbehaviour {
        Some(Misbehaviour::Prints(other)) => other.clone(),
        _ => probe::output(cluster, &pod.key.namespace, &value["spec"]["containers"][0])
            .unwrap_or_default(),
    };
    let container = text(value, "/spec/containers/0/name").to_owned();
    cluster.logs.insert(pod.uid.clone(), printed);
    let now = cluster.stamp();
    cluster.modify(&pod.key, |value| pod_status::running(value, &now));
    cluster.event(
        &pod.key,
        false,
        "Started",
        &format!("Started container {container}"),
    );
    let life = cluster.between(800, 2000);
    cluster.after(life, Due::Exit(pod.clone()));
}

/// The container ends; the pod's restart policy decides what that means.
pub(crate) fn exit(cluster: &mut Cluster, pod: &Pod) {
    let Some(value) = cluster.pod(pod).filter(|value| !finished(value)) else {
        return;
    };
    let exit_code = match cluster.misbehaviour {
        Some(Misbehaviour::Exits(code)) => code,
        _ => 0,
    };
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
    let delay = Duration::from_secs(300.min(10 << restarts.clamp(0, 5)));
    let message = format!("back-off {}s restarting failed container", delay.as_secs());
    cluster.modify(&pod.key, |value| {
        pod_status::backing_off(value, exit_code, &message, &now)
    });
    cluster.event(
        &pod.key,
        true,
        "BackOff",
        "Back-off restarting failed container",
    );
    cluster.after(delay, Due::Restart(pod.clone()));
}

/// A deleted pod has stopped: nothing but finalizers holds it any more.
pub(crate) fn stopped(cluster: &mut Cluster, pod: &Pod) {
    if cluster.pod(pod).is_none() {
        return;
    }
    let now = cluster.stamp();
    cluster.modify(&pod.key, |value| {
        // Killed by SIGTERM's successor: 128 + 9.
        if !finished(value) {
            pod_status::ended(value, 137, &now);
        }
        set(value, "/metadata/deletionGracePeriodSeconds", 0);
    });
    if cluster.pod(pod).is_none() {
        cluster.logs.remove(&pod.uid);
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

//! Pods of controllers: created from a template, and found by their owner.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::pod_defaults;
use crate::cluster::{Cluster, Due};
use crate::json::{condition_is_true, items, set, text};
use crate::node::pod_status::deleted;
use crate::store::Key;
use crate::store::types::Type;

/// Creates a pod from the template of its controller, with these finalizers.
pub(crate) fn make_pod(
    cluster: &mut Cluster,
    component: &str,
    owner: &Key,
    finalizers: &[&str],
) -> Option<Key> {
    let object = cluster.store.get(owner)?;
    let mut pod = json!({
        "metadata": object.pointer("/spec/template/metadata").cloned().unwrap_or(json!({})),
        "spec": object["spec"]["template"]["spec"],
    });
    set(
        &mut pod,
        "/metadata/generateName",
        format!("{}-", owner.name),
    );
    let pod = add_pod(cluster, owner, finalizers, pod)?;
    let message = format!("Created pod: {}", pod.name);
    cluster.event(component, owner, false, "SuccessfulCreate", &message);
    Some(pod)
}

/// Adds a pod of a controller, with what every pod has.
pub(crate) fn add_pod(
    cluster: &mut Cluster,
    owner: &Key,
    finalizers: &[&str],
    mut pod: Value,
) -> Option<Key> {
    let object = cluster.store.get(owner)?;
    if !finalizers.is_empty() {
        set(&mut pod, "/metadata/finalizers", json!(finalizers));
    }
    set(
        &mut pod,
        "/metadata/ownerReferences",
        json!([reference(object)]),
    );
    pod_defaults::fill(&mut pod);
    pod_defaults::admit(&mut pod);
    let quality = pod_defaults::quality(&pod);
    set(
        &mut pod,
        "/status",
        json!({"phase": "Pending", "qosClass": quality}),
    );
    Some(cluster.add(Type::of("pods"), &owner.namespace, pod))
}

/// Whether a pod has been ready for this many seconds. If not yet, the controllers run again when it will have been.
pub(crate) fn is_available(cluster: &mut Cluster, key: &Key, pod: &Value, least: i64) -> bool {
    if deleted(pod) || !condition_is_true(pod, "Ready") {
        return false;
    }
    let conditions = items(pod, "/status/conditions").iter();
    let mut ready = conditions.filter(|condition| text(condition, "/type") == "Ready");
    let since = ready.next().and_then(|condition| {
        text(condition, "/lastTransitionTime")
            .parse::<Timestamp>()
            .ok()
    });
    let Some(since) = since.filter(|_| least > 0) else {
        return true;
    };
    let left = since.as_second() + least - cluster.now.as_second();
    let mark = format!(
        "{}/{} available {least} after {since}",
        key.namespace, key.name
    );
    if left > 0 && cluster.served.insert(mark) {
        let left = u64::try_from(left).unwrap_or(0);
        cluster.after(Duration::from_secs(left), Due::Wake);
    }
    left <= 0
}

/// The owner reference to a controller.
pub(crate) fn reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// The objects of a type that an object owns.
pub(crate) fn owned<'a>(
    cluster: &'a Cluster,
    resource: &'static str,
    namespace: &'a str,
    uid: &'a str,
) -> impl Iterator<Item = (&'a Key, &'a Value)> {
    cluster
        .store
        .of_type(resource, Some(namespace))
        .filter(move |(_, object)| {
            items(object, "/metadata/ownerReferences")
                .iter()
                .any(|owner| text(owner, "/uid") == uid)
        })
}

/// A label selector of an object, as text.
pub(crate) fn selector(object: &Value) -> String {
    let labels = object
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    let parts: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    parts.join(",")
}

//! Pods of controllers: created from a template, and found by their owner.

use serde_json::{Value, json};

use crate::api::pod_defaults;
use crate::cluster::Cluster;
use crate::json::{items, set, text};
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
    let pod = cluster.add(Type::of("pods"), &owner.namespace, pod);
    let message = format!("Created pod: {}", pod.name);
    cluster.event(component, owner, false, "SuccessfulCreate", &message);
    Some(pod)
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

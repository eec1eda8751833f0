//! The namespace controller: fills new namespaces and empties deleted ones.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::delete::{Propagation, remove};
use crate::cluster::{Cluster, Due};
use crate::json::{items, set, set_condition, text};
use crate::store::Key;
use crate::store::types::Type;

/// How long the controller waits before it empties a deleted namespace, so that it misses nothing that is
/// being created.
const EMPTYING_DELAY: Duration = Duration::from_secs(5);

/// Fills new namespaces, empties deleted ones.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys("namespaces") {
        let deleted = cluster
            .store
            .get(&key)
            .is_some_and(|object| object.pointer("/metadata/deletionTimestamp").is_some());
        if deleted {
            empty(cluster, &key);
        } else {
            fill(cluster, &key.name);
        }
    }
}

/// Creates a namespace and its initial objects.
pub(crate) fn make(cluster: &mut Cluster, name: &str) {
    let mut object = json!({"metadata": {"name": name}});
    set_defaults(&mut object);
    cluster.add(Type::of("namespaces"), "", object);
    fill(cluster, name);
}

/// Sets what every namespace has from its creation on.
pub(crate) fn set_defaults(object: &mut Value) {
    let name = text(object, "/metadata/name").to_owned();
    set(
        object,
        "/metadata/labels/kubernetes.io~1metadata.name",
        name,
    );
    set(object, "/spec/finalizers", json!(["kubernetes"]));
    set(object, "/status/phase", "Active");
}

fn fill(cluster: &mut Cluster, name: &str) {
    cluster.add(
        Type::of("serviceaccounts"),
        name,
        json!({"metadata": {"name": "default"}}),
    );
    let root = json!({
        "metadata": {
            "name": "kube-root-ca.crt",
            "annotations": {"kubernetes.io/description": "Contains a CA bundle that can be used to \
                verify the kube-apiserver when using internal endpoints."},
        },
        "data": {"ca.crt": format!("simulated certificate authority of {}\n", cluster.name)},
    });
    cluster.add(Type::of("configmaps"), name, root);
}

fn empty(cluster: &mut Cluster, key: &Key) {
    let Some(object) = cluster.store.get(key) else {
        return;
    };
    let since: jiff::Timestamp = text(object, "/metadata/deletionTimestamp")
        .parse()
        .unwrap_or(cluster.now);
    let uid = text(object, "/metadata/uid").to_owned();
    let age = Duration::try_from(cluster.now.duration_since(since)).unwrap_or_default();
    if age < EMPTYING_DELAY {
        if cluster.served.insert(uid) {
            cluster.after(EMPTYING_DELAY + Duration::from_secs(1), Due::Wake);
        }
        return;
    }
    let fresh: Vec<Key> = contents(cluster, key)
        .filter(|(_, object)| object.pointer("/metadata/deletionTimestamp").is_none())
        .map(|(inner, _)| inner.clone())
        .collect();
    for inner in fresh {
        remove(cluster, &inner, Propagation::Background, None);
    }
    if contents(cluster, key).next().is_some() {
        return update_status(cluster, key);
    }
    cluster.modify(key, |object| {
        if items(object, "/spec/finalizers") == [json!("kubernetes")] {
            set(object, "/spec/finalizers", json!([]));
        }
    });
}

fn contents<'a>(
    cluster: &'a Cluster,
    space: &'a Key,
) -> impl Iterator<Item = (&'a Key, &'a Value)> {
    cluster
        .store
        .all()
        .filter(|(inner, _)| inner.namespace == space.name)
}

/// Sets the conditions of a namespace that cannot be removed yet.
fn update_status(cluster: &mut Cluster, key: &Key) {
    let (mut types, mut finalizers) = (BTreeMap::new(), BTreeMap::new());
    for (inner, object) in contents(cluster, key) {
        *types.entry(inner.resource).or_insert(0) += 1;
        for finalizer in items(object, "/metadata/finalizers") {
            *finalizers
                .entry(finalizer.as_str().unwrap_or_default())
                .or_insert(0) += 1;
        }
    }
    let remaining: Vec<String> = types
        .iter()
        .map(|(name, count)| format!("{name} has {count} resource instances"))
        .collect();
    let held: Vec<String> = finalizers
        .iter()
        .map(|(name, count)| format!("{name} in {count} resource instances"))
        .collect();
    let finalizers = if held.is_empty() {
        (
            "False",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished".to_owned(),
        )
    } else {
        let words = held.join(", ");
        let message = format!("Some content in the namespace has finalizers remaining: {words}");
        ("True", "SomeFinalizersRemain", message)
    };
    let content = format!("Some resources are remaining: {}", remaining.join(", "));
    let all_found = "All resources successfully discovered".to_owned();
    let all_parsed = "All legacy kube types successfully parsed".to_owned();
    let all_deleted = "All content successfully deleted, may be waiting on finalization".to_owned();
    let now = cluster.stamp();
    cluster.modify(key, |object| {
        for (kind, (status, reason, message)) in [
            (
                "NamespaceDeletionDiscoveryFailure",
                ("False", "ResourcesDiscovered", all_found),
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                ("False", "ParsedGroupVersions", all_parsed),
            ),
            (
                "NamespaceDeletionContentFailure",
                ("False", "ContentDeleted", all_deleted),
            ),
            (
                "NamespaceContentRemaining",
                ("True", "SomeResourcesRemain", content),
            ),
            ("NamespaceFinalizersRemaining", finalizers),
        ] {
            let new = json!({
                "type": kind, "status": status, "reason": reason, "message": message,
            });
            set_condition(object, "/status/conditions", new, &now);
        }
    });
}

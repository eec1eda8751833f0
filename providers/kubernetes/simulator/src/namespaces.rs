//! The name space controller: what a new one starts with, and how a deleted one is emptied.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{Cluster, Due};
use crate::delete::{Propagation, remove};
use crate::json::{items, set, text};
use crate::store::Key;
use crate::types::Type;

/// Least time that a name space takes to go: real ones take five to ten seconds.
const LEAST_TERMINATION: Duration = Duration::from_secs(5);

/// Fills new name spaces, empties deleted ones.
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

/// Makes a name space and what it starts with.
pub(crate) fn make(cluster: &mut Cluster, name: &str) {
    let mut object = json!({"metadata": {"name": name}});
    set_defaults(&mut object);
    cluster.add(Type::of("namespaces"), "", object);
    fill(cluster, name);
}

/// What every name space has from its creation on.
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
        "metadata": {"name": "kube-root-ca.crt"},
        "data": {"ca.crt": format!("simulated certificate authority of {}\n", cluster.name)},
    });
    cluster.add(Type::of("configmaps"), name, root);
}

fn empty(cluster: &mut Cluster, key: &Key) {
    let contents: Vec<(Key, bool)> = cluster
        .store
        .all()
        .filter(|(inner, _)| inner.namespace == key.name)
        .map(|(inner, object)| {
            (
                inner.clone(),
                object.pointer("/metadata/deletionTimestamp").is_some(),
            )
        })
        .collect();
    for (inner, marked) in &contents {
        if !marked {
            remove(cluster, inner, Propagation::Background, None);
        }
    }
    let remain = cluster
        .store
        .all()
        .any(|(inner, _)| inner.namespace == key.name);
    let Some(object) = cluster.store.get(key) else {
        return;
    };
    let since: jiff::Timestamp = text(object, "/metadata/deletionTimestamp")
        .parse()
        .unwrap_or(cluster.now);
    let age = Duration::try_from(cluster.now.duration_since(since)).unwrap_or_default();
    if age < LEAST_TERMINATION {
        let uid = text(object, "/metadata/uid").to_owned();
        if cluster.served.insert(uid) {
            cluster.after(LEAST_TERMINATION + Duration::from_secs(1), Due::Wake);
        }
    } else if !remain && items(object, "/spec/finalizers") == [json!("kubernetes")] {
        cluster.modify(key, |object| set(object, "/spec/finalizers", json!([])));
    }
}

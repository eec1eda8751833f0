//! The garbage collector: the dependents of deleted objects, with background, foreground and orphan
//! propagation.

use serde_json::Value;

use crate::api::delete::{Propagation, dependents, remove};
use crate::cluster::Cluster;
use crate::json::{has_text, items, remove as take, remove_text, set, text};
use crate::store::Key;

/// The finalizer of an object whose dependents stay.
pub(crate) const ORPHAN: &str = "orphan";
/// The finalizer of an object that is removed after its dependents.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// Deletes dependents without any owner left, and releases owners without any dependent left.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    let ownerless: Vec<Key> = cluster
        .store
        .owned()
        .filter(|(_, object)| {
            let owners = items(object, "/metadata/ownerReferences");
            !owners.is_empty()
                && object.pointer("/metadata/deletionTimestamp").is_none()
                && owners
                    .iter()
                    .all(|owner| !cluster.store.has_uid(text(owner, "/uid")))
        })
        .map(|(key, _)| key.clone())
        .collect();
    for key in ownerless {
        remove(cluster, &key, Propagation::Background, None);
    }
    for (owner, uid) in held_by(cluster, ORPHAN) {
        orphan_dependents(cluster, &uid);
        cluster.modify(&owner, |object| {
            remove_text(object, "/metadata/finalizers", ORPHAN);
        });
    }
    for (owner, uid) in held_by(cluster, FOREGROUND) {
        let owned = dependents(cluster, &uid);
        if owned.is_empty() {
            cluster.modify(&owner, |object| {
                remove_text(object, "/metadata/finalizers", FOREGROUND);
            });
        }
        for key in owned {
            let fresh = cluster
                .store
                .get(&key)
                .is_some_and(|object| object.pointer("/metadata/deletionTimestamp").is_none());
            if fresh {
                remove(cluster, &key, Propagation::Background, None);
            }
        }
    }
}

fn held_by(cluster: &Cluster, finalizer: &str) -> Vec<(Key, String)> {
    cluster
        .store
        .marked()
        .filter(|(_, object)| has_text(object, "/metadata/finalizers", finalizer))
        .map(|(key, object)| (key.clone(), text(object, "/metadata/uid").to_owned()))
        .collect()
}

fn orphan_dependents(cluster: &mut Cluster, uid: &str) {
    for key in dependents(cluster, uid) {
        cluster.modify(&key, |object| {
            let owners: Vec<Value> = items(object, "/metadata/ownerReferences")
                .iter()
                .filter(|owner| text(owner, "/uid") != uid)
                .cloned()
                .collect();
            if owners.is_empty() {
                take(object, "/metadata/ownerReferences");
            } else {
                set(object, "/metadata/ownerReferences", owners);
            }
        });
    }
}

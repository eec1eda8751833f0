//! The garbage collector: dependents of what is gone, and of what waits for them to go.

use crate::cluster::Cluster;
use crate::delete::{Propagation, dependents, remove};
use crate::json::{has_text, items, remove_text, text};
use crate::store::Key;

/// Deletes dependents whose owners are all gone; lets owners go whose dependents are.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    let ownerless: Vec<Key> = cluster
        .store
        .all()
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
    let waiting: Vec<(Key, String)> = cluster
        .store
        .all()
        .filter(|(_, object)| has_text(object, "/metadata/finalizers", "foregroundDeletion"))
        .map(|(key, object)| (key.clone(), text(object, "/metadata/uid").to_owned()))
        .collect();
    for (owner, uid) in waiting {
        let owned = dependents(cluster, &uid);
        if owned.is_empty() {
            cluster.modify(&owner, |object| {
                remove_text(object, "/metadata/finalizers", "foregroundDeletion");
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

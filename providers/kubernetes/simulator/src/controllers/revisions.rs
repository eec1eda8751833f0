//! Controller revisions: the pod templates that a stateful set or daemon set has had, for updates and undoing them.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::controllers::workload::{owned, reference};
use crate::json::{number, set, text};
use crate::store::Key;
use crate::store::types::Type;

/// The label of a pod that names its revision.
pub(crate) const HASH: &str = "controller-revision-hash";
const REVISIONS: &str = "controllerrevisions.apps";
/// How many revisions that no pod has are kept if the owner does not say.
const KEPT: i64 = 10;

/// The name of the revision of an object's pod template as it is now; it is the newest from now on.
pub(crate) fn current(cluster: &mut Cluster, owner: &Key, object: &Value) -> String {
    let data = patch_of(object);
    let all = of(cluster, owner, object);
    let newest = all.iter().map(|(_, revision)| revision_of(revision)).max();
    let newest = newest.unwrap_or(0);
    let same = all.iter().find(|(_, revision)| revision["data"] == data);
    if let Some((key, revision)) = same {
        if revision_of(revision) < newest {
            cluster.modify(key, |revision| set(revision, "/revision", newest + 1));
        }
        return key.name.clone();
    }
    let hash = cluster.ids.letters(10).to_lowercase();
    let mut labels = object
        .pointer("/spec/template/metadata/labels")
        .cloned()
        .unwrap_or_else(|| json!({}));
    set(&mut labels, &format!("/{HASH}"), hash.clone());
    let revision = json!({
        "metadata": {
            "name": format!("{}-{hash}", owner.name), "labels": labels,
            "ownerReferences": [reference(object)],
        },
        "data": data, "revision": newest + 1,
    });
    let key = cluster.add(Type::of(REVISIONS), &owner.namespace, revision);
    key.name
}

/// What `kubectl rollout undo` patches its object with.
fn patch_of(object: &Value) -> Value {
    let mut template = object["spec"]["template"].clone();
    set(&mut template, "/$patch", "replace");
    json!({"spec": {"template": template}})
}

/// The pod template of a revision.
pub(crate) fn template(cluster: &Cluster, namespace: &str, name: &str) -> Option<Value> {
    let revision = cluster.store.get(&Key::new(REVISIONS, namespace, name))?;
    let mut template = revision.pointer("/data/spec/template")?.clone();
    crate::json::remove(&mut template, "/$patch");
    Some(template)
}

/// Removes the oldest revisions beyond the limit that no pod has.
pub(crate) fn clean(cluster: &mut Cluster, owner: &Key, object: &Value, used: &[String]) {
    let limit = number(object, "/spec/revisionHistoryLimit").unwrap_or(KEPT);
    let mut unused: Vec<(i64, Key)> = of(cluster, owner, object)
        .into_iter()
        .filter(|(key, _)| !used.contains(&key.name))
        .map(|(key, revision)| (revision_of(&revision), key))
        .collect();
    unused.sort();
    let surplus = unused
        .len()
        .saturating_sub(usize::try_from(limit).unwrap_or(0));
    for (_, key) in unused.into_iter().take(surplus) {
        cluster.store.remove(&key);
    }
}

fn of(cluster: &Cluster, owner: &Key, object: &Value) -> Vec<(Key, Value)> {
    let uid = text(object, "/metadata/uid");
    owned(cluster, REVISIONS, &owner.namespace, uid)
        .map(|(key, revision)| (key.clone(), revision.clone()))
        .collect()
}

fn revision_of(revision: &Value) -> i64 {
    number(revision, "/revision").unwrap_or(0)
}

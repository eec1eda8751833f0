//! Deleting: preconditions, propagation to dependents, and finalizers.
//!
//! Apart from the other verbs because controllers delete in the same way as clients do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::json::{add_text, number, set, text};
use crate::store::Key;
use crate::types::Type;

/// What happens to the dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Propagation {
    /// They are deleted after it.
    Background,
    /// They are deleted before it.
    Foreground,
    /// They stay.
    Orphan,
}

/// What a client asks of a deletion.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    propagation: Option<Propagation>,
    grace_seconds: Option<i64>,
    uid: Option<String>,
    version: Option<String>,
    dry: bool,
}

impl Options {
    /// Reads `DeleteOptions` from the body, and what the query says of it.
    pub(crate) fn of_request(
        body: &Value,
        query: &BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let asked = query
            .get("propagationPolicy")
            .map(String::as_str)
            .or_else(|| body.get("propagationPolicy")?.as_str());
        let propagation = match asked {
            None => None,
            Some("Background") => Some(Propagation::Background),
            Some("Foreground") => Some(Propagation::Foreground),
            Some("Orphan") => Some(Propagation::Orphan),
            Some(other) => {
                return Err(Failure::bad_request(format!(
                    "invalid propagationPolicy \"{other}\": \
                     supported values: \"Foreground\", \"Background\", \"Orphan\""
                )));
            }
        };
        let precondition =
            |name: &str| Some(body.get("preconditions")?.get(name)?.as_str()?.to_owned());
        Ok(Self {
            propagation,
            grace_seconds: query
                .get("gracePeriodSeconds")
                .and_then(|text| text.parse().ok())
                .or_else(|| number(body, "/gracePeriodSeconds")),
            uid: precondition("uid"),
            version: precondition("resourceVersion"),
            dry: query.contains_key("dryRun") || body.get("dryRun").is_some(),
        })
    }
}

/// Deletes for a client. Returns the body of the answer, and whether a warning belongs to it.
pub(crate) fn delete(
    cluster: &mut Cluster,
    of: &'static Type,
    key: &Key,
    options: &Options,
) -> Result<(Value, bool), Failure> {
    let object = cluster
        .store
        .get(key)
        .ok_or_else(|| Failure::not_found(of, &key.name))?
        .clone();
    let expect = |what: &str, wanted: &Option<String>, pointer: &str| match wanted {
        Some(wanted) if wanted != text(&object, pointer) => Err(Failure::conflict(
            of,
            &key.name,
            &format!(
                "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {}",
                text(&object, pointer)
            ),
        )),
        _ => Ok(()),
    };
    expect("UID", &options.uid, "/metadata/uid")?;
    expect(
        "ResourceVersion",
        &options.version,
        "/metadata/resourceVersion",
    )?;
    if of.id == "namespaces" && ["default", "kube-system", "kube-public"].contains(&&*key.name) {
        return Err(Failure::refused(
            of,
            &key.name,
            "this namespace may not be deleted",
            None,
        ));
    }
    // A job that is deleted without a word about its pods leaves them: documented, often a leak.
    let silent_job = of.id == "jobs.batch" && options.propagation.is_none();
    if options.dry {
        return Ok((object, silent_job));
    }
    let default = if silent_job {
        Propagation::Orphan
    } else {
        Propagation::Background
    };
    remove(
        cluster,
        key,
        options.propagation.unwrap_or(default),
        options.grace_seconds,
    );
    let answer = match cluster.store.get(key) {
        Some(remaining) => remaining.clone(),
        None if of.id == "pods" => object,
        None => json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {
                "name": key.name, "group": of.group, "kind": of.plural,
                "uid": object["metadata"]["uid"],
            },
        }),
    };
    Ok((answer, silent_job))
}

/// Deletes an object: at once when nothing holds it, else it is marked.
pub(crate) fn remove(
    cluster: &mut Cluster,
    key: &Key,
    propagation: Propagation,
    grace_seconds: Option<i64>,
) {
    let Some(object) = cluster.store.get(key) else {
        return;
    };
    let uid = text(object, "/metadata/uid").to_owned();
    if propagation == Propagation::Orphan {
        orphan_dependents(cluster, &uid);
    }
    let now = cluster.stamp();
    let pod = key.resource == "pods";
    cluster.modify(key, |object| {
        if propagation == Propagation::Foreground {
            add_text(object, "/metadata/finalizers", "foregroundDeletion");
        }
        if object.pointer("/metadata/deletionTimestamp").is_none() {
            set(object, "/metadata/deletionTimestamp", now);
            let own = number(object, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
            let grace = if pod { grace_seconds.unwrap_or(own) } else { 0 };
            set(object, "/metadata/deletionGracePeriodSeconds", grace);
        } else if pod && grace_seconds == Some(0) {
            set(object, "/metadata/deletionGracePeriodSeconds", 0);
        }
        if key.resource == "namespaces" {
            set(object, "/status/phase", "Terminating");
        }
    });
}

/// The objects that an object owns.
pub(crate) fn dependents(cluster: &Cluster, uid: &str) -> Vec<Key> {
    let owned = |object: &Value| {
        crate::json::items(object, "/metadata/ownerReferences")
            .iter()
            .any(|owner| text(owner, "/uid") == uid)
    };
    cluster
        .store
        .all()
        .filter(|(_, object)| owned(object))
        .map(|(key, _)| key.clone())
        .collect()
}

fn orphan_dependents(cluster: &mut Cluster, uid: &str) {
    for key in dependents(cluster, uid) {
        cluster.modify(&key, |object| {
            let owners: Vec<Value> = crate::json::items(object, "/metadata/ownerReferences")
                .iter()
                .filter(|owner| text(owner, "/uid") != uid)
                .cloned()
                .collect();
            if owners.is_empty() {
                crate::json::remove(object, "/metadata/ownerReferences");
            } else {
                set(object, "/metadata/ownerReferences", owners);
            }
        });
    }
}

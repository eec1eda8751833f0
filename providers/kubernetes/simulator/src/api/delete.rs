//! Deletion, by clients and controllers alike: preconditions, propagation to dependents, and finalizers.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::api::options;
use crate::cluster::Cluster;
use crate::controllers::garbage::{FOREGROUND, ORPHAN};
use crate::json::{add_text, number, set, text, time};
use crate::node::pod_status::finished;
use crate::store::Key;
use crate::store::types::Type;
use crate::wire::status::Failure;

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

/// The client's options of a deletion.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    propagation: Option<Propagation>,
    grace_seconds: Option<i64>,
    uid: Option<String>,
    version: Option<String>,
    dry: bool,
}

impl Options {
    /// Reads `DeleteOptions` from the body and the query.
    pub(crate) fn of_request(
        body: &Value,
        query: &BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let refuse = |field: &str, what: String| {
            Failure::invalid_options("DeleteOptions", &[(field.to_owned(), what)])
        };
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
                let known = r#""Foreground", "Background", "Orphan", "nil""#;
                let what = format!("Unsupported value: \"{other}\": supported values: {known}");
                return Err(refuse("propagationPolicy", what));
            }
        };
        let dry = options::dry_deletion(body, query)
            .map_err(|error| refuse("dryRun", error.to_string()))?;
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
            dry,
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
    let expect = |what: &str, wanted: &Option<String>, pointer: &str, why: &str| {
        let there = text(&object, pointer);
        match wanted {
            Some(wanted) if wanted != there => Err(Failure::precondition(
                of,
                &key.name,
                &format!(
                    "the {what} in the precondition ({wanted}) does not match the {what} in record \
                     ({there}). The object might have been {why}"
                ),
            )),
            _ => Ok(()),
        }
    };
    let again = "deleted and then recreated";
    expect("UID", &options.uid, "/metadata/uid", again)?;
    let version = "/metadata/resourceVersion";
    expect("ResourceVersion", &options.version, version, "modified")?;
    if of.id == "namespaces" && ["default", "kube-system", "kube-public"].contains(&&*key.name) {
        return Err(Failure::refused(
            of,
            &key.name,
            "this namespace may not be deleted",
        ));
    }
    // A job that is deleted without a propagation policy leaves its pods: documented, and often a leak.
    let silent_job = of.id == "jobs.batch" && options.propagation.is_none();
    let default = if silent_job {
        Propagation::Orphan
    } else {
        Propagation::Background
    };
    if !options.dry {
        let propagation = options.propagation.unwrap_or(default);
        remove(cluster, key, propagation, options.grace_seconds);
    }
    let answer = match cluster.store.get(key) {
        Some(remaining) if !options.dry => remaining.clone(),
        _ if of.id == "pods" => marked(object, &cluster.stamp()),
        _ => gone(of, &object),
    };
    Ok((answer, silent_job))
}

/// The answer about a pod that is removed immediately.
fn marked(mut pod: Value, now: &str) -> Value {
    set(&mut pod, "/metadata/deletionTimestamp", now);
    set(&mut pod, "/metadata/deletionGracePeriodSeconds", 0);
    pod
}

/// The answer about an object that is gone.
fn gone(of: &Type, object: &Value) -> Value {
    let mut details = json!({
        "name": object["metadata"]["name"], "kind": of.plural, "uid": object["metadata"]["uid"],
    });
    if !of.group.is_empty() {
        details["group"] = of.group.into();
    }
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details,
    })
}

/// Deletes an object: immediately if nothing holds it; otherwise it is marked.
pub(crate) fn remove(
    cluster: &mut Cluster,
    key: &Key,
    propagation: Propagation,
    grace_seconds: Option<i64>,
) {
    let Some(object) = cluster.store.get(key) else {
        return;
    };
    let own = number(object, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
    // Only a pod that may still run gets time to stop.
    let runs =
        key.resource == "pods" && !finished(object) && !text(object, "/spec/nodeName").is_empty();
    let grace = if runs {
        grace_seconds.unwrap_or(own)
    } else {
        0
    };
    let end = cluster.now.checked_add(SignedDuration::from_secs(grace));
    let end = time(end.unwrap_or(cluster.now));
    let space = key.resource == "namespaces";
    cluster.modify(key, |object| {
        match propagation {
            Propagation::Foreground => add_text(object, "/metadata/finalizers", FOREGROUND),
            Propagation::Orphan => add_text(object, "/metadata/finalizers", ORPHAN),
            Propagation::Background => {}
        }
        if object.pointer("/metadata/deletionTimestamp").is_none() {
            set(object, "/metadata/deletionTimestamp", end);
            if !space {
                set(object, "/metadata/deletionGracePeriodSeconds", grace);
            }
        } else if runs && grace_seconds == Some(0) {
            set(object, "/metadata/deletionGracePeriodSeconds", 0);
        }
        if space {
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
        .owned()
        .filter(|(_, object)| owned(object))
        .map(|(key, _)| key.clone())
        .collect()
}

//! Watching: the changes after a resource version, as lines of JSON.
//!
//! A watch is answered as soon as there is something to say, and then ends: a client asks on from
//! the last version that it saw, as it must with a real server too.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::cloud::Reply;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::failure::{Failure, response};
use crate::json::set;
use crate::list::{Form, form, shown};
use crate::route::Target;
use crate::selectors::Selector;

/// How often a watch that has nothing to say is asked again.
const STEP: Duration = Duration::from_secs(1);
/// Longest time that a watch is held open, seconds, whatever the client asks for: an answer comes
/// as a whole here, so that a client which waits for its first byte could not stop (kubectl).
const HOLD_MAX: i64 = 10;
/// A watch that was not asked for so long has been given up by its client.
const FORGOTTEN: SignedDuration = SignedDuration::from_secs(5);

/// The watches that are held open: by what they ask for, since when and when last asked.
#[derive(Debug, Default)]
pub(crate) struct Held {
    since: BTreeMap<String, (Timestamp, Timestamp)>,
}

/// Answers a watch, or holds it.
pub(crate) fn watch(
    cluster: &Cluster,
    held: &mut Held,
    target: &Target,
    request: &Request<Bytes>,
    query: &BTreeMap<String, String>,
) -> Result<Reply, Failure> {
    let selector = Selector::of_query(target.of, query)?;
    let form = form(request, query)?;
    let of = |name: &str| query.get(name).map_or("", String::as_str);
    let asked = of("resourceVersion");
    let bookmarks = of("allowWatchBookmarks") == "true";
    let initial = of("sendInitialEvents") == "true";
    if initial && of("resourceVersionMatch") != "NotOlderThan" {
        let what = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to \
                    NotOlderThan";
        let problems = [("resourceVersionMatch".to_owned(), what.to_owned())];
        return Err(Failure::invalid_options("ListOptions", &problems));
    }
    let lines = if initial || asked.is_empty() || asked == "0" {
        current(cluster, target, form, &selector, initial && bookmarks)
    } else {
        let version: u64 = asked.parse().map_err(|_| {
            Failure::internal(format!(
                "resourceVersion: Invalid value: \"{asked}\": strconv.ParseUint: parsing \
                 \"{asked}\": invalid syntax"
            ))
        })?;
        if version < cluster.store.forgotten() {
            // Once a watch is understood, all that goes wrong is told in it.
            let failure = Failure::expired(version, cluster.store.forgotten());
            let text = format!("{}\n", line("ERROR", &failure.status()));
            return Ok(Reply::Now(response(200, "application/json", text)));
        }
        changes(cluster, target, form, &selector, version)
    };
    let id = request.uri().to_string();
    let (since, last) = held
        .since
        .get(&id)
        .copied()
        .unwrap_or((cluster.now, cluster.now));
    let since = if cluster.now.duration_since(last) > FORGOTTEN {
        cluster.now
    } else {
        since
    };
    let asked = query
        .get("timeoutSeconds")
        .and_then(|text| text.parse().ok());
    let limit = asked.unwrap_or(HOLD_MAX).min(HOLD_MAX);
    let over = cluster.now.duration_since(since).as_secs() >= limit;
    if lines.is_empty() && !over {
        held.since.insert(id, (since, cluster.now));
        return Ok(Reply::AskAgain(STEP));
    }
    held.since.remove(&id);
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    if bookmarks {
        let mark = bookmark(cluster, target, false);
        text.push_str(&mark.to_string());
        text.push('\n');
    }
    Ok(Reply::Now(response(200, "application/json", text)))
}

fn current(
    cluster: &Cluster,
    target: &Target,
    form: Form,
    selector: &Selector,
    initial: bool,
) -> Vec<Value> {
    let mut lines: Vec<Value> = cluster
        .store
        .of_type(target.of.id, target.namespace.as_deref())
        .filter(|(_, object)| selector.selects(object))
        .map(|(_, object)| line("ADDED", &shown(cluster, target, form, object)))
        .collect();
    if initial {
        lines.push(bookmark(cluster, target, true));
    }
    lines
}

fn changes(
    cluster: &Cluster,
    target: &Target,
    form: Form,
    selector: &Selector,
    version: u64,
) -> Vec<Value> {
    cluster
        .store
        .changes_after(version)
        .filter(|change| change.key.resource == target.of.id)
        .filter(|change| {
            target
                .namespace
                .as_ref()
                .is_none_or(|wanted| change.key.namespace == *wanted)
        })
        .filter_map(|change| {
            let before = change
                .before
                .as_ref()
                .filter(|object| selector.selects(object));
            let after = change
                .after
                .as_ref()
                .filter(|object| selector.selects(object));
            // What no longer fits the selector is gone for this watch.
            let (what, object) = match (before, after) {
                (None, None) => return None,
                (None, Some(after)) => ("ADDED", after),
                (Some(_), Some(after)) => ("MODIFIED", after),
                (Some(before), None) => {
                    let mut last = before.clone();
                    let version = change.version.to_string();
                    set(&mut last, "/metadata/resourceVersion", version);
                    return Some(line("DELETED", &shown(cluster, target, form, &last)));
                }
            };
            Some(line(what, &shown(cluster, target, form, object)))
        })
        .collect()
}

fn line(what: &str, object: &Value) -> Value {
    json!({"type": what, "object": object})
}

fn bookmark(cluster: &Cluster, target: &Target, initial: bool) -> Value {
    let mut object = json!({
        "kind": target.of.kind, "apiVersion": target.of.api_version(),
        "metadata": {"resourceVersion": cluster.store.version().to_string()},
    });
    if initial {
        object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    line("BOOKMARK", &object)
}

//! Watching: the changes after a resource version, as lines of JSON.
//!
//! In memory, a watch is answered as soon as there is an event, and then ends; the client continues from the
//! last version that it saw, as it must with a real server too. Over a socket it stays open and sends each
//! change as it happens, until the timeout that the client asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::cloud::{InParts, NextPart, Reply};
use serde_json::{Value, json};

use crate::api::list::{Form, form, shown};
use crate::api::route::Target;
use crate::api::selectors::Selector;
use crate::cluster::Cluster;
use crate::json::set;
use crate::wire::status::{Failure, response};

/// The media type of lines of JSON.
const MEDIA: &str = "application/json";
/// How often a held watch checks for events.
const STEP: Duration = Duration::from_secs(1);
/// The longest time that an in-memory watch is held open, in seconds, whatever the client asks for: the answer
/// arrives as a whole, and a client that waits for its first byte (kubectl) could not stop.
const HOLD_MAX: i64 = 10;
/// The longest time that a watch over a socket stays open, in seconds; a real server chooses 30 to 60 minutes.
const PARTS_MAX: i64 = 1800;
/// How often a watch over a socket checks for changes.
pub(crate) const PARTS_STEP: Duration = Duration::from_millis(250);
/// A watch that its client has not polled for this long is abandoned.
const FORGOTTEN: SignedDuration = SignedDuration::from_secs(5);

/// The watches that are held open, by request: since when, and when they were last polled.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldWatches {
    since: BTreeMap<String, (Timestamp, Timestamp)>,
}

/// Answers a watch, or holds it.
pub(crate) fn watch(
    cluster: &Cluster,
    held: &mut HeldWatches,
    target: &Target,
    request: &Request<Bytes>,
    query: &BTreeMap<String, String>,
) -> Result<Reply, Failure> {
    let asked = WatchRequest::of(target, request, query)?;
    if let Some(parts) = request.extensions().get::<InParts>() {
        return Ok(in_parts(cluster, &asked, query, parts));
    }
    let lines = match asked.first(cluster) {
        Ok(lines) => lines,
        Err(error) => return Ok(Reply::Now(response(200, MEDIA, as_text(&[error])))),
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
    let limit = time_limit(query).unwrap_or(HOLD_MAX).min(HOLD_MAX);
    let over = cluster.now.duration_since(since).as_secs() >= limit;
    if lines.is_empty() && !over {
        held.since.insert(id, (since, cluster.now));
        return Ok(Reply::AskAgain(STEP));
    }
    held.since.remove(&id);
    let mut text = as_text(&lines);
    if asked.bookmarks {
        text.push_str(&as_text(&[bookmark(cluster, target, false)]));
    }
    Ok(Reply::Now(response(200, MEDIA, text)))
}

/// What a watch asks for.
struct WatchRequest<'a> {
    target: &'a Target,
    form: Form,
    selector: Selector,
    bookmarks: bool,
    initial: bool,
    /// The version to continue from; `None` asks for the current objects first.
    version: Option<u64>,
}

impl<'a> WatchRequest<'a> {
    fn of(
        target: &'a Target,
        request: &Request<Bytes>,
        query: &BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let selector = Selector::of_query(target.of, query)?;
        let form = form(request, query)?;
        let of = |name: &str| query.get(name).map_or("", String::as_str);
        let asked = of("resourceVersion");
        let bookmarks = of("allowWatchBookmarks") == "true";
        let initial = of("sendInitialEvents") == "true";
        if initial && of("resourceVersionMatch") != "NotOlderThan" {
            let what = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to \
                        NotOlderThan";
            let errors = [("resourceVersionMatch".to_owned(), what.to_owned())];
            return Err(Failure::invalid_options("ListOptions", &errors));
        }
        let version = if initial || asked.is_empty() || asked == "0" {
            None
        } else {
            let version = asked.parse().map_err(|_| {
                Failure::internal(format!(
                    "resourceVersion: Invalid value: \"{asked}\": strconv.ParseUint: parsing \
                     \"{asked}\": invalid syntax"
                ))
            })?;
            Some(version)
        };
        Ok(Self {
            target,
            form,
            selector,
            bookmarks,
            initial,
            version,
        })
    }

    /// The first events, or the ERROR event.
    fn first(&self, cluster: &Cluster) -> Result<Vec<Value>, Value> {
        let Some(version) = self.version else {
            let initial = self.initial && self.bookmarks;
            let (target, form) = (self.target, self.form);
            return Ok(current(cluster, target, form, &self.selector, initial));
        };
        self.after(cluster, version)
    }

    /// The events after a version. Once a watch has started, errors are events in it.
    fn after(&self, cluster: &Cluster, version: u64) -> Result<Vec<Value>, Value> {
        if version < cluster.store.forgotten() {
            let failure = Failure::expired(version, cluster.store.forgotten());
            return Err(line("ERROR", &failure.status()));
        }
        let (target, form) = (self.target, self.form);
        Ok(changes(cluster, target, form, &self.selector, version))
    }
}

/// One part of a watch. The cursor is the version that was seen and the second at which the watch ends.
fn in_parts(
    cluster: &Cluster,
    asked: &WatchRequest<'_>,
    query: &BTreeMap<String, String>,
    parts: &InParts,
) -> Reply {
    let now = cluster.now.as_second();
    let seen = parts.cursor.as_deref().and_then(read_cursor);
    let (lines, end) = match seen {
        None => {
            let limit = time_limit(query).filter(|limit| *limit > 0);
            let limit = limit.unwrap_or(PARTS_MAX).min(PARTS_MAX);
            (asked.first(cluster), now + limit)
        }
        Some((version, end)) => (asked.after(cluster, version), end),
    };
    let lines = match lines {
        Ok(lines) => lines,
        Err(error) => return Reply::Now(response(200, MEDIA, as_text(&[error]))),
    };
    let mut text = as_text(&lines);
    if now >= end {
        if asked.bookmarks {
            text.push_str(&as_text(&[bookmark(cluster, asked.target, false)]));
        }
        return Reply::Now(response(200, MEDIA, text));
    }
    let more = NextPart {
        cursor: format!("{} {end}", cluster.store.version()),
        after: PARTS_STEP,
    };
    let response = response(200, MEDIA, text);
    Reply::Part { response, more }
}

fn read_cursor(text: &str) -> Option<(u64, i64)> {
    let (version, end) = text.split_once(' ')?;
    Some((version.parse().ok()?, end.parse().ok()?))
}

fn time_limit(query: &BTreeMap<String, String>) -> Option<i64> {
    query.get("timeoutSeconds")?.parse().ok()
}

fn as_text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
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
            // An object that no longer matches the selector is deleted for this watch.
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

//! Watches: what happens after a version, and how a watch begins and ends.
//!
//! Source: the documentation of the API concepts (efficient detection of changes, watch bookmarks,
//! streaming lists). A server may end a watch at any time: the client continues from the last version that it saw.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::finding::{Finding, Outcome, hold, same};
use crate::test_namespace::{TestNamespace, items};

/// An event of a watch.
#[derive(Clone, Debug)]
struct Told {
    what: String,
    object: Value,
}

impl Told {
    fn is(&self, what: &str, name: &str) -> bool {
        self.what == what && self.object["metadata"]["name"] == name
    }

    fn version(&self) -> String {
        let version = &self.object["metadata"]["resourceVersion"];
        version.as_str().unwrap_or_default().to_owned()
    }
}

/// Watches once, and reads all events until the server ends the watch.
async fn watch(ns: &TestNamespace<'_>, query: &str) -> Outcome<Vec<Told>> {
    let answer = ns
        .get(&ns.core(&format!("configmaps?watch=true&{query}")))
        .await?;
    same(
        "the media type",
        answer.media().as_str(),
        "application/json",
    )?;
    let text = answer.text();
    same(&format!("the code ({text})"), answer.code, 200)?;
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let event: Value = serde_json::from_str(line)
                .map_err(|error| Finding::new(format!("an event is no JSON ({error}): {line}")))?;
            Ok(Told {
                what: event["type"].as_str().unwrap_or_default().to_owned(),
                object: event["object"].clone(),
            })
        })
        .collect()
}

/// Watches from a version until this many events have come, not counting bookmarks.
async fn watch_until(
    ns: &TestNamespace<'_>,
    query: &str,
    version: &str,
    count: usize,
) -> Outcome<Vec<Told>> {
    let start = Instant::now();
    let mut all: Vec<Told> = Vec::new();
    let mut version = version.to_owned();
    while all.len() < count {
        let query = format!("{query}&resourceVersion={version}&timeoutSeconds=3");
        let told = watch(ns, &query).await?;
        all.extend(told.into_iter().filter(|event| event.what != "BOOKMARK"));
        if let Some(last) = all.last() {
            version = last.version();
        }
        if start.elapsed() >= ns.target.limit {
            return Err(Finding::new(format!("only this was told: {all:?}")));
        }
    }
    Ok(all)
}

/// The newest version of all maps.
async fn version(ns: &TestNamespace<'_>) -> Outcome<String> {
    // The config map that every new namespace gets must not appear late in a watch.
    let root = ns.core("configmaps/kube-root-ca.crt");
    ns.wait("the certificate authority", &root, |_| true)
        .await?;
    let list = ns.get(&ns.core("configmaps")).await?.expect(200)?;
    let version = list["metadata"]["resourceVersion"].as_str();
    Ok(version.unwrap_or_default().to_owned())
}

pub(super) async fn a_watch_reports_what_happened_after_its_version(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let begin = version(ns).await?;
    let made = ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let changed = ns
        .merge(&path, &json!({"data": {"a": "2"}}))
        .await?
        .expect(200)?;
    // A write that changes nothing is not an event.
    ns.merge(&path, &json!({"data": {"a": "2"}}))
        .await?
        .expect(200)?;
    ns.delete(&path, &Value::Null).await?.expect(200)?;
    let told = watch_until(ns, "", &begin, 3).await?;
    same("the number of events", told.len(), 3)?;
    for (event, what) in told.iter().zip(["ADDED", "MODIFIED", "DELETED"]) {
        hold(event.is(what, "m"), || {
            format!("{what} is not in its place: {told:?}")
        })?;
    }
    same("what was added", &told[0].object, &made)?;
    same("what was changed", &told[1].object, &changed)?;
    same(
        "the last data of what was deleted",
        &told[2].object["data"],
        &changed["data"],
    )?;
    let numbers: Vec<u64> = told
        .iter()
        .filter_map(|event| event.version().parse().ok())
        .collect();
    hold(
        numbers.len() == 3 && numbers.is_sorted_by(|one, other| one < other),
        || format!("the versions do not grow: {numbers:?}"),
    )?;
    // From the middle on there is only the rest.
    let rest = watch_until(ns, "", &told[1].version(), 1).await?;
    hold(rest.len() == 1 && rest[0].is("DELETED", "m"), || {
        format!("the rest is {rest:?}")
    })
}

pub(super) async fn a_watch_without_events_ends_in_time(ns: &TestNamespace<'_>) -> Outcome {
    let begin = version(ns).await?;
    let start = Instant::now();
    let told = watch(ns, &format!("resourceVersion={begin}&timeoutSeconds=3")).await?;
    same("the number of events", told.len(), 0)?;
    let seconds = start.elapsed();
    let in_time = seconds >= Duration::from_millis(2500) && seconds < Duration::from_secs(8);
    hold(in_time, || format!("it ended after {seconds:?}"))
}

pub(super) async fn a_watch_without_a_version_begins_with_what_is_there(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let map = ns.map("m", "1").await?;
    for query in ["", "resourceVersion=0&"] {
        let query = format!("{query}fieldSelector=metadata.name%3Dm&timeoutSeconds=2");
        let told = watch(ns, &query).await?;
        hold(told.len() == 1 && told[0].is("ADDED", "m"), || {
            format!("it begins with {told:?}")
        })?;
        same("what is there", &told[0].object, &map)?;
    }
    Ok(())
}

pub(super) async fn a_watch_of_a_selection_adds_and_deletes_what_comes_and_goes(
    ns: &TestNamespace<'_>,
) -> Outcome {
    let begin = version(ns).await?;
    ns.map("m", "1").await?;
    let path = ns.core("configmaps/m");
    let mut last = Value::Null;
    for label in ["blue", "green", "blue"] {
        let change = json!({"metadata": {"labels": {"color": label}}});
        last = ns.merge(&path, &change).await?.expect(200)?;
    }
    ns.merge(&path, &json!({"data": {"a": "2"}}))
        .await?
        .expect(200)?;
    let told = watch_until(ns, "labelSelector=color%3Dblue", &begin, 4).await?;
    for (event, what) in told.iter().zip(["ADDED", "DELETED", "ADDED", "MODIFIED"]) {
        hold(event.is(what, "m"), || {
            format!("{what} is not in its place: {told:?}")
        })?;
    }
    // An object that no longer matches is shown in its last matching state, with the version of the change.
    let color = &told[1].object["metadata"]["labels"]["color"];
    same("the label of what left", color, "blue")?;
    same("what came again", &told[2].object, &last)
}

pub(super) async fn a_streamed_list_ends_with_a_bookmark(ns: &TestNamespace<'_>) -> Outcome {
    ns.map("m", "1").await?;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true\
                 &timeoutSeconds=2";
    let told = watch(ns, query).await?;
    let list = ns.get(&ns.core("configmaps")).await?.expect(200)?;
    let is_end = |event: &Told| {
        let mark = "k8s.io/initial-events-end";
        event.what == "BOOKMARK" && event.object["metadata"]["annotations"][mark] == "true"
    };
    let end = told.iter().position(is_end);
    let end = end.ok_or_else(|| Finding::new(format!("no end bookmark in {told:?}")))?;
    let added: Vec<&Told> = told.iter().take(end).collect();
    hold(added.iter().all(|event| event.what == "ADDED"), || {
        format!("something else was told first: {told:?}")
    })?;
    same("the number of objects", added.len(), items(&list).len())?;
    let mark = &told[end].object;
    same("the kind of the bookmark", &mark["kind"], "ConfigMap")?;
    let number = told[end].version().parse::<u64>();
    hold(number.is_ok(), || {
        format!("the bookmark has no version: {mark}")
    })
}

pub(super) async fn a_streamed_list_must_say_how_new(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("configmaps?watch=true&sendInitialEvents=true&timeoutSeconds=1");
    let status = ns.get(&path).await?.refused(422, "Invalid")?;
    same(
        "the field",
        &status["details"]["causes"][0]["field"],
        "resourceVersionMatch",
    )
}

pub(super) async fn a_watch_from_an_old_version_reports_everything_or_expires(
    ns: &TestNamespace<'_>,
) -> Outcome {
    ns.map("m", "1").await?;
    let change = json!({"data": {"a": "2"}});
    ns.merge(&ns.core("configmaps/m"), &change)
        .await?
        .expect(200)?;
    // Version 1 is the cluster's first: the full history is kept, or forgotten.
    let query = "resourceVersion=1&fieldSelector=metadata.name%3Dm&timeoutSeconds=3";
    let told = watch(ns, query).await?;
    let first = told
        .first()
        .ok_or_else(|| Finding::new("nothing was told"))?;
    if first.what != "ERROR" {
        let both = told.len() == 2 && told[0].is("ADDED", "m") && told[1].is("MODIFIED", "m");
        return hold(both, || format!("something is left out: {told:?}"));
    }
    same("the number of events", told.len(), 1)?;
    let status = &first.object;
    same("the kind", &status["kind"], "Status")?;
    same("the reason", &status["reason"], "Expired")?;
    same("the code", &status["code"], 410)?;
    let message = status["message"].as_str().unwrap_or_default();
    hold(message.starts_with("too old resource version: 1 ("), || {
        format!("the message is {message}")
    })
}

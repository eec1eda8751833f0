//! Watches: what happens after a version, and how a watch begins and ends.
//!
//! Source: the documentation of the API concepts (efficient detection of changes, watch bookmarks,
//! streaming lists). A server may end a watch at any time: a client asks on from what it saw last.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::finding::{Finding, Outcome, hold, same};
use crate::place::{Place, items};

/// Something that a watch told.
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

/// Watches once, and reads all that was told until the server ended it.
async fn watch(place: &Place<'_>, query: &str) -> Outcome<Vec<Told>> {
    let answer = place
        .get(&place.core(&format!("configmaps?watch=true&{query}")))
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

/// Watches on from a version until so many things were told, bookmarks aside.
async fn watch_until(
    place: &Place<'_>,
    query: &str,
    version: &str,
    count: usize,
) -> Outcome<Vec<Told>> {
    let start = Instant::now();
    let mut all: Vec<Told> = Vec::new();
    let mut version = version.to_owned();
    while all.len() < count {
        let query = format!("{query}&resourceVersion={version}&timeoutSeconds=3");
        let told = watch(place, &query).await?;
        all.extend(told.into_iter().filter(|event| event.what != "BOOKMARK"));
        if let Some(last) = all.last() {
            version = last.version();
        }
        if start.elapsed() >= place.arm.limit {
            return Err(Finding::new(format!("only this was told: {all:?}")));
        }
    }
    Ok(all)
}

/// The newest version of all maps.
async fn version(place: &Place<'_>) -> Outcome<String> {
    // What every new name space gets must not come late into a watch.
    let root = place.core("configmaps/kube-root-ca.crt");
    place
        .wait("the certificate authority", &root, |_| true)
        .await?;
    let list = place.get(&place.core("configmaps")).await?.expect(200)?;
    let version = list["metadata"]["resourceVersion"].as_str();
    Ok(version.unwrap_or_default().to_owned())
}

pub(super) async fn a_watch_tells_what_happened_after_its_version(place: &Place<'_>) -> Outcome {
    let begin = version(place).await?;
    let made = place.map("m", "1").await?;
    let path = place.core("configmaps/m");
    let changed = place
        .merge(&path, &json!({"data": {"a": "2"}}))
        .await?
        .expect(200)?;
    // A write that changes nothing is not told.
    place
        .merge(&path, &json!({"data": {"a": "2"}}))
        .await?
        .expect(200)?;
    place.delete(&path, &Value::Null).await?.expect(200)?;
    let told = watch_until(place, "", &begin, 3).await?;
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
    let rest = watch_until(place, "", &told[1].version(), 1).await?;
    hold(rest.len() == 1 && rest[0].is("DELETED", "m"), || {
        format!("the rest is {rest:?}")
    })
}

pub(super) async fn a_watch_with_nothing_to_tell_ends_in_time(place: &Place<'_>) -> Outcome {
    let begin = version(place).await?;
    let start = Instant::now();
    let told = watch(place, &format!("resourceVersion={begin}&timeoutSeconds=3")).await?;
    same("the number of events", told.len(), 0)?;
    let seconds = start.elapsed();
    let in_time = seconds >= Duration::from_millis(2500) && seconds < Duration::from_secs(8);
    hold(in_time, || format!("it ended after {seconds:?}"))
}

pub(super) async fn a_watch_without_a_version_begins_with_what_is_there(
    place: &Place<'_>,
) -> Outcome {
    let map = place.map("m", "1").await?;
    for query in ["", "resourceVersion=0&"] {
        let query = format!("{query}fieldSelector=metadata.name%3Dm&timeoutSeconds=2");
        let told = watch(place, &query).await?;
        hold(told.len() == 1 && told[0].is("ADDED", "m"), || {
            format!("it begins with {told:?}")
        })?;
        same("what is there", &told[0].object, &map)?;
    }
    Ok(())
}

pub(super) async fn a_watch_of_a_selection_adds_and_deletes_what_comes_and_goes(
    place: &Place<'_>,
) -> Outcome {
    let begin = version(place).await?;
    place.map("m", "1").await?;
    let path = place.core("configmaps/m");
    let mut last = Value::Null;
    for label in ["blue", "green", "blue"] {
        let change = json!({"metadata": {"labels": {"color": label}}});
        last = place.merge(&path, &change).await?.expect(200)?;
    }
    place
        .merge(&path, &json!({"data": {"a": "2"}}))
        .await?
        .expect(200)?;
    let told = watch_until(place, "labelSelector=color%3Dblue", &begin, 4).await?;
    for (event, what) in told.iter().zip(["ADDED", "DELETED", "ADDED", "MODIFIED"]) {
        hold(event.is(what, "m"), || {
            format!("{what} is not in its place: {told:?}")
        })?;
    }
    // What no longer fits is shown as it was when it did, under the version of its leaving.
    let color = &told[1].object["metadata"]["labels"]["color"];
    same("the label of what left", color, "blue")?;
    same("what came again", &told[2].object, &last)
}

pub(super) async fn a_streamed_list_ends_with_a_bookmark(place: &Place<'_>) -> Outcome {
    place.map("m", "1").await?;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true\
                 &timeoutSeconds=2";
    let told = watch(place, query).await?;
    let list = place.get(&place.core("configmaps")).await?.expect(200)?;
    let is_end = |event: &Told| {
        let mark = "k8s.io/initial-events-end";
        event.what == "BOOKMARK" && event.object["metadata"]["annotations"][mark] == "true"
    };
    let end = told.iter().position(is_end);
    let end = end.ok_or_else(|| Finding::new(format!("there is no end in {told:?}")))?;
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

pub(super) async fn a_streamed_list_must_say_how_new(place: &Place<'_>) -> Outcome {
    let path = place.core("configmaps?watch=true&sendInitialEvents=true&timeoutSeconds=1");
    let status = place.get(&path).await?.refused(422, "Invalid")?;
    same(
        "the field",
        &status["details"]["causes"][0]["field"],
        "resourceVersionMatch",
    )
}

pub(super) async fn a_watch_from_long_ago_tells_all_or_that_it_cannot(
    place: &Place<'_>,
) -> Outcome {
    place.map("m", "1").await?;
    let change = json!({"data": {"a": "2"}});
    place
        .merge(&place.core("configmaps/m"), &change)
        .await?
        .expect(200)?;
    // Version 1 is from the cluster's first moment: kept in full, or forgotten.
    let query = "resourceVersion=1&fieldSelector=metadata.name%3Dm&timeoutSeconds=3";
    let told = watch(place, query).await?;
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

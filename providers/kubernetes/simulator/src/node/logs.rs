//! The log of a pod's container.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_simkit::cloud::{InParts, NextPart, Reply};
use serde_json::Value;

use crate::api::route::Target;
use crate::api::watch::PARTS_STEP;
use crate::cluster::Cluster;
use crate::json::{items, text};
use crate::node::pod_status::{deleted, finished};
use crate::store::Key;
use crate::store::types::Type;
use crate::wire::status::{Failure, response};

/// Answers a request for a log. With `follow`, it is held until the container has ended; over a socket the
/// output is streamed.
pub(crate) fn log(
    cluster: &Cluster,
    target: &Target,
    query: &BTreeMap<String, String>,
    parts: Option<&InParts>,
) -> Result<Reply, Failure> {
    let name = target.name.as_deref().unwrap_or_default();
    let key = Key::new(
        "pods",
        target.namespace.as_deref().unwrap_or_default(),
        name,
    );
    let Some(pod) = cluster.store.get(&key) else {
        return match parts.and_then(|parts| parts.cursor.as_ref()) {
            None => Err(Failure::not_found(Type::of("pods"), name)),
            // The pod of the followed log is gone: the log has ended.
            Some(_) => Ok(part(String::new(), 0, false)),
        };
    };
    refuse_unknown(query)?;
    let tail = tail(query, name)?;
    let first = text(pod, "/spec/containers/0/name").to_owned();
    let container = query
        .get("container")
        .filter(|name| !name.is_empty())
        .unwrap_or(&first);
    if !items(pod, "/spec/containers")
        .iter()
        .any(|item| text(item, "/name") == container)
    {
        return Err(Failure::bad_request(format!(
            "container {container} is not valid for pod {name}"
        )));
    }
    let uid = text(pod, "/metadata/uid");
    // A pod without a node has no kubelet to ask.
    if text(pod, "/spec/nodeName").is_empty() {
        return Ok(Reply::Now(response(204, "text/plain", String::new())));
    }
    let Some(output) = cluster.logs.get(uid) else {
        return Err(waiting(pod, container, name));
    };
    let printed = output.until(cluster.now);
    let follow = query.get("follow").is_some_and(|value| value == "true");
    let goes_on = follow && !finished(pod) && !deleted(pod);
    if let Some(sent) = parts.and_then(|parts| parts.cursor.as_deref()) {
        // A restarted container has a log of its own.
        let sent = sent.parse().ok().filter(|sent| *sent <= printed.len());
        let rest = printed.get(sent.unwrap_or(0)..).unwrap_or_default();
        return Ok(part(rest.to_owned(), printed.len(), goes_on));
    }
    if goes_on && parts.is_none() {
        return Ok(Reply::AskAgain(Duration::from_secs(1)));
    }
    let length = printed.len();
    Ok(part(last_lines(printed, tail), length, goes_on))
}

/// The error for a container that has not started yet.
fn waiting(pod: &Value, container: &str, name: &str) -> Failure {
    let waiting = "/status/containerStatuses/0/state/waiting/reason";
    let reason = match text(pod, waiting) {
        "ErrImagePull" => "image can't be pulled",
        "ImagePullBackOff" => "trying and failing to pull image",
        other => other,
    };
    Failure::bad_request(format!(
        "container \"{container}\" in pod \"{name}\" is waiting to start: {reason}"
    ))
}

/// So many lines from the end; all if no number is given.
fn last_lines(printed: String, tail: Option<usize>) -> String {
    let Some(count) = tail else {
        return printed;
    };
    let lines: Vec<&str> = printed.split_inclusive('\n').collect();
    lines[lines.len().saturating_sub(count)..].concat()
}

/// Rejects options that are not simulated: ignoring them would return a different log.
fn refuse_unknown(query: &BTreeMap<String, String>) -> Result<(), Failure> {
    for option in [
        "sinceTime",
        "sinceSeconds",
        "limitBytes",
        "timestamps",
        "previous",
        "stream",
    ] {
        if query.get(option).is_some_and(|value| value != "false") {
            return Err(Failure::not_simulated(&format!("pods/log with {option}")));
        }
    }
    Ok(())
}

/// One part of the log; more may follow after this many printed bytes.
fn part(shown: String, printed: usize, goes_on: bool) -> Reply {
    let response = response(200, "text/plain", shown);
    if !goes_on {
        return Reply::Now(response);
    }
    let more = NextPart {
        cursor: printed.to_string(),
        after: PARTS_STEP,
    };
    Reply::Part { response, more }
}

/// How many of the last lines are requested.
fn tail(query: &BTreeMap<String, String>, pod: &str) -> Result<Option<usize>, Failure> {
    let Some(text) = query.get("tailLines") else {
        return Ok(None);
    };
    let lines: i64 = text.parse().map_err(|_| {
        Failure::bad_request(format!(
            "strconv.ParseInt: parsing \"{text}\": invalid syntax"
        ))
    })?;
    match usize::try_from(lines) {
        Ok(lines) => Ok(Some(lines)),
        Err(_) => {
            let what = format!("Invalid value: {lines}: must be greater than or equal to 0");
            let errors = [("tailLines".to_owned(), what)];
            Err(Failure::invalid_kind("PodLogOptions", "", pod, &errors))
        }
    }
}

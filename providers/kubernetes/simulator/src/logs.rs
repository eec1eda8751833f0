//! The log of a pod's container.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_simkit::cloud::Reply;

use crate::cluster::Cluster;
use crate::failure::{Failure, response};
use crate::json::{items, text};
use crate::pod_status::{deleted, finished};
use crate::route::Target;
use crate::store::Key;
use crate::types::Type;

/// Answers a request for a log. With `follow`, it is held until the container has ended.
pub(crate) fn log(
    cluster: &Cluster,
    target: &Target,
    query: &BTreeMap<String, String>,
) -> Result<Reply, Failure> {
    let name = target.name.as_deref().unwrap_or_default();
    let key = Key::new(
        "pods",
        target.namespace.as_deref().unwrap_or_default(),
        name,
    );
    let pod = cluster
        .store
        .get(&key)
        .ok_or_else(|| Failure::not_found(Type::of("pods"), name))?;
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
    let Some(printed) = cluster.logs.get(uid) else {
        let waiting = "/status/containerStatuses/0/state/waiting/reason";
        if text(pod, "/spec/nodeName").is_empty() {
            return Err(Failure::bad_request(format!(
                "pod {name} does not have a host assigned"
            )));
        }
        return Err(Failure::bad_request(format!(
            "container \"{container}\" in pod \"{name}\" is waiting to start: {}",
            text(pod, waiting)
        )));
    };
    let follow = query.get("follow").is_some_and(|value| value == "true");
    if follow && !finished(pod) && !deleted(pod) {
        return Ok(Reply::AskAgain(Duration::from_secs(1)));
    }
    let shown = match query
        .get("tailLines")
        .and_then(|text| text.parse::<usize>().ok())
    {
        None => printed.clone(),
        Some(count) => {
            let lines: Vec<&str> = printed.split_inclusive('\n').collect();
            lines[lines.len().saturating_sub(count)..].concat()
        }
    };
    Ok(Reply::Now(response(200, "text/plain", shown)))
}

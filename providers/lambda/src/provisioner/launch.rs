//! Launching the nodes: in one region with capacity, each name once, whatever happens to an answer.
//!
//! A launch has no idempotency token, so a lost answer is looked up before anything else: a machine that no one
//! knows of would be billed until someone notices.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{Session, network, ready, teardown};
use crate::api::Call;
use crate::api::error::{CallError, CallOutcome};
use crate::api::types::{Instance, LaunchResponse, NODE_TAG};
use crate::cloud_init;
use crate::cluster_ca::ClusterCa;

/// How long to look for the instance of a launch without an answer before repeating the launch: a request
/// that timed out may be applied half a minute later.
const LOOK_LIMIT: Duration = Duration::from_secs(120);
/// Between two listings.
const LIST_PAUSE: Duration = Duration::from_secs(10);
/// Most tries of one launch.
const TRIES: usize = 4;

/// The run's usable instances; its other instances are terminated first. If the authorities are new,
/// no earlier machine can be trusted.
pub(crate) async fn usable(session: &Session, is_new: bool) -> Result<Vec<Instance>, CallError> {
    let all = session.instances().await?;
    let server_lives = all
        .iter()
        .any(|one| one.is_node(session.run(), &session.node(0)) && one.is_live());
    let keep = |one: &Instance| one.is_live() && server_lives && !is_new;
    let (good, bad): (Vec<Instance>, Vec<Instance>) = all.into_iter().partition(keep);
    if !bad.is_empty() {
        teardown::terminate(session, &bad).await?;
    }
    Ok(good)
}

/// All nodes in one region: where some exist already, else in the first with capacity.
pub(crate) async fn somewhere(
    session: &Session,
    cluster_ca: &ClusterCa,
    usable: Vec<Instance>,
    listed: &[&str],
) -> Result<Vec<Instance>, CallError> {
    let wanted = session
        .spec
        .regions
        .0
        .iter()
        .map(|region| region.0.as_str());
    let regions: Vec<String> = match usable.first() {
        Some(one) => vec![one.region.name.clone()],
        None => wanted
            .filter(|region| listed.contains(region))
            .map(str::to_owned)
            .collect(),
    };
    let mut refusals = Vec::new();
    let mut there = usable;
    for region in &regions {
        match all_in(session, cluster_ca, region, std::mem::take(&mut there)).await {
            Err(error) if error.is_capacity() => {
                let progress = &session.api.connection().progress;
                progress.report(&format!("{region}: {error}"));
                if !session.defects.failover_keeps {
                    teardown::everything(session).await?;
                }
                refusals.push((region.clone(), error));
            }
            result => return result,
        }
    }
    let kind = &session.spec.instance_type.0;
    match refusals.pop() {
        Some((_, last)) => {
            let message = format!(
                "no capacity for {kind} in any of {}: {}",
                regions.join(", "),
                last.message
            );
            Err(CallError { message, ..last })
        }
        None => {
            let message = format!(
                "no capacity is listed for {kind} in any of the scenario's regions; listed: [{}]",
                listed.join(", ")
            );
            let suggestion = "Choose another instance type or region, or try again later.";
            Err(CallError {
                code: "instance-operations/launch/insufficient-capacity".to_owned(),
                suggestion: suggestion.to_owned(),
                ..CallError::internal("ListInstanceTypes", message)
            })
        }
    }
}

async fn all_in(
    session: &Session,
    cluster_ca: &ClusterCa,
    region: &str,
    there: Vec<Instance>,
) -> Result<Vec<Instance>, CallError> {
    network::ensure_key(session, cluster_ca).await?;
    let ruleset = network::ensure_ruleset(session, region).await?;
    if session.spec.filesystem {
        network::ensure_filesystem(session, region).await?;
    }
    let mut nodes: Vec<Instance> = Vec::new();
    for index in 0..session.spec.nodes() {
        let name = session.node(index);
        if let Some(one) = there.iter().find(|one| one.is_node(session.run(), &name)) {
            nodes.push(one.clone());
            continue;
        }
        let user_data = match nodes.first() {
            None => cloud_init::server(&session.spec, cluster_ca, &name),
            Some(server) => {
                let server = ready::addressed(session, &server.id).await?;
                let private_ip = server.private_ip.clone().unwrap_or_default();
                cloud_init::agent(&session.spec, cluster_ca, &name, &private_ip)
            }
        };
        let body = order(session, region, &name, &ruleset.id, &user_data);
        nodes.push(one(session, &name, &body).await?);
    }
    let mut addressed = Vec::new();
    for node in &nodes {
        addressed.push(ready::addressed(session, &node.id).await?);
    }
    network::let_nodes_talk(session, &ruleset, &addressed).await?;
    Ok(addressed)
}

fn order(session: &Session, region: &str, name: &str, ruleset: &str, user_data: &str) -> Value {
    let mut tags = session.run().tags();
    tags.insert(NODE_TAG.to_owned(), name.to_owned());
    let tags: Vec<Value> = tags
        .into_iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    let mut body = json!({
        "region_name": region, "instance_type_name": session.spec.instance_type.0,
        "ssh_key_names": [session.run().name("")], "name": name, "tags": tags,
        "user_data": user_data, "firewall_rulesets": [{"id": ruleset}],
    });
    if session.spec.filesystem {
        body["file_system_names"] = json!([session.run().name("fs")]);
    }
    body
}

/// The node of this name, launched once.
async fn one(session: &Session, name: &str, body: &Value) -> Result<Instance, CallError> {
    let call = Call {
        name: "LaunchInstance",
        method: &Method::POST,
        path: "/instance-operations/launch",
    };
    let mut last = CallError::internal(call.name, "not tried");
    for _ in 0..TRIES {
        match session.api.once::<LaunchResponse>(&call, Some(body)).await {
            Ok(launched) => return by_id(session, &launched).await,
            Err(error)
                if error.outcome == CallOutcome::Rejected
                    || error.outcome == CallOutcome::Internal =>
            {
                return Err(error);
            }
            Err(error) => last = error,
        }
        if session.defects.blind_launch {
            continue;
        }
        // A throttled request was not applied; one listing makes sure.
        let limit = if last.outcome == CallOutcome::RetryLater {
            Duration::ZERO
        } else {
            LOOK_LIMIT
        };
        if let Some(found) = find_node(session, name, limit).await? {
            return Ok(found);
        }
        tokio::time::sleep(last.retry_after.unwrap_or_default()).await;
    }
    Err(last)
}

async fn by_id(session: &Session, launched: &LaunchResponse) -> Result<Instance, CallError> {
    let [id] = launched.instance_ids.as_slice() else {
        let message = format!(
            "{} instances came, one was asked for",
            launched.instance_ids.len()
        );
        return Err(CallError::internal("LaunchInstance", message));
    };
    session
        .api
        .get("GetInstance", &format!("/instances/{id}"))
        .await
}

/// Looks for the node until it appears or the limit is over. Terminates its duplicates.
async fn find_node(
    session: &Session,
    name: &str,
    limit: Duration,
) -> Result<Option<Instance>, CallError> {
    let begun = tokio::time::Instant::now();
    loop {
        let all = session.instances().await?;
        let mut named = all
            .into_iter()
            .filter(|one| one.is_node(session.run(), name) && one.is_live());
        if let Some(first) = named.next() {
            let duplicates: Vec<Instance> = named.collect();
            if !duplicates.is_empty() {
                teardown::terminate(session, &duplicates).await?;
            }
            return Ok(Some(first));
        }
        if begun.elapsed() + LIST_PAUSE > limit {
            return Ok(None);
        }
        tokio::time::sleep(LIST_PAUSE).await;
    }
}

//! Launching the nodes: in one region with capacity, each name once, whatever becomes of an answer.
//!
//! Apart from the rest because a launch has no token: a lost answer is looked up before
//! anything else, and a machine that nobody knows of would bill until somebody notices.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{Session, network, ready, teardown};
use crate::api::Call;
use crate::api::problem::{Fate, Problem};
use crate::api::types::{Instance, Launched, NODE_TAG};
use crate::cloud_init;
use crate::trust::Trust;

/// How long a launch without an answer is looked for before it is repeated: a request that timed out
/// may be applied half a minute later.
const LOOK_LIMIT: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK_PAUSE: Duration = Duration::from_secs(10);
/// Most tries of one launch.
const TRIES: usize = 4;

/// The run's instances that can still serve; others of it are terminated first. With authorities that
/// were made just now no earlier machine can be trusted.
pub(crate) async fn usable(session: &Session, is_new: bool) -> Result<Vec<Instance>, Problem> {
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

/// All nodes in one region: where some are already, else in the first that has capacity.
pub(crate) async fn somewhere(
    session: &Session,
    trust: &Trust,
    usable: Vec<Instance>,
    listed: &[&str],
) -> Result<Vec<Instance>, Problem> {
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
        match all_in(session, trust, region, std::mem::take(&mut there)).await {
            Err(problem) if problem.is_capacity() => {
                let voice = &session.api.connection().voice;
                voice.say(&format!("{region}: {problem}"));
                if !session.wrong.failover_keeps {
                    teardown::everything(session).await?;
                }
                refusals.push((region.clone(), problem));
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
            Err(Problem { message, ..last })
        }
        None => {
            let message = format!(
                "no capacity is listed for {kind} in any of the scenario's regions; listed: [{}]",
                listed.join(", ")
            );
            let suggestion = "Choose another instance type or region, or try again later.";
            Err(Problem {
                code: "instance-operations/launch/insufficient-capacity".to_owned(),
                suggestion: suggestion.to_owned(),
                ..Problem::ours("ListInstanceTypes", message)
            })
        }
    }
}

async fn all_in(
    session: &Session,
    trust: &Trust,
    region: &str,
    there: Vec<Instance>,
) -> Result<Vec<Instance>, Problem> {
    network::ensure_key(session, trust).await?;
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
            None => cloud_init::server(&session.spec, trust, &name),
            Some(server) => {
                let server = ready::addressed(session, &server.id).await?;
                let private_ip = server.private_ip.clone().unwrap_or_default();
                cloud_init::agent(&session.spec, trust, &name, &private_ip)
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
async fn one(session: &Session, name: &str, body: &Value) -> Result<Instance, Problem> {
    let call = Call {
        name: "LaunchInstance",
        method: &Method::POST,
        path: "/instance-operations/launch",
    };
    let mut last = Problem::ours(call.name, "not tried");
    for _ in 0..TRIES {
        match session.api.once::<Launched>(&call, Some(body)).await {
            Ok(launched) => return by_id(session, &launched).await,
            Err(problem) if problem.fate == Fate::Refused || problem.fate == Fate::Ours => {
                return Err(problem);
            }
            Err(problem) => last = problem,
        }
        if session.wrong.blind_launch {
            continue;
        }
        // A refusal for haste says that nothing was applied; one look makes sure.
        let limit = if last.fate == Fate::Later {
            Duration::ZERO
        } else {
            LOOK_LIMIT
        };
        if let Some(found) = look(session, name, limit).await? {
            return Ok(found);
        }
        tokio::time::sleep(last.retry_after.unwrap_or_default()).await;
    }
    Err(last)
}

async fn by_id(session: &Session, launched: &Launched) -> Result<Instance, Problem> {
    let [id] = launched.instance_ids.as_slice() else {
        let message = format!(
            "{} instances came, one was asked for",
            launched.instance_ids.len()
        );
        return Err(Problem::ours("LaunchInstance", message));
    };
    session
        .api
        .get("GetInstance", &format!("/instances/{id}"))
        .await
}

/// Looks for the node until it shows or the limit is over. Twins of one node are terminated, but one.
async fn look(session: &Session, name: &str, limit: Duration) -> Result<Option<Instance>, Problem> {
    let begun = tokio::time::Instant::now();
    loop {
        let all = session.instances().await?;
        let mut named = all
            .into_iter()
            .filter(|one| one.is_node(session.run(), name) && one.is_live());
        if let Some(first) = named.next() {
            let twins: Vec<Instance> = named.collect();
            if !twins.is_empty() {
                teardown::terminate(session, &twins).await?;
            }
            return Ok(Some(first));
        }
        if begun.elapsed() + LOOK_PAUSE > limit {
            return Ok(None);
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

//! Launching the nodes: in one region with capacity, each name once, whatever happens to an answer.
//!
//! A launch has no idempotency token, so a lost answer is looked up before anything else: a machine that no one
//! knows of would be billed until someone notices.

use std::time::Duration;

use kubeproof_cloudkit::create::{LookupWindows, find_or_create, first_with_capacity};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use kubeproof_kubernetes::machines::ClusterCa;
use kubeproof_kubernetes::machines::cloud_init::{ASK_AMAZON, K3s};
use serde_json::{Value, json};

use super::{Work, network, ready, teardown};
use crate::api::NO_CAPACITY;
use crate::api::types::{Instance, LaunchResponse, NODE_TAG};

/// How long to look for the instance of a launch without an answer before repeating the launch: a request
/// that timed out may be applied half a minute later.
const WINDOWS: LookupWindows = LookupWindows {
    after_lost: Duration::from_secs(120),
    after_timeout: Duration::from_secs(120),
    every: Duration::from_secs(10),
    ..LookupWindows::DEFAULT
};

/// One of the run's usable instances, if it has any; its other instances are terminated first. If the authorities
/// are new, no earlier machine can be trusted.
pub(super) async fn usable(work: &Work, is_new: bool) -> Result<Option<Instance>, CallError> {
    let all = work.instances().await?;
    let server = work.node(0);
    let is_server = |one: &Instance| one.is_node(work.run(), &server) && one.is_live();
    let server_lives = all.iter().any(is_server);
    let keep = |one: &Instance| one.is_live() && server_lives && !is_new;
    let (good, bad): (Vec<Instance>, Vec<Instance>) = all.into_iter().partition(keep);
    teardown::terminate(work, bad.into_iter().map(|one| one.id).collect()).await?;
    Ok(good.into_iter().next())
}

/// All nodes in one region: where some exist already, else in the first with capacity.
pub(super) async fn somewhere(
    work: &Work,
    cluster_ca: &ClusterCa,
    usable: Option<&Instance>,
    listed: &[&str],
) -> Result<Vec<Instance>, CallError> {
    let mut regions = work.spec.regions();
    match usable {
        Some(one) => regions = vec![&one.region.name],
        None => regions.retain(|region| listed.contains(region)),
    }
    let make = |region| all_in(work, cluster_ca, region);
    let leave = |region, error| async move {
        work.report(&format!("{region}: {error}"));
        let stuck = teardown::everything(work).await;
        stuck.map_err(|error| CallError::state("change of region", error.message))
    };
    let kind = &work.spec.instance_type.0;
    let made = first_with_capacity(&regions, make, leave).await;
    made.map_err(|refusal| match refusal {
        Some(last) if last.cause == Cause::NoCapacity => {
            let (regions, said) = (regions.join(", "), &last.message);
            let message = format!("no capacity for {kind} in any of {regions}: {said}");
            CallError { message, ..last }
        }
        Some(other) => other,
        None => CallError {
            code: NO_CAPACITY.to_owned(),
            suggestion: "Choose another instance type or region, or try again later.".into(),
            ..CallError::state(
                "lambda:ListInstanceTypes",
                format!(
                    "no capacity is listed for {kind} in any of the scenario's regions; listed: [{}]",
                    listed.join(", ")
                ),
            )
        },
    })
}

async fn all_in(
    work: &Work,
    cluster_ca: &ClusterCa,
    region: &str,
) -> Result<Vec<Instance>, CallError> {
    network::ensure_key(work, cluster_ca).await?;
    let ruleset = network::ensure_ruleset(work, region).await?;
    if work.spec.filesystem {
        network::ensure_filesystem(work, region).await?;
    }
    let k3s = K3s {
        version: &work.spec.kubernetes_version.0,
        with_gpus: work.spec.gpus() > 0,
        address_from: ASK_AMAZON,
    };
    let mut nodes: Vec<Instance> = Vec::new();
    for index in 0..work.spec.nodes() {
        let name = work.node(index);
        let user_data = match nodes.first() {
            None => k3s.server(cluster_ca, &name),
            Some(server) => {
                let private_ip = server.private_ip.as_deref().unwrap_or_default();
                k3s.agent(cluster_ca, &name, private_ip)
            }
        };
        let body = order(work, region, &name, &ruleset.id, &user_data);
        let node = find_or_create(
            work.session(),
            WINDOWS,
            || find_node(work, &name),
            || launch(work, &body),
        )
        .await?;
        nodes.push(ready::addressed(work, &node.id).await?);
    }
    network::let_nodes_talk(work, &ruleset, &nodes).await?;
    Ok(nodes)
}

fn order(work: &Work, region: &str, name: &str, ruleset: &str, user_data: &str) -> Value {
    let mut tags = work.run().tags();
    tags.insert(NODE_TAG.to_owned(), name.to_owned());
    let tags: Vec<Value> = tags
        .into_iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    let mut body = json!({
        "region_name": region, "instance_type_name": work.spec.instance_type.0,
        "ssh_key_names": [work.run().name("")], "name": name, "tags": tags,
        "user_data": user_data, "firewall_rulesets": [{"id": ruleset}],
    });
    if work.spec.filesystem {
        body["file_system_names"] = json!([work.run().name("fs")]);
    }
    body
}

async fn launch(work: &Work, body: &Value) -> Result<Instance, CallError> {
    let call = RestCall::new("LaunchInstance", &[]).with_body(body);
    let launched: LaunchResponse = work.api.call(RetryPolicy::ONCE, call).await?;
    let [id] = launched.instance_ids.as_slice() else {
        let count = launched.instance_ids.len();
        let message = format!("{count} instances came, one was asked for");
        return Err(CallError::state("lambda:LaunchInstance", message));
    };
    work.api.get("GetInstance", &[id]).await
}

/// The live node of this name. Its duplicates are terminated.
async fn find_node(work: &Work, name: &str) -> Result<Option<Instance>, CallError> {
    let all = work.instances().await?;
    let is_it = |one: &Instance| one.is_node(work.run(), name) && one.is_live();
    let mut named = all.into_iter().filter(is_it);
    let first = named.next();
    teardown::terminate(work, named.map(|one| one.id).collect()).await?;
    Ok(first)
}

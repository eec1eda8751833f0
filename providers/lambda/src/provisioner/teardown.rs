//! Teardown: everything of the run, found by tag and name, in dependency order.

use std::time::Duration;

use http::Method;
use kubeproof_contract::provisioner::UNKNOWN_LEFT;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Session;
use crate::api::error::CallError;
use crate::api::types::{EmptyResponse, Filesystem, Instance, Ruleset, SshKey, is_name_of};
use crate::api::{Api, Call};
use crate::cluster_ca;

/// Between two checks.
const PAUSE: Duration = Duration::from_secs(10);
/// How long terminating may take: one to three minutes is typical.
const GONE_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How long something may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_secs(5 * 60);
/// Most rounds of termination requests.
const ROUNDS: usize = 4;

/// Removes everything of the run. A second call finds nothing and changes nothing.
pub(crate) async fn everything(session: &Session) -> Result<(), CallError> {
    if !session.defects.ids_from_nowhere {
        let mine = session.instances().await?;
        terminate(session, &mine).await?;
    }
    let (api, run) = (&session.api, session.run());
    let rulesets: Vec<Ruleset> = api
        .get("ListFirewallRulesets", "/firewall-rulesets")
        .await?;
    for one in rulesets.iter().filter(|one| is_name_of(run, &one.name)) {
        delete(api, "firewall_ruleset", &one.id).await?;
    }
    let filesystems: Vec<Filesystem> = api.get("ListFileSystems", "/file-systems").await?;
    for one in filesystems.iter().filter(|one| is_name_of(run, &one.name)) {
        delete(api, "filesystem", &one.id).await?;
    }
    let keys: Vec<SshKey> = api.get("ListSshKeys", "/ssh-keys").await?;
    for one in keys.iter().filter(|one| is_name_of(run, &one.name)) {
        let handle = if session.defects.keys_by_name {
            &one.name
        } else {
            &one.id
        };
        delete(api, "ssh_key", handle).await?;
    }
    cluster_ca::forget(api.connection())
        .map_err(|message| CallError::internal("cluster CA", message))
}

/// The ids of the run's resources, or a message that they could not be listed.
pub(crate) async fn left(session: &Session) -> Vec<String> {
    let all = survey(session).await;
    all.unwrap_or_else(|_| vec![UNKNOWN_LEFT.to_owned()])
}

async fn survey(session: &Session) -> Result<Vec<String>, CallError> {
    let (api, run) = (&session.api, session.run());
    let instances = session.instances().await?;
    let rulesets: Vec<Ruleset> = api
        .get("ListFirewallRulesets", "/firewall-rulesets")
        .await?;
    let filesystems: Vec<Filesystem> = api.get("ListFileSystems", "/file-systems").await?;
    let keys: Vec<SshKey> = api.get("ListSshKeys", "/ssh-keys").await?;
    let instances = instances.into_iter().map(|one| one.id);
    let rulesets = rulesets.into_iter().map(|one| (one.name, one.id));
    let filesystems = filesystems.into_iter().map(|one| (one.name, one.id));
    let keys = keys.into_iter().map(|one| (one.name, one.id));
    let named = rulesets.chain(filesystems).chain(keys);
    let named = named.filter(|(name, _)| is_name_of(run, name));
    Ok(instances.chain(named.map(|(_, id)| id)).collect())
}

/// Terminates instances and waits until they are gone.
pub(crate) async fn terminate(session: &Session, instances: &[Instance]) -> Result<(), CallError> {
    let ids: Vec<&str> = instances.iter().map(|one| one.id.as_str()).collect();
    for _ in 0..ROUNDS {
        let all = session.instances().await?;
        let left: Vec<&Instance> = all
            .iter()
            .filter(|one| ids.contains(&one.id.as_str()))
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        let standing: Vec<&str> = left
            .iter()
            .filter(|one| one.status != "terminating")
            .map(|one| one.id.as_str())
            .collect();
        if !standing.is_empty() {
            match order(&session.api, &standing).await {
                // One of them is already gone: the next round terminates the rest.
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
        }
        if gone(session, &ids).await? {
            return Ok(());
        }
    }
    Err(CallError::internal(
        "wait",
        format!("still there: {}", ids.join(", ")),
    ))
}

async fn order(api: &Api, ids: &[&str]) -> Result<(), CallError> {
    let call = Call {
        name: "TerminateInstances",
        method: &Method::POST,
        path: "/instance-operations/terminate",
    };
    let body = json!({ "instance_ids": ids });
    api.repeat::<Value>(&call, Some(&body)).await.map(|_| ())
}

/// Waits while all of them are terminating. `false` if one of them is not: it must be terminated again.
async fn gone(session: &Session, ids: &[&str]) -> Result<bool, CallError> {
    let begun = Instant::now();
    loop {
        let all = session.instances().await?;
        let left: Vec<&Instance> = all
            .iter()
            .filter(|one| ids.contains(&one.id.as_str()))
            .collect();
        if left.is_empty() {
            return Ok(true);
        }
        if left.iter().any(|one| one.status != "terminating") {
            return Ok(false);
        }
        if begun.elapsed() > GONE_LIMIT {
            let message = format!("still terminating after 15 minutes: {}", ids.join(", "));
            return Err(CallError::internal("wait", message));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Deletes one resource by id, retrying while it is in use. Succeeds if it is already gone.
pub(crate) async fn delete(api: &Api, resource_type: &str, id: &str) -> Result<(), CallError> {
    let (name, path) = match resource_type {
        "firewall_ruleset" => ("DeleteFirewallRuleset", format!("/firewall-rulesets/{id}")),
        "filesystem" => ("DeleteFileSystem", format!("/filesystems/{id}")),
        "ssh_key" => ("DeleteSshKey", format!("/ssh-keys/{id}")),
        "instance" => return order(api, &[id]).await,
        other => {
            return Err(CallError::internal(
                "delete",
                format!("unknown resource type `{other}`"),
            ));
        }
    };
    let call = Call {
        name,
        method: &Method::DELETE,
        path: &path,
    };
    let begun = Instant::now();
    loop {
        match api.repeat::<EmptyResponse>(&call, None).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) if error.is_in_use() && begun.elapsed() < IN_USE_LIMIT => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Deletes a resource that an audit found.
pub(crate) async fn delete_resource(api: &Api, resource: &Resource) -> Result<(), CallError> {
    delete(api, &resource.resource_type, &resource.id).await
}

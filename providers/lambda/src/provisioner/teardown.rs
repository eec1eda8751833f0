//! Teardown: everything of the run, found by tag and name, in the order in which things let go.

use std::time::Duration;

use http::Method;
use kubeproof_contract::provisioner::UNKNOWN_LEFT;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Session;
use crate::api::problem::Problem;
use crate::api::types::{Anything, Filesystem, Instance, Ruleset, SshKey, is_name_of};
use crate::api::{Api, Call};
use crate::trust;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(10);
/// How long terminating may take: one to three minutes are usual.
const GONE_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How long something may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_secs(5 * 60);
/// Most rounds of asking for termination.
const ROUNDS: usize = 4;

/// Removes everything of the run. A second call finds nothing and changes nothing.
pub(crate) async fn everything(session: &Session) -> Result<(), Problem> {
    if !session.wrong.ids_from_nowhere {
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
        let handle = if session.wrong.keys_by_name {
            &one.name
        } else {
            &one.id
        };
        delete(api, "ssh_key", handle).await?;
    }
    trust::forget(api.connection()).map_err(|message| Problem::ours("trust", message))
}

/// The ids of what there is of the run, or that it cannot be found out.
pub(crate) async fn left(session: &Session) -> Vec<String> {
    let all = survey(session).await;
    all.unwrap_or_else(|_| vec![UNKNOWN_LEFT.to_owned()])
}

async fn survey(session: &Session) -> Result<Vec<String>, Problem> {
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
pub(crate) async fn terminate(session: &Session, instances: &[Instance]) -> Result<(), Problem> {
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
                // One of them has gone meanwhile: the next round asks for the rest.
                Err(problem) if !problem.is_absent() => return Err(problem),
                _ => {}
            }
        }
        if gone(session, &ids).await? {
            return Ok(());
        }
    }
    Err(Problem::ours(
        "wait",
        format!("still there: {}", ids.join(", ")),
    ))
}

async fn order(api: &Api, ids: &[&str]) -> Result<(), Problem> {
    let call = Call {
        name: "TerminateInstances",
        method: &Method::POST,
        path: "/instance-operations/terminate",
    };
    let body = json!({ "instance_ids": ids });
    api.repeat::<Value>(&call, Some(&body)).await.map(|_| ())
}

/// Waits while all of them are terminating. `false` when one of them is not: it must be asked again.
async fn gone(session: &Session, ids: &[&str]) -> Result<bool, Problem> {
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
            return Err(Problem::ours("wait", message));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Deletes one thing by id, again while it is in use. Gone already is gone.
pub(crate) async fn delete(api: &Api, resource_type: &str, id: &str) -> Result<(), Problem> {
    let (name, path) = match resource_type {
        "firewall_ruleset" => ("DeleteFirewallRuleset", format!("/firewall-rulesets/{id}")),
        "filesystem" => ("DeleteFileSystem", format!("/filesystems/{id}")),
        "ssh_key" => ("DeleteSshKey", format!("/ssh-keys/{id}")),
        "instance" => return order(api, &[id]).await,
        other => {
            return Err(Problem::ours(
                "delete",
                format!("there is no resource type {other}"),
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
        match api.repeat::<Anything>(&call, None).await {
            Ok(_) => return Ok(()),
            Err(problem) if problem.is_absent() => return Ok(()),
            Err(problem) if problem.is_in_use() && begun.elapsed() < IN_USE_LIMIT => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(problem) => return Err(problem),
        }
    }
}

/// Deletes a resource that an audit found.
pub(crate) async fn delete_resource(api: &Api, resource: &Resource) -> Result<(), Problem> {
    delete(api, &resource.resource_type, &resource.id).await
}

//! What a launch needs beforehand: SSH key, firewall ruleset, filesystem. All have unique names, so a
//! creation without an answer is looked up and repeated safely.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Session;
use crate::api::Call;
use crate::api::error::CallError;
use crate::api::types::{Filesystem, FirewallRule, Instance, Ruleset, SshKey};
use crate::cluster_ca::ClusterCa;

/// Most tries of one creation.
const TRIES: usize = 4;

/// The resource of this name: found, or created once.
async fn ensure<T: DeserializeOwned>(
    session: &Session,
    list: (&'static str, &str),
    create: &Call<'_>,
    body: &Value,
    is_it: impl Fn(&T) -> bool,
) -> Result<T, CallError> {
    let find = || async {
        let all: Vec<T> = session.api.get(list.0, list.1).await?;
        Ok::<_, CallError>(all.into_iter().find(|one| is_it(one)))
    };
    let mut last = CallError::internal(create.name, "not tried");
    for _ in 0..TRIES {
        if let Some(found) = find().await? {
            return Ok(found);
        }
        match session.api.once::<T>(create, Some(body)).await {
            Ok(made) => return Ok(made),
            // Another process was faster, or an earlier try succeeded: the next listing shows it.
            Err(error) if error.is_transient() || error.code == "global/duplicate" => {
                tokio::time::sleep(error.retry_after.unwrap_or_default()).await;
                last = error;
            }
            // The cloud's OpenAPI document has no separate code for a key name that is taken.
            Err(error) if error.code == "global/invalid-parameters" => {
                return find().await?.ok_or(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// The SSH key that a launch requires. No one logs in: its private half is not kept.
pub(crate) async fn ensure_key(
    session: &Session,
    cluster_ca: &ClusterCa,
) -> Result<SshKey, CallError> {
    let name = session.run().name("");
    let body = json!({"name": name, "public_key": cluster_ca.ssh_public_key});
    let create = Call {
        name: "AddSshKey",
        method: &Method::POST,
        path: "/ssh-keys",
    };
    ensure(
        session,
        ("ListSshKeys", "/ssh-keys"),
        &create,
        &body,
        |key: &SshKey| key.name == name,
    )
    .await
}

/// The rule that allows access to the API server.
fn api_rule(session: &Session) -> FirewallRule {
    FirewallRule {
        protocol: "tcp".to_owned(),
        port_range: Some((6443, 6443)),
        source_network: session.spec.api_allowed_from.0.to_string(),
        description: "Kubernetes API".to_owned(),
    }
}

/// The ruleset of the run in a region.
pub(crate) async fn ensure_ruleset(session: &Session, region: &str) -> Result<Ruleset, CallError> {
    let name = session.run().name(region);
    let body = json!({"name": name, "region": region, "rules": [api_rule(session)]});
    let create = Call {
        name: "CreateFirewallRuleset",
        method: &Method::POST,
        path: "/firewall-rulesets",
    };
    let list = ("ListFirewallRulesets", "/firewall-rulesets");
    ensure(session, list, &create, &body, |set: &Ruleset| {
        set.name == name
    })
    .await
}

/// Allows traffic between the nodes, and no one else.
pub(crate) async fn let_nodes_talk(
    session: &Session,
    ruleset: &Ruleset,
    nodes: &[Instance],
) -> Result<(), CallError> {
    if nodes.len() < 2 {
        return Ok(());
    }
    let mut rules = vec![api_rule(session)];
    rules.extend(nodes.iter().enumerate().filter_map(|(index, node)| {
        Some(FirewallRule {
            protocol: "all".to_owned(),
            port_range: None,
            source_network: format!("{}/32", node.private_ip.as_ref()?),
            description: format!("node {}", session.node(index)),
        })
    }));
    if ruleset.rules == rules {
        return Ok(());
    }
    let call = Call {
        name: "UpdateFirewallRuleset",
        method: &Method::PATCH,
        path: &format!("/firewall-rulesets/{}", ruleset.id),
    };
    let body = json!({ "rules": rules });
    session
        .api
        .repeat::<Ruleset>(&call, Some(&body))
        .await
        .map(|_| ())
}

/// The filesystem of the run in a region.
pub(crate) async fn ensure_filesystem(
    session: &Session,
    region: &str,
) -> Result<Filesystem, CallError> {
    let name = session.run().name("fs");
    let body = json!({"name": name, "region": region});
    let create = Call {
        name: "CreateFileSystem",
        method: &Method::POST,
        path: "/filesystems",
    };
    let list = ("ListFileSystems", "/file-systems");
    ensure(session, list, &create, &body, |one: &Filesystem| {
        one.name == name
    })
    .await
}

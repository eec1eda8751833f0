//! What a launch needs beforehand: SSH key, firewall ruleset, filesystem. All have unique names, so a
//! creation without an answer is looked up and repeated safely.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Session;
use crate::api::Call;
use crate::api::problem::Problem;
use crate::api::types::{Filesystem, Instance, Rule, Ruleset, SshKey};
use crate::trust::Trust;

/// Most tries of one creation.
const TRIES: usize = 4;

/// The thing of this name: found, or created once.
async fn ensure<T: DeserializeOwned>(
    session: &Session,
    list: (&'static str, &str),
    create: &Call<'_>,
    body: &Value,
    is_it: impl Fn(&T) -> bool,
) -> Result<T, Problem> {
    let look = || async {
        let all: Vec<T> = session.api.get(list.0, list.1).await?;
        Ok::<_, Problem>(all.into_iter().find(|one| is_it(one)))
    };
    let mut last = Problem::ours(create.name, "not tried");
    for _ in 0..TRIES {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        match session.api.once::<T>(create, Some(body)).await {
            Ok(made) => return Ok(made),
            // Somebody was faster, perhaps we ourselves: the next look tells.
            Err(problem) if problem.may_pass() || problem.code == "global/duplicate" => {
                tokio::time::sleep(problem.retry_after.unwrap_or_default()).await;
                last = problem;
            }
            // The cloud's OpenAPI document has no code of its own for the taken name of a key.
            Err(problem) if problem.code == "global/invalid-parameters" => {
                return look().await?.ok_or(problem);
            }
            Err(problem) => return Err(problem),
        }
    }
    Err(last)
}

/// The SSH key that a launch demands. Nobody logs in: its private half is not kept.
pub(crate) async fn ensure_key(session: &Session, trust: &Trust) -> Result<SshKey, Problem> {
    let name = session.run().name("");
    let body = json!({"name": name, "public_key": trust.ssh_public_key});
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

/// The rule that lets the API server be reached.
fn api_rule(session: &Session) -> Rule {
    Rule {
        protocol: "tcp".to_owned(),
        port_range: Some((6443, 6443)),
        source_network: session.spec.api_allowed_from.0.to_string(),
        description: "Kubernetes API".to_owned(),
    }
}

/// The ruleset of the run in a region.
pub(crate) async fn ensure_ruleset(session: &Session, region: &str) -> Result<Ruleset, Problem> {
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

/// Lets the nodes reach each other, and nobody else.
pub(crate) async fn let_nodes_talk(
    session: &Session,
    ruleset: &Ruleset,
    nodes: &[Instance],
) -> Result<(), Problem> {
    if nodes.len() < 2 {
        return Ok(());
    }
    let mut rules = vec![api_rule(session)];
    rules.extend(nodes.iter().enumerate().filter_map(|(index, node)| {
        Some(Rule {
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
) -> Result<Filesystem, Problem> {
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

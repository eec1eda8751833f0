//! What a launch needs beforehand: SSH key, firewall ruleset, filesystem. Rulesets and filesystems have unique names, so
//! a creation without an answer is looked up and repeated safely. Keys need not: one is looked up as long as a machine.

use kubeproof_cloudkit::machines::{Machine, MachineApi as _, node_name};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use kubeproof_kubernetes::machines::{API_PORT, ClusterCa};
use serde_json::json;

use super::LambdaProvisioner;
use crate::api::types::{Filesystem, FirewallRule, Ruleset, SshKey};

/// Whether a name is taken. The cloud's `OpenAPI` document has no code of its own for the name of a key.
fn is_taken(error: &CallError) -> bool {
    error.cause == Cause::AlreadyExists
        || error.is("global/invalid-parameters") && error.call.ends_with("AddSshKey")
}

/// The SSH key that a launch requires. No one logs in: its private half is not kept.
pub(super) async fn ensure_key(
    work: &LambdaProvisioner,
    cluster_ca: &ClusterCa,
) -> Result<SshKey, CallError> {
    let name = work.run().name("");
    let body = json!({"name": name, "public_key": cluster_ca.ssh_public_key});
    let is_it = |key: &SshKey| key.name == name;
    let calls = ("ListSshKeys", "AddSshKey");
    let windows = LambdaProvisioner::STATES.lookup;
    let ensured = work
        .api
        .ensure_within(windows, calls, &body, is_it, is_taken);
    ensured.await
}

/// The rule that allows access to the API server.
fn api_rule(work: &LambdaProvisioner) -> FirewallRule {
    FirewallRule {
        protocol: "tcp".to_owned(),
        port_range: Some((API_PORT, API_PORT)),
        source_network: work.spec.api_allowed_from.0.to_string(),
        description: "Kubernetes API".to_owned(),
    }
}

/// The ruleset of the run in a region.
pub(super) async fn ensure_ruleset(
    work: &LambdaProvisioner,
    region: &str,
) -> Result<Ruleset, CallError> {
    let name = work.run().name(region);
    let body = json!({"name": name, "region": region, "rules": [api_rule(work)]});
    let calls = ("ListFirewallRulesets", "CreateFirewallRuleset");
    let is_it = |set: &Ruleset| set.name == name;
    work.api.ensure(calls, &body, is_it, is_taken).await
}

/// Allows traffic between the nodes, and no one else.
pub(super) async fn let_nodes_talk(
    work: &LambdaProvisioner,
    ruleset: &Ruleset,
    nodes: &[Machine],
) -> Result<(), CallError> {
    if nodes.len() < 2 {
        return Ok(());
    }
    let mut rules = vec![api_rule(work)];
    rules.extend(nodes.iter().enumerate().filter_map(|(index, node)| {
        Some(FirewallRule {
            protocol: "all".to_owned(),
            port_range: None,
            source_network: format!("{}/32", node.private_ip.as_ref()?),
            description: format!("node {}", node_name(work.api.session(), index)),
        })
    }));
    if ruleset.rules == rules {
        return Ok(());
    }
    let (id, body) = ([ruleset.id.as_str()], json!({ "rules": rules }));
    let call = RestCall::new("UpdateFirewallRuleset", &id).with_body(&body);
    let updated = work.api.call::<Ruleset>(RetryPolicy::IDEMPOTENT, call);
    updated.await.map(|_| ())
}

/// The filesystem of the run in a region.
pub(super) async fn ensure_filesystem(
    work: &LambdaProvisioner,
    region: &str,
) -> Result<Filesystem, CallError> {
    let name = work.run().name("fs");
    let body = json!({"name": name, "region": region});
    let calls = ("ListFileSystems", "CreateFileSystem");
    let is_it = |one: &Filesystem| one.name == name;
    work.api.ensure(calls, &body, is_it, is_taken).await
}

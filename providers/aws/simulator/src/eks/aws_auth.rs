//! The config map `aws-auth`: which IAM principals a cluster knows in the modes that read it, and which roles of nodes.
//!
//! EKS adds the role of a managed node group to it. Sources: EKS user guide ("Grant IAM users access to Kubernetes with a
//! `ConfigMap`"), and the full format of aws-iam-authenticator.

use kubeproof_kubernetes_simulator::server::ApiServer;
use serde_json::{Value, json};

use super::cluster::Cluster;
use crate::state::State;

const MAP: &str = "aws-auth";
const NAMESPACE: &str = "kube-system";
/// The groups of nodes, and the user that each is.
const NODES: &str = "system:nodes";
const BOOTSTRAPPERS: &str = "system:bootstrappers";
const NODE_USER: &str = "system:node:{{EC2PrivateDNSName}}";

/// What Fargate adds for its nodes, and the user that each is (EKS user guide, "Amazon EKS Pod execution IAM role").
const PROXIER: &str = "system:node-proxier";
pub(super) const FARGATE_USER: &str = "system:node:{{SessionName}}";

/// What a role lets in as nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machines {
    Instances,
    Fargate,
}

/// Who a principal is in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapped {
    pub(super) username: String,
    pub(super) groups: Vec<String>,
}

/// Whether a cluster reads the map.
pub(super) fn is_read(cluster: &Cluster) -> bool {
    cluster.authentication_mode != "API"
}

/// Who the map says that a principal is, if the cluster reads it.
pub(super) fn mapped(server: &ApiServer, principal: &str) -> Option<Mapped> {
    let map = server.object("configmaps", NAMESPACE, MAP)?;
    for (member, key) in [("mapRoles", "rolearn"), ("mapUsers", "userarn")] {
        let found = entries(map, member)
            .into_iter()
            .find(|entry| is_same(text(entry, key), principal));
        if let Some(entry) = found {
            let username = match text(&entry, "username") {
                "" => principal,
                name => name,
            };
            return Some(Mapped {
                username: username.to_owned(),
                groups: groups(&entry),
            });
        }
    }
    // Everyone of such an account is known, by ARN and without any group.
    let account = principal.split(':').nth(4).unwrap_or_default();
    let accounts = entries(map, "mapAccounts");
    let is_known = accounts.iter().any(|one| match one {
        Value::String(one) => one == account,
        Value::Number(one) => one.to_string() == account,
        _ => false,
    });
    is_known.then(|| Mapped {
        username: principal.to_owned(),
        groups: Vec::new(),
    })
}

/// Whether the map lets nodes with a role join.
pub(super) fn lets_nodes_in(server: &ApiServer, role_arn: &str) -> bool {
    let mapped = mapped(server, role_arn);
    mapped.is_some_and(|mapped| mapped.groups.iter().any(|group| group == NODES))
}

/// Adds the role of a managed node group to the map, and makes the map if there is none.
pub(super) fn add_role(state: &mut State, cluster: &str, role_arn: &str, of: Machines) {
    let is_read = state.eks.clusters.get(cluster).is_some_and(is_read);
    let Some(server) = state.kubernetes.get_mut(cluster).filter(|_| is_read) else {
        return;
    };
    let Some(map) = server.object("configmaps", NAMESPACE, MAP).cloned() else {
        let data = json!({"mapRoles": of_role(role_arn, of)});
        server.create(
            "configmaps",
            NAMESPACE,
            json!({"metadata": {"name": MAP}, "data": data}),
        );
        return;
    };
    let known = entries(&map, "mapRoles");
    if known
        .iter()
        .any(|entry| is_same(text(entry, "rolearn"), role_arn))
    {
        return;
    }
    let before = map
        .pointer("/data/mapRoles")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // What somebody else has broken stays broken: EKS does not repair the map.
    let more = if before.trim() == "[]" {
        of_role(role_arn, of)
    } else {
        format!("{before}{}", of_role(role_arn, of))
    };
    server.change("configmaps", &map, |map| {
        map["data"]["mapRoles"] = more.into();
    });
}

/// Takes the role of a deleted node group or Fargate profile out of the map, unless another one of the cluster has it.
pub(super) fn remove_role(state: &mut State, cluster: &str, role_arn: &str, of: Machines) {
    let in_use = state.eks.clusters.get(cluster).is_some_and(|cluster| {
        let mut groups = cluster.node_groups.values();
        let mut profiles = cluster.fargate.values();
        !is_read(cluster)
            || groups.any(|group| group.role_arn == role_arn)
            || profiles.any(|profile| profile.role_arn == role_arn)
    });
    let Some(server) = state.kubernetes.get_mut(cluster).filter(|_| !in_use) else {
        return;
    };
    let Some(map) = server.object("configmaps", NAMESPACE, MAP).cloned() else {
        return;
    };
    let before = map
        .pointer("/data/mapRoles")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // Only what EKS itself has written is taken out.
    let after = before.replace(&of_role(role_arn, of), "");
    if after != before {
        let after = if after.is_empty() {
            "[]\n".to_owned()
        } else {
            after
        };
        server.change("configmaps", &map, |map| {
            map["data"]["mapRoles"] = after.into();
        });
    }
}

/// An entry as EKS writes it.
fn of_role(role_arn: &str, of: Machines) -> String {
    let (more, user) = match of {
        Machines::Instances => (String::new(), NODE_USER),
        Machines::Fargate => (format!("  - {PROXIER}\n"), FARGATE_USER),
    };
    format!(
        "- groups:\n  - {BOOTSTRAPPERS}\n  - {NODES}\n{more}  rolearn: {role_arn}\n  username: {user}\n"
    )
}

/// The entries of a list in the map; none if it is no list, as the authenticator then ignores it.
fn entries(map: &Value, member: &str) -> Vec<Value> {
    let text = map
        .pointer(&format!("/data/{member}"))
        .and_then(Value::as_str);
    let list = serde_saphyr::from_str::<Value>(text.unwrap_or_default());
    match list {
        Ok(Value::Array(entries)) => entries,
        _ => Vec::new(),
    }
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn groups(entry: &Value) -> Vec<String> {
    let groups = entry
        .get("groups")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    groups
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Whether an ARN of the map is a principal's. The authenticator ignores case.
fn is_same(arn: &str, principal: &str) -> bool {
    !arn.is_empty() && arn.eq_ignore_ascii_case(principal)
}

//! Rows `aws.role.cluster` and `aws.role.nodes`: who may assume a role, and exactly what it may do.
//!
//! A program may attach more policies than are needed, except for those that allow everything of the account or of a
//! service.

use kubeproof_contract::check::Check;
use kubeproof_contract::scenario::Demand;
use serde_json::Value;

use super::{Findings, check};
use crate::observer::view::View;
use crate::observer::view::roles::{AWS_POLICY, RoleView};
use crate::spec::EksSpec;

/// What a role needs: each entry is one policy, or several of which any one will do.
struct RequiredPolicies {
    service: &'static str,
    policies: &'static [&'static [&'static str]],
}

const CLUSTER: RequiredPolicies = RequiredPolicies {
    service: "eks.amazonaws.com",
    policies: &[&["AmazonEKSClusterPolicy"]],
};

const NODES: RequiredPolicies = RequiredPolicies {
    service: "ec2.amazonaws.com",
    policies: &[
        &["AmazonEKSWorkerNodePolicy"],
        &["AmazonEKS_CNI_Policy"],
        // The second is the successor of the first.
        &[
            "AmazonEC2ContainerRegistryReadOnly",
            "AmazonEC2ContainerRegistryPullOnly",
        ],
    ],
};

pub(super) fn cluster(spec: &EksSpec, view: &View) -> Check {
    check("aws.role.cluster", || {
        let role = view.cluster_role.clone()?;
        Ok(judge(&CLUSTER, role.as_slice(), spec.demand))
    })
}

pub(super) fn nodes(spec: &EksSpec, view: &View) -> Check {
    check("aws.role.nodes", || {
        Ok(judge(&NODES, &view.node_roles.clone()?, spec.demand))
    })
}

fn judge(required: &RequiredPolicies, roles: &[RoleView], demand: Demand) -> Findings {
    let mut findings = Findings::default();
    findings.require(!roles.is_empty(), || {
        "no role of the run's cluster was found".to_owned()
    });
    for role in roles {
        let name = &role.name;
        let trusted = trusted(&role.trust);
        findings.require(trusted == [required.service], || {
            format!(
                "role {name} may be assumed by [{}], not just {}",
                trusted.join(", "),
                required.service
            )
        });
        let attached: Vec<&str> = role
            .attached
            .iter()
            .map(|arn| arn.strip_prefix(AWS_POLICY).unwrap_or(arn))
            .collect();
        for choices in required.policies {
            findings.require(
                choices.iter().any(|policy| attached.contains(policy)),
                || format!("role {name} lacks {}", choices.join(" or ")),
            );
        }
        let is_needed = |policy: &str| {
            let mut needed = required.policies.iter();
            needed.any(|choices| choices.contains(&policy))
        };
        let besides = attached.iter().filter(|policy| !is_needed(policy));
        if demand.allows_more() {
            let inline = role.inline.iter().map(String::as_str);
            for policy in besides.copied().chain(inline) {
                findings.require(!is_wide(role, policy), || {
                    format!("role {name} has {policy}, which allows far more than is needed")
                });
            }
        } else {
            for policy in besides {
                findings
                    .wrong
                    .push(format!("role {name} has {policy}, which is not needed"));
            }
            findings.require(role.inline.is_empty(), || {
                let inline = role.inline.join(", ");
                format!("role {name} has inline policies: {inline}")
            });
        }
        findings.note(format!(
            "{name}: {} with {}",
            trusted.join(", "),
            attached.join(", ")
        ));
    }
    findings
}

/// Whether a policy allows everything of the account, of a service, or of IAM. AWS names its own that do so
/// (`AdministratorAccess`, `AmazonS3FullAccess`): <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>.
fn is_wide(role: &RoleView, policy: &str) -> bool {
    match role.documents.get(policy) {
        Some(document) => allows_all(document),
        None => {
            ["AdministratorAccess", "PowerUserAccess"].contains(&policy)
                || policy.ends_with("FullAccess")
        }
    }
}

/// Whether a document allows, for all resources, everything, everything but a few things, or everything of IAM.
fn allows_all(document: &Value) -> bool {
    one_or_many(&document["Statement"]).iter().any(|statement| {
        let has = |member: &str, wide: &[&str]| {
            let all = one_or_many(&statement[member]);
            all.iter()
                .any(|one| one.as_str().is_some_and(|one| wide.contains(&one)))
        };
        let actions = has("Action", &["*", "*:*", "iam:*"]) || !statement["NotAction"].is_null();
        statement["Effect"] == "Allow" && actions && has("Resource", &["*"])
    })
}

/// All principals that a trust policy allows anything, and its conditions and denials as they are.
fn trusted(document: &Value) -> Vec<String> {
    let mut principals = Vec::new();
    for statement in one_or_many(&document["Statement"]) {
        if statement["Effect"] != "Allow" {
            continue;
        }
        match &statement["Principal"] {
            Value::Object(by_type) => {
                for (kind, names) in by_type {
                    for name in one_or_many(names) {
                        let name = name.as_str().unwrap_or_default();
                        let service = kind == "Service";
                        principals.push(if service {
                            name.to_owned()
                        } else {
                            format!("{kind} {name}")
                        });
                    }
                }
            }
            other => principals.push(other.as_str().unwrap_or("no one").to_owned()),
        }
    }
    principals.dedup();
    principals
}

/// Policy documents may write a list of one without brackets.
fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(many) => many.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(principal: Value, attached: &[&str], inline: &[&str]) -> Vec<String> {
        let allow = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
        let role = RoleView {
            name: "role".to_owned(),
            tags: std::collections::BTreeMap::new(),
            trust: json!({"Version": "2012-10-17", "Statement": allow}),
            attached: attached
                .iter()
                .map(|name| format!("{AWS_POLICY}{name}"))
                .collect(),
            inline: inline.iter().map(|name| (*name).to_owned()).collect(),
            documents: std::collections::BTreeMap::new(),
        };
        judge(&CLUSTER, &[role], Demand::Exactly).wrong
    }

    #[test]
    fn a_program_may_attach_more_but_nothing_that_allows_everything() {
        let check = |policy: &str, document: Option<Value>, is_wrong: bool| {
            let role = RoleView {
                name: "role".to_owned(),
                tags: std::collections::BTreeMap::new(),
                trust: json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}}}),
                attached: vec![
                    format!("{AWS_POLICY}AmazonEKSClusterPolicy"),
                    policy.to_owned(),
                ],
                inline: Vec::new(),
                documents: document
                    .map(|it| (policy.to_owned(), it))
                    .into_iter()
                    .collect(),
            };
            let wrong = judge(&CLUSTER, &[role], Demand::AtLeast).wrong;
            assert_eq!(!wrong.is_empty(), is_wrong, "{policy}: {wrong:?}");
        };
        let allow = |action: Value, resource: &str| {
            Some(
                json!({"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}),
            )
        };
        let own = |name: &str| format!("{AWS_POLICY}{name}");
        check(&own("AmazonEKSVPCResourceController"), None, false);
        check(&own("AdministratorAccess"), None, true);
        check(&own("IAMFullAccess"), None, true);
        let mine = "arn:aws:iam::123456789012:policy/mine";
        check(
            mine,
            allow(json!(["kms:Encrypt", "kms:Decrypt"]), "*"),
            false,
        );
        check(mine, allow(json!("*"), "*"), true);
        check(mine, allow(json!(["s3:Get*", "iam:*"]), "*"), true);
        check(mine, allow(json!("*"), "arn:aws:s3:::one"), false);
    }

    #[test]
    fn a_role_has_exactly_the_policies_needed() {
        let eks = || json!({"Service": "eks.amazonaws.com"});
        let check = |attached: &[&str], inline: &[&str], expected: &[&str]| {
            assert_eq!(wrong(eks(), attached, inline), expected);
        };
        check(&["AmazonEKSClusterPolicy"], &[], &[]);
        check(&[], &[], &["role role lacks AmazonEKSClusterPolicy"]);
        check(
            &["AmazonEKSClusterPolicy", "AdministratorAccess"],
            &[],
            &["role role has AdministratorAccess, which is not needed"],
        );
        check(
            &["AmazonEKSClusterPolicy"],
            &["extra"],
            &["role role has inline policies: extra"],
        );
    }

    #[test]
    fn a_role_is_trusted_by_its_service_alone() {
        let check = |principal: Value, expected: &str| {
            let wrong = wrong(principal, &["AmazonEKSClusterPolicy"], &[]);
            assert!(wrong.len() == 1 && wrong[0].contains(expected), "{wrong:?}");
        };
        check(json!("*"), "[*]");
        check(
            json!({"Service": ["eks.amazonaws.com", "ec2.amazonaws.com"]}),
            "ec2.amazonaws.com",
        );
        check(
            json!({"AWS": "arn:aws:iam::1:root", "Service": "eks.amazonaws.com"}),
            "AWS arn:aws:iam::1:root",
        );
    }
}

//! Rows `aws.role.cluster` and `aws.role.nodes`: who may assume a role, and exactly what it may do.

use kubeproof_contract::check::Check;
use serde_json::Value;

use super::{Findings, check};
use crate::observer::view::View;
use crate::observer::view::roles::RoleView;

/// The ARN prefix of AWS's own policies.
const AWS_POLICY: &str = "arn:aws:iam::aws:policy/";

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

pub(super) fn cluster(view: &View) -> Check {
    check("aws.role.cluster", || {
        let role = view.cluster_role.clone()?;
        Ok(judge(&CLUSTER, role.as_slice()))
    })
}

pub(super) fn nodes(view: &View) -> Check {
    check("aws.role.nodes", || {
        Ok(judge(&NODES, &view.node_roles.clone()?))
    })
}

fn judge(required: &RequiredPolicies, roles: &[RoleView]) -> Findings {
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
        for policy in &attached {
            let known = required
                .policies
                .iter()
                .any(|choices| choices.contains(policy));
            findings.require(known, || {
                format!("role {name} has {policy}, which is not needed")
            });
        }
        findings.require(role.inline.is_empty(), || {
            format!(
                "role {name} has inline policies: {}",
                role.inline.join(", ")
            )
        });
        findings.note(format!(
            "{name}: {} with {}",
            trusted.join(", "),
            attached.join(", ")
        ));
    }
    findings
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
        };
        judge(&CLUSTER, &[role]).wrong
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

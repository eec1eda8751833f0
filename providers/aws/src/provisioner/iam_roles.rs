//! The IAM roles of control plane and nodes. Their names are unique in the account, and taken immediately.
//!
//! The cluster's role is also the run's marker: provisioning makes it first and teardown removes it last. A process
//! that creates it knows that no other process of the run came before.

use aws_sdk_iam::types::Tag;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use kubeproof_contract::run::{RUN_TAG, Run};

use crate::provisioner::requests::{LAGGING, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags;

/// What `CreateCluster` and `CreateNodegroup` answer before a new role has propagated from IAM to EKS.
const ROLE_LAG: &[&str] = &[
    "does not exist",
    "Error in role params",
    "Role could not be assumed because the trusted entity is not correct",
    "The provided role doesn't have the Amazon EKS Managed Policies associated with it",
    "IAM role's policy must include",
];

fn is_role_lag(error: &CallError) -> bool {
    error.is("InvalidParameterException")
        && ROLE_LAG.iter().any(|words| error.message.contains(words))
}

/// For an idempotent call that names roles which EKS may not know yet.
pub(crate) const NEW_ROLES: RetryPolicy = RetryPolicy::propagation(is_role_lag);

/// A role of the run.
pub(crate) struct Role {
    /// The end of its name.
    pub(crate) part: &'static str,
    service: &'static str,
    policies: &'static [&'static str],
}

/// The control plane's role, and the run's marker.
pub(crate) const CLUSTER: Role = Role {
    part: "cluster",
    service: "eks.amazonaws.com",
    policies: &["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"],
};

pub(crate) const NODES: Role = Role {
    part: "nodes",
    service: "ec2.amazonaws.com",
    policies: &[
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
    ],
};

/// Finds or makes a role; returns its ARN. A fresh cluster role means that this process is the first.
///
/// # Errors
/// When a call fails for good, or the name is taken by a role that is not ours.
pub(crate) async fn role(session: &Session, role: &Role) -> Result<String, CallError> {
    let name = session.run().name(role.part);
    let arn = match create(session, role, &name).await {
        Ok(arn) => {
            if role.part == CLUSTER.part {
                session.is_first();
            }
            arn
        }
        Err(error) if error.cause == Cause::AlreadyExists => adopt(session, &name).await?,
        Err(error) => return Err(error),
    };
    session.record(format!("role {}", role.part), &name);
    Ok(arn)
}

async fn create(session: &Session, role: &Role, name: &str) -> Result<String, CallError> {
    let trust = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": role.service},
            "Action": "sts:AssumeRole",
        }],
    });
    let tags: Vec<Tag> = tags::tags(session.run(), name, &[])
        .into_iter()
        .filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok())
        .collect();
    let request = session
        .iam
        .create_role()
        .role_name(name)
        .assume_role_policy_document(trust.to_string())
        .set_tags(Some(tags));
    let mut first = true;
    // The first attempt is not repeated: only its success proves that no process came before. A repetition may find
    // what a first attempt with a lost answer made, and then adopts it.
    loop {
        let policy = if first {
            RetryPolicy::ONCE
        } else {
            RetryPolicy::IDEMPOTENT
        };
        match send!(session, "iam:CreateRole", policy, request) {
            Ok(answer) => {
                let arn = answer.role().map(|role| role.arn().to_owned());
                return crate::provisioner::vpc::id_of("iam:CreateRole", arn.as_deref());
            }
            Err(error) if first && error.may_be_applied() => first = false,
            Err(error) => return Err(error),
        }
    }
}

/// Whether these tags carry the run's id.
pub(crate) fn is_ours(run: &Run, tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| tag.key() == RUN_TAG && tag.value() == run.id)
}

async fn adopt(session: &Session, name: &str) -> Result<String, CallError> {
    let request = session.iam.get_role().role_name(name);
    let answer = send!(session, "iam:GetRole", LAGGING, request)?;
    let role = answer
        .role()
        .ok_or_else(|| CallError::state("iam:GetRole", "no role in the answer"))?;
    if is_ours(session.run(), role.tags()) {
        Ok(role.arn().to_owned())
    } else {
        Err(CallError::state(
            "iam:CreateRole",
            format!(
                "a role `{name}` exists without this run's tag: remove it or use another run id"
            ),
        ))
    }
}

/// Attaches the role's policies; attaching one twice has no effect.
///
/// # Errors
/// When a call fails for good.
pub(crate) async fn attach(session: &Session, role: &Role) -> Result<(), CallError> {
    for policy in role.policies {
        let name = session.run().name(role.part);
        let request = session
            .iam
            .attach_role_policy()
            .role_name(name)
            .policy_arn(*policy);
        send!(session, "iam:AttachRolePolicy", LAGGING, request)?;
    }
    Ok(())
}

//! The IAM roles of control plane and nodes. Their names are unique in the account, and taken immediately.
//!
//! The cluster's role is also the run's marker: provisioning makes it first and teardown removes it last. A process
//! that creates it knows that no other process of the run came before.

use std::sync::atomic::Ordering;

use aws_sdk_iam::types::Tag;
use kubeproof_contract::run::{RUN_TAG, Run};

use crate::provisioner::error::CallError;
use crate::provisioner::retry::RetryPolicy;
use crate::provisioner::session::Session;
use crate::provisioner::tags;

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
                session.may_have_predecessor.store(false, Ordering::Relaxed);
            }
            arn
        }
        Err(error) if error.is("EntityAlreadyExists*") => adopt(session, &name).await?,
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
        match session
            .send("iam:CreateRole", policy, || request.clone().send())
            .await
        {
            Ok(answer) => {
                let arn = answer.role().map(|role| role.arn().to_owned());
                return crate::provisioner::vpc::id_of("iam:CreateRole", arn.as_deref());
            }
            Err(error) if first && may_repeat(&error) => first = false,
            Err(error) => return Err(error),
        }
    }
}

fn may_repeat(error: &CallError) -> bool {
    use crate::provisioner::error::CallOutcome;
    matches!(error.outcome, CallOutcome::Unknown | CallOutcome::TimedOut)
}

/// Whether these tags carry the run's id.
pub(crate) fn is_ours(run: &Run, tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| tag.key() == RUN_TAG && tag.value() == run.id)
}

async fn adopt(session: &Session, name: &str) -> Result<String, CallError> {
    let request = session.iam.get_role().role_name(name);
    let answer = session
        .send("iam:GetRole", RetryPolicy::LAGGING, || {
            request.clone().send()
        })
        .await?;
    let role = answer
        .role()
        .ok_or_else(|| CallError::other("iam:GetRole", "no role in the answer"))?;
    if is_ours(session.run(), role.tags()) {
        Ok(role.arn().to_owned())
    } else {
        Err(CallError::other(
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
        session
            .send("iam:AttachRolePolicy", RetryPolicy::LAGGING, || {
                request.clone().send()
            })
            .await?;
    }
    Ok(())
}

//! The roles of control plane and nodes. Their names are natural keys, account-wide and at once.
//!
//! The cluster's role is also the run's marker: it is the first thing that provisioning makes and
//! the last that teardown removes. Whoever can make it fresh knows that no process was here before.

use std::sync::atomic::Ordering;

use aws_sdk_iam::types::Tag;
use kubeproof_contract::run::{RUN_TAG, Run};

use crate::provisioner::names;
use crate::provisioner::problem::Problem;
use crate::provisioner::retry::Rule;
use crate::provisioner::session::Session;

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

/// The nodes' role.
pub(crate) const NODES: Role = Role {
    part: "nodes",
    service: "ec2.amazonaws.com",
    policies: &[
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
    ],
};

/// Finds or makes a role; its ARN. A fresh cluster role says that this process is the first.
///
/// # Errors
/// When a call fails for good, or the name is taken by a role that is not ours.
pub(crate) async fn role(session: &Session, role: &Role) -> Result<String, Problem> {
    let name = session.run().name(role.part);
    let arn = match create(session, role, &name).await {
        Ok(arn) => {
            if role.part == CLUSTER.part {
                session.not_the_first.store(false, Ordering::Relaxed);
            }
            arn
        }
        Err(problem) if problem.is("EntityAlreadyExists*") => adopt(session, &name).await?,
        Err(problem) => return Err(problem),
    };
    session.note(format!("role {}", role.part), &name);
    Ok(arn)
}

async fn create(session: &Session, role: &Role, name: &str) -> Result<String, Problem> {
    let trust = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": role.service},
            "Action": "sts:AssumeRole",
        }],
    });
    let tags: Vec<Tag> = names::tags(session.run(), name, &[])
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
    // The first attempt is made alone: only its success tells that nobody was here before. A
    // repetition may meet what a lost first attempt made, and is then an adoption.
    loop {
        let rule = if first { Rule::ONCE } else { Rule::SAFE };
        match session
            .send("iam:CreateRole", rule, || request.clone().send())
            .await
        {
            Ok(answer) => {
                let arn = answer.role().map(|role| role.arn().to_owned());
                return crate::provisioner::vpc::id_of("iam:CreateRole", arn.as_deref());
            }
            Err(problem) if first && may_repeat(&problem) => first = false,
            Err(problem) => return Err(problem),
        }
    }
}

fn may_repeat(problem: &Problem) -> bool {
    use crate::provisioner::problem::Fate;
    matches!(problem.fate, Fate::Unclear | Fate::Silent)
}

/// Whether these tags carry the run's id.
pub(crate) fn is_ours(run: &Run, tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| tag.key() == RUN_TAG && tag.value() == run.id)
}

async fn adopt(session: &Session, name: &str) -> Result<String, Problem> {
    let request = session.iam.get_role().role_name(name);
    let answer = session
        .send("iam:GetRole", Rule::LAGGING, || request.clone().send())
        .await?;
    let role = answer
        .role()
        .ok_or_else(|| Problem::ours("iam:GetRole", "no role in the answer"))?;
    if is_ours(session.run(), role.tags()) {
        Ok(role.arn().to_owned())
    } else {
        Err(Problem::ours(
            "iam:CreateRole",
            format!(
                "a role `{name}` exists without this run's tag: remove it or use another run id"
            ),
        ))
    }
}

/// Attaches the role's policies; attaching twice does nothing.
///
/// # Errors
/// When a call fails for good.
pub(crate) async fn attach(session: &Session, role: &Role) -> Result<(), Problem> {
    for policy in role.policies {
        let name = session.run().name(role.part);
        let request = session
            .iam
            .attach_role_policy()
            .role_name(name)
            .policy_arn(*policy);
        session
            .send("iam:AttachRolePolicy", Rule::LAGGING, || {
                request.clone().send()
            })
            .await?;
    }
    Ok(())
}

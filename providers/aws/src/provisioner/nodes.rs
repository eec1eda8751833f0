//! The node groups: found by name or made, waited for, and made again after a failure.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_eks::types::{
    AmiTypes, CapacityTypes, LaunchTemplateSpecification, Nodegroup, NodegroupScalingConfig,
    NodegroupStatus,
};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, poll_until};
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::run::RUN_TAG;

use crate::error::issue_text;
use crate::provisioner::iam_roles::NEW_ROLES;
use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::schedules::{self, is_stuck};
use crate::provisioner::session::Session;
use crate::provisioner::tags;
use crate::spec::{Capacity, NodeGroup};

/// Longest wait for a node group: 2 to 5 minutes, and EKS gives up after 15 to 25.
const ACTIVE_WITHIN: Duration = Duration::from_mins(35);
/// Longest wait for a node group to be gone: 3 to 10 minutes.
pub(crate) const GONE_WITHIN: Duration = Duration::from_mins(30);
/// The deletion of a node group that failed.
const DELETION: RetryPolicy = RetryPolicy::while_in_use(GONE_WITHIN);
/// How long a node group may stay invisible after it was asked for.
const VISIBLE_WITHIN: Duration = Duration::from_mins(1);

/// Where nodes run, and as what.
pub(crate) struct Placement<'a> {
    /// The ARN of their role.
    pub(crate) role: &'a str,
    /// Their subnets.
    pub(crate) subnets: &'a [String],
    /// The id of their group's launch template.
    pub(crate) template: &'a str,
}

/// Finds or makes a node group and waits until its nodes have joined.
///
/// # Errors
/// When a call fails for good, the name is taken, or the group fails: the next attempt then deletes
/// it and makes it again.
pub(crate) async fn ensure(
    session: &Session,
    group: &NodeGroup,
    placement: &Placement<'_>,
) -> Result<(), CallError> {
    let name = group.name.as_str();
    if let Some(known) = describe(session, name).await? {
        match known.status() {
            Some(
                NodegroupStatus::CreateFailed
                | NodegroupStatus::DeleteFailed
                | NodegroupStatus::Degraded,
            ) => delete(session, name, DELETION).await?,
            Some(NodegroupStatus::Deleting) => gone(session, name).await?,
            Some(NodegroupStatus::Creating)
                if is_stuck(session, known.created_at(), ACTIVE_WITHIN) =>
            {
                delete(session, name, DELETION).await?;
            }
            _ => return active(session, name).await,
        }
    }
    match create(session, group, placement).await {
        Err(error) if !error.is("ResourceInUseException") => return Err(error),
        _ => session.record(format!("node group {name}"), name),
    }
    active(session, name).await
}

async fn describe(session: &Session, name: &str) -> Result<Option<Nodegroup>, CallError> {
    let request = session
        .eks
        .describe_nodegroup()
        .cluster_name(tags::cluster(session.run()))
        .nodegroup_name(name);
    match send!(session, "eks:DescribeNodegroup", IDEMPOTENT, request) {
        Ok(answer) => Ok(answer.nodegroup),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn create(
    session: &Session,
    group: &NodeGroup,
    placement: &Placement<'_>,
) -> Result<(), CallError> {
    let name = group.name.as_str();
    let count = i32::try_from(group.count.0).unwrap_or(i32::MAX);
    let scaling = NodegroupScalingConfig::builder()
        .min_size(count)
        .max_size(count)
        .desired_size(count)
        .build();
    let token = session.idempotency_token(&[
        "node group",
        name,
        &session.connection.clock.now().to_string(),
    ]);
    let full_name = session.run().name(name);
    let tags: HashMap<String, String> = tags::tags(session.run(), &full_name, &[])
        .into_iter()
        .collect();
    let template = LaunchTemplateSpecification::builder()
        .id(placement.template)
        .version("1")
        .build();
    let request = session
        .eks
        .create_nodegroup()
        .cluster_name(tags::cluster(session.run()))
        .nodegroup_name(name)
        .node_role(placement.role)
        .set_subnets(Some(placement.subnets.to_vec()))
        .scaling_config(scaling)
        .instance_types(&group.instance_type.0)
        .ami_type(image_of(&group.instance_type.0))
        .capacity_type(match group.capacity {
            Capacity::OnDemand => CapacityTypes::OnDemand,
            Capacity::Spot => CapacityTypes::Spot,
        })
        .launch_template(template)
        .client_request_token(token)
        .set_tags(Some(tags));
    send!(session, "eks:CreateNodegroup", NEW_ROLES, request)?;
    Ok(())
}

/// The image for an instance type: by processor, and with drivers where there are GPUs.
fn image_of(instance_type: &str) -> AmiTypes {
    let family = instance_type.split('.').next().unwrap_or_default();
    let generation_on = family.trim_start_matches(|c: char| c.is_ascii_lowercase());
    if generation_on
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with('g')
    {
        AmiTypes::Al2023Arm64Standard
    } else if family.starts_with('g') || family.starts_with('p') {
        AmiTypes::Al2023X8664Nvidia
    } else {
        AmiTypes::Al2023X8664Standard
    }
}

async fn active(session: &Session, name: &str) -> Result<(), CallError> {
    let began = session.elapsed();
    let what = format!("node group {name}");
    let group = poll_until(session, schedules::NODES, ACTIVE_WITHIN, &what, || async {
        let Some(group) = describe(session, name).await? else {
            return Ok(
                if session.elapsed().saturating_sub(began) < VISIBLE_WITHIN {
                    Poll::Pending("not visible yet".to_owned())
                } else {
                    Poll::Failed("it does not exist any more".to_owned())
                },
            );
        };
        Ok(match group.status() {
            Some(NodegroupStatus::Active) => Poll::Ready(group),
            Some(NodegroupStatus::Creating | NodegroupStatus::Updating) | None => {
                Poll::Pending("CREATING".to_owned())
            }
            Some(status) => Poll::Failed(format!(
                "it is {status}: {}; the next attempt deletes it and makes it again",
                issues(&group)
            )),
        })
    })
    .await?;
    let ours = group.tags().and_then(|tags| tags.get(RUN_TAG));
    if ours.is_some_and(|id| *id == session.run().id) {
        session.record(format!("node group {name}"), name);
        Ok(())
    } else {
        Err(CallError::state(
            what,
            "it exists without this run's tag: remove it or rename yours",
        ))
    }
}

fn issues(group: &Nodegroup) -> String {
    let issues = group
        .health()
        .map(aws_sdk_eks::types::NodegroupHealth::issues)
        .unwrap_or_default();
    issue_text(issues.iter().map(|issue| {
        let code = issue
            .code()
            .map(aws_sdk_eks::types::NodegroupIssueCode::as_str);
        (code, issue.message())
    }))
}

/// The node groups of these clusters, of which there is one at most: `cluster/group`.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn list(
    session: &Session,
    clusters: Vec<String>,
) -> Result<Vec<String>, CallError> {
    let Some(cluster) = clusters.first() else {
        return Ok(Vec::new());
    };
    let request = session.eks.list_nodegroups().cluster_name(cluster);
    match pages!(session, "eks:ListNodegroups", request, nodegroups) {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        other => Ok(other?
            .iter()
            .map(|name| format!("{cluster}/{name}"))
            .collect()),
    }
}

/// Deletes a node group by its id in [`list`], and waits until it is gone.
///
/// # Errors
/// When the call fails for good, or it is not gone in time.
pub(crate) async fn remove(
    session: &Session,
    id: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let name = id.rsplit('/').next().unwrap_or_default();
    delete(session, name, policy).await
}

/// Deletes a node group and waits until it is gone; success when it is gone already.
async fn delete(session: &Session, name: &str, policy: RetryPolicy) -> Result<(), CallError> {
    let request = session
        .eks
        .delete_nodegroup()
        .cluster_name(tags::cluster(session.run()))
        .nodegroup_name(name);
    ignore_not_found(send!(session, "eks:DeleteNodegroup", policy, request))?;
    gone(session, name).await
}

/// Waits until a node group is gone.
async fn gone(session: &Session, name: &str) -> Result<(), CallError> {
    let what = format!("deletion of node group {name}");
    poll_until(session, schedules::GONE, GONE_WITHIN, &what, || async {
        Ok(match describe(session, name).await? {
            None => Poll::Ready(()),
            Some(group) => match group.status() {
                Some(NodegroupStatus::DeleteFailed) => {
                    Poll::Failed(format!("it is DELETE_FAILED: {}", issues(&group)))
                }
                other => Poll::Pending(other.map_or("unknown", NodegroupStatus::as_str).to_owned()),
            },
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_fits_the_processor_and_the_gpu() {
        let check = |instance_type: &str, expected: AmiTypes| {
            assert_eq!(image_of(instance_type), expected, "{instance_type}");
        };
        check("t3.medium", AmiTypes::Al2023X8664Standard);
        check("t3a.medium", AmiTypes::Al2023X8664Standard);
        check("t4g.medium", AmiTypes::Al2023Arm64Standard);
        check("m5.large", AmiTypes::Al2023X8664Standard);
        check("g4dn.xlarge", AmiTypes::Al2023X8664Nvidia);
        check("p5.48xlarge", AmiTypes::Al2023X8664Nvidia);
    }
}

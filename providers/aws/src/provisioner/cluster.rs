//! The cluster: found by name or made, waited for, and made again after a failure.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_eks::types::{
    AuthenticationMode, Cluster, ClusterStatus, CreateAccessConfigRequest, LogSetup, LogType,
    Logging, VpcConfigRequest,
};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, poll_until};
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::run::RUN_TAG;

use crate::error::issue_text;
use crate::provisioner::iam_roles::NEW_ROLES;
use crate::provisioner::requests::{IDEMPOTENT, send};
use crate::provisioner::schedules::{self, is_stuck};
use crate::provisioner::session::Session;
use crate::provisioner::tags;

/// Longest wait for a cluster to become active: it takes 8 to 12 minutes.
const ACTIVE_WITHIN: Duration = Duration::from_mins(30);
/// Longest wait for a cluster to be gone: it takes 3 to 8 minutes.
pub(crate) const GONE_WITHIN: Duration = Duration::from_mins(30);
/// The deletion of a cluster that failed.
const DELETION: RetryPolicy = RetryPolicy::while_in_use(GONE_WITHIN);
/// How long a cluster may stay invisible after it was asked for.
const VISIBLE_WITHIN: Duration = Duration::from_mins(1);

/// What a cluster is made of.
pub(crate) struct Parts<'a> {
    /// ARN of the control plane's role.
    pub(crate) role: &'a str,
    pub(crate) subnets: Vec<String>,
    /// The control plane's security group.
    pub(crate) group: &'a str,
}

/// Finds the cluster or asks for it. A failed one is deleted and made again. Returns the security group that EKS
/// made for it, if that is known already.
///
/// # Errors
/// When a call fails for good, or the name is taken.
pub(crate) async fn begin(
    session: &Session,
    parts: &Parts<'_>,
) -> Result<Option<String>, CallError> {
    let name = tags::cluster(session.run());
    if let Some(known) = describe(session).await? {
        check_ours(session, &known)?;
        match known.status() {
            Some(ClusterStatus::Failed) => remove(session, DELETION).await?,
            Some(ClusterStatus::Deleting) => gone(session).await?,
            Some(ClusterStatus::Creating)
                if is_stuck(session, known.created_at(), ACTIVE_WITHIN) =>
            {
                remove(session, DELETION).await?;
            }
            _ => {
                session.record("cluster", &name);
                return Ok(own_group(&known));
            }
        }
    }
    let made = match create(session, &name, parts).await {
        Ok(made) => made,
        // Taken by an earlier process of this run, or by someone else; the next read tells which.
        Err(error) if error.is("ResourceInUseException") => None,
        Err(error) => return Err(error),
    };
    session.record("cluster", &name);
    Ok(made.as_ref().and_then(own_group))
}

/// The security group that EKS made for the cluster, once it is visible.
fn own_group(cluster: &Cluster) -> Option<String> {
    cluster
        .resources_vpc_config()?
        .cluster_security_group_id()
        .filter(|group| !group.is_empty())
        .map(str::to_owned)
}

fn check_ours(session: &Session, cluster: &Cluster) -> Result<(), CallError> {
    if is_ours(session, cluster) {
        return Ok(());
    }
    Err(CallError::state(
        "eks:CreateCluster",
        format!(
            "a cluster `{}` exists without this run's tag: remove it or use another run id",
            cluster.name().unwrap_or_default()
        ),
    ))
}

/// Whether the cluster carries the run's tag.
pub(crate) fn is_ours(session: &Session, cluster: &Cluster) -> bool {
    let run = cluster.tags().and_then(|tags| tags.get(RUN_TAG));
    run.is_some_and(|id| *id == session.run().id)
}

/// The cluster, if it exists.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn describe(session: &Session) -> Result<Option<Cluster>, CallError> {
    let request = session
        .eks
        .describe_cluster()
        .name(tags::cluster(session.run()));
    match send!(session, "eks:DescribeCluster", IDEMPOTENT, request) {
        Ok(answer) => Ok(answer.cluster),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn create(
    session: &Session,
    name: &str,
    parts: &Parts<'_>,
) -> Result<Option<Cluster>, CallError> {
    let vpc = VpcConfigRequest::builder()
        .set_subnet_ids(Some(parts.subnets.clone()))
        .security_group_ids(parts.group)
        .endpoint_public_access(true)
        .endpoint_private_access(true)
        .build();
    let access = CreateAccessConfigRequest::builder()
        .authentication_mode(AuthenticationMode::ApiAndConfigMap)
        .bootstrap_cluster_creator_admin_permissions(true)
        .build();
    // The token holds the time: repetitions within this call are safe, and after a failed cluster was deleted a new
    // one is really new. Other processes are refused by the name.
    let token =
        session.idempotency_token(&["cluster", name, &session.connection.clock.now().to_string()]);
    let tags: HashMap<String, String> = tags::tags(session.run(), name, &[]).into_iter().collect();
    let mut request = session
        .eks
        .create_cluster()
        .name(name)
        .version(&session.spec.kubernetes_version.0)
        .role_arn(parts.role)
        .resources_vpc_config(vpc)
        .access_config(access)
        .client_request_token(token)
        .set_tags(Some(tags));
    if session.spec.control_plane_logs {
        let types = [
            LogType::Api,
            LogType::Audit,
            LogType::Authenticator,
            LogType::ControllerManager,
            LogType::Scheduler,
        ];
        let on = LogSetup::builder()
            .enabled(true)
            .set_types(Some(types.to_vec()))
            .build();
        request = request.logging(Logging::builder().cluster_logging(on).build());
    }
    let answer = send!(session, "eks:CreateCluster", NEW_ROLES, request)?;
    Ok(answer.cluster)
}

/// Waits for the id of the security group that EKS makes for the cluster: it is known long before
/// the cluster is active.
///
/// # Errors
/// When the cluster fails, or the group is not visible in time.
pub(crate) async fn security_group(session: &Session) -> Result<String, CallError> {
    let what = "the cluster's security group";
    poll_until(session, schedules::CLUSTER, ACTIVE_WITHIN, what, || async {
        let known = describe(session).await?;
        let failed = |cluster: &Cluster| cluster.status() == Some(&ClusterStatus::Failed);
        if let Some(cluster) = known.as_ref().filter(|cluster| failed(cluster)) {
            return Ok(Poll::Failed(format!("it is FAILED: {}", issues(cluster))));
        }
        Ok(known
            .as_ref()
            .and_then(own_group)
            .map_or_else(|| Poll::Pending("not known yet".to_owned()), Poll::Ready))
    })
    .await
}

/// Waits until the cluster is active.
///
/// # Errors
/// When the cluster fails: the next attempt then deletes it and makes it again.
pub(crate) async fn active(session: &Session) -> Result<Cluster, CallError> {
    let began = session.elapsed();
    let what = format!("cluster {}", tags::cluster(session.run()));
    let cluster = poll_until(
        session,
        schedules::CLUSTER,
        ACTIVE_WITHIN,
        &what,
        || async {
            let Some(cluster) = describe(session).await? else {
                return Ok(
                    if session.elapsed().saturating_sub(began) < VISIBLE_WITHIN {
                        Poll::Pending("not visible yet".to_owned())
                    } else {
                        Poll::Failed("it does not exist any more".to_owned())
                    },
                );
            };
            Ok(match cluster.status() {
                Some(ClusterStatus::Active | ClusterStatus::Updating) => Poll::Ready(cluster),
                Some(status @ (ClusterStatus::Failed | ClusterStatus::Deleting)) => {
                    Poll::Failed(format!(
                        "it is {status}: {}; the next attempt deletes it and makes it again",
                        issues(&cluster)
                    ))
                }
                other => Poll::Pending(other.map_or("unknown", ClusterStatus::as_str).to_owned()),
            })
        },
    )
    .await?;
    check_ours(session, &cluster)?;
    Ok(cluster)
}

fn issues(cluster: &Cluster) -> String {
    let issues = cluster
        .health()
        .map(aws_sdk_eks::types::ClusterHealth::issues)
        .unwrap_or_default();
    issue_text(issues.iter().map(|issue| {
        let code = issue
            .code()
            .map(aws_sdk_eks::types::ClusterIssueCode::as_str);
        (code, issue.message())
    }))
}

/// The cluster, if it exists and is ours.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn list(session: &Session) -> Result<Vec<String>, CallError> {
    let known = describe(session).await?;
    let ours = known.filter(|cluster| is_ours(session, cluster));
    let name = ours.as_ref().and_then(Cluster::name);
    Ok(name.into_iter().map(str::to_owned).collect())
}

/// Deletes the cluster and waits until it is gone; success when it is gone already. AWS refuses while the cluster is
/// being made or changed.
///
/// # Errors
/// When the call fails for good, or it is not gone in time.
pub(crate) async fn remove(session: &Session, policy: RetryPolicy) -> Result<(), CallError> {
    let request = session
        .eks
        .delete_cluster()
        .name(tags::cluster(session.run()));
    ignore_not_found(send!(session, "eks:DeleteCluster", policy, request))?;
    gone(session).await
}

/// Waits until the cluster is gone.
async fn gone(session: &Session) -> Result<(), CallError> {
    let what = format!("deletion of cluster {}", tags::cluster(session.run()));
    let began = session.elapsed();
    poll_until(session, schedules::GONE, GONE_WITHIN, &what, || async {
        Ok(match describe(session).await? {
            None => Poll::Ready(()),
            Some(cluster) => match cluster.status() {
                Some(ClusterStatus::Deleting) | None => Poll::Pending("DELETING".to_owned()),
                Some(ClusterStatus::Failed) => {
                    Poll::Failed(format!("it is FAILED: {}", issues(&cluster)))
                }
                // EKS has no state for a failed deletion: the cluster is simply active again.
                Some(ClusterStatus::Active)
                    if session.elapsed().saturating_sub(began) > VISIBLE_WITHIN =>
                {
                    Poll::Failed("EKS gave it up: the cluster is ACTIVE again".to_owned())
                }
                Some(other) => Poll::Pending(other.as_str().to_owned()),
            },
        })
    })
    .await
}

//! Deletes roles; instance profiles and policies go first, or IAM refuses.

use std::time::Duration;

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::teardown::FoundMarker;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::iam_roles::{self, Role, is_ours};
use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;

/// The run's marker, the control plane's role, if it exists.
///
/// # Errors
/// When it could not be read.
pub(super) async fn marker(session: &Session) -> Result<Option<FoundMarker>, CallError> {
    let Some((id, made_at)) = find(session, &iam_roles::CLUSTER).await? else {
        return Ok(None);
    };
    let now = session.connection.clock.now().as_second();
    let seconds = u64::try_from(now.saturating_sub(made_at));
    let age = Duration::from_secs(seconds.unwrap_or_default());
    Ok(Some(FoundMarker { id, age }))
}

/// The nodes' role, if it exists.
///
/// # Errors
/// When it could not be read.
pub(super) async fn list(session: &Session) -> Result<Vec<String>, CallError> {
    let found = find(session, &iam_roles::NODES).await?;
    Ok(found.into_iter().map(|(name, _)| name).collect())
}

/// The name of a role of the run, and when it was made, in seconds since 1970.
async fn find(session: &Session, role: &Role) -> Result<Option<(String, i64)>, CallError> {
    let name = session.run().name(role.part);
    let request = session.iam.get_role().role_name(&name);
    match send!(session, "iam:GetRole", IDEMPOTENT, request) {
        Ok(answer) => {
            let role = answer.role();
            let ours = role.filter(|role| is_ours(session.run(), role.tags()));
            Ok(ours.map(|role| (name, role.create_date().secs())))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Deletes a role of the run with everything attached to it; success when it is gone already.
///
/// # Errors
/// When a call fails for good.
pub(super) async fn delete(
    session: &Session,
    role: &Role,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let Some((name, _)) = find(session, role).await? else {
        return Ok(());
    };
    ignore_not_found(profiles(session, &name, policy).await)?;
    ignore_not_found(attached(session, &name).await)?;
    ignore_not_found(inline(session, &name).await)?;
    let request = session.iam.delete_role().role_name(&name);
    ignore_not_found(send!(session, "iam:DeleteRole", policy, request))
}

/// Takes the role out of its instance profiles. EKS makes `eks-…` ones; those it forgot are deleted.
async fn profiles(session: &Session, role: &str, policy: RetryPolicy) -> Result<(), CallError> {
    let request = session
        .iam
        .list_instance_profiles_for_role()
        .role_name(role);
    let profiles = pages!(
        session,
        "iam:ListInstanceProfilesForRole",
        request,
        instance_profiles,
        set_marker,
        marker
    )?;
    for profile in profiles {
        let name = profile.instance_profile_name();
        let request = session
            .iam
            .remove_role_from_instance_profile()
            .role_name(role)
            .instance_profile_name(name);
        let call = "iam:RemoveRoleFromInstanceProfile";
        ignore_not_found(send!(session, call, IDEMPOTENT, request))?;
        if name.starts_with("eks-") {
            let request = session
                .iam
                .delete_instance_profile()
                .instance_profile_name(name);
            let call = "iam:DeleteInstanceProfile";
            ignore_not_found(send!(session, call, policy, request))?;
        }
    }
    Ok(())
}

async fn attached(session: &Session, role: &str) -> Result<(), CallError> {
    let request = session.iam.list_attached_role_policies().role_name(role);
    let policies = pages!(
        session,
        "iam:ListAttachedRolePolicies",
        request,
        attached_policies,
        set_marker,
        marker
    )?;
    for policy in policies.iter().filter_map(|policy| policy.policy_arn()) {
        let request = session
            .iam
            .detach_role_policy()
            .role_name(role)
            .policy_arn(policy);
        let call = "iam:DetachRolePolicy";
        ignore_not_found(send!(session, call, IDEMPOTENT, request))?;
    }
    Ok(())
}

async fn inline(session: &Session, role: &str) -> Result<(), CallError> {
    let request = session.iam.list_role_policies().role_name(role);
    let policies = pages!(
        session,
        "iam:ListRolePolicies",
        request,
        policy_names,
        set_marker,
        marker
    )?;
    for policy in policies {
        let request = session
            .iam
            .delete_role_policy()
            .role_name(role)
            .policy_name(policy);
        let call = "iam:DeleteRolePolicy";
        ignore_not_found(send!(session, call, IDEMPOTENT, request))?;
    }
    Ok(())
}

//! IAM roles: free, but a forgotten role is an access that no one manages.
//!
//! `ListRoles` has no tags; they are read for those that are asked about. Roles that belong to a
//! service stay forever, by AWS's design.

use kubeproof_cloudkit::CallError;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{RETAINED_PROPERTY, Resource};

use super::entry::{Entry, property};
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed, is_gone, pages};

/// The path of service-linked roles.
const SERVICE_LINKED: &str = "/aws-service-role/";

pub const KIND: Kind = Kind::global("iam_role", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let pages = pages(
        "iam:ListRoles",
        clients.iam.list_roles().into_paginator().send(),
    )
    .await?;
    Ok(pages
        .iter()
        .flat_map(aws_sdk_iam::operation::list_roles::ListRolesOutput::roles)
        .map(entry)
        .collect())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        let answer = match clients
            .iam
            .list_role_tags()
            .role_name(&resource.id)
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed("iam:ListRoleTags", &error)),
        };
        let tags = answer.tags().iter();
        resource
            .tags
            .extend(tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    if property(resource, "path").starts_with(SERVICE_LINKED) {
        let call = clients
            .iam
            .delete_service_linked_role()
            .role_name(&resource.id)
            .send();
        return deleted("iam:DeleteServiceLinkedRole", call.await);
    }
    empty(clients, &resource.id).await?;
    let call = clients.iam.delete_role().role_name(&resource.id).send();
    deleted("iam:DeleteRole", call.await)
}

/// Why a role of this path may remain, if it may.
pub fn why_it_stays(path: &str) -> Option<&'static str> {
    path.starts_with(SERVICE_LINKED)
        .then_some("a service-linked role: AWS makes it for the account at first use and keeps it")
}

fn entry(role: &aws_sdk_iam::types::Role) -> Resource {
    let stays = why_it_stays(role.path());
    Entry::new("iam_role", Some(role.role_name()), "global")
        .named(Some(role.role_name()))
        .incarnation(Some(role.role_id()))
        .created(Some(role.create_date()))
        .property("path", Some(role.path()))
        .property("arn", Some(role.arn()))
        .property(RETAINED_PROPERTY, stays)
        .done()
}

/// Removes what keeps a role from being deleted: policies, inline policies, instance profiles.
async fn empty(clients: &Clients, role: &str) -> Result<(), ObserverError> {
    let iam = &clients.iam;
    let call = "iam:ListAttachedRolePolicies";
    let stream = iam
        .list_attached_role_policies()
        .role_name(role)
        .into_paginator()
        .send();
    for policy in existing(pages(call, stream).await)?
        .iter()
        .flat_map(aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput::attached_policies)
    {
        let arn = policy.policy_arn().unwrap_or_default();
        let call = iam
            .detach_role_policy()
            .role_name(role)
            .policy_arn(arn)
            .send();
        deleted("iam:DetachRolePolicy", call.await)?;
    }
    let stream = iam
        .list_role_policies()
        .role_name(role)
        .into_paginator()
        .send();
    let inline = existing(pages("iam:ListRolePolicies", stream).await)?;
    for name in inline
        .iter()
        .flat_map(aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput::policy_names)
    {
        let call = iam
            .delete_role_policy()
            .role_name(role)
            .policy_name(name)
            .send();
        deleted("iam:DeleteRolePolicy", call.await)?;
    }
    let call = "iam:ListInstanceProfilesForRole";
    let stream = iam
        .list_instance_profiles_for_role()
        .role_name(role)
        .into_paginator()
        .send();
    let profiles = existing(pages(call, stream).await)?;
    for profile in profiles.iter().flat_map(aws_sdk_iam::operation::list_instance_profiles_for_role::ListInstanceProfilesForRoleOutput::instance_profiles) {
        let call = iam
            .remove_role_from_instance_profile()
            .instance_profile_name(profile.instance_profile_name())
            .role_name(role)
            .send();
        deleted("iam:RemoveRoleFromInstanceProfile", call.await)?;
    }
    Ok(())
}

/// The listing of a role that is gone is empty.
fn existing<T>(pages: Result<Vec<T>, CallError>) -> Result<Vec<T>, CallError> {
    match pages {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        other => other,
    }
}

//! IAM policies of the account itself: free; guides for add-ons tell people to make them by hand.
//!
//! AWS's own policies are left out (scope `Local`). Tags are read for those that are asked about.

use aws_sdk_iam::types::PolicyScopeType;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed, is_gone, pages};

/// All policies that the account made.
pub const KIND: Kind = Kind::global("iam_policy_customer", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let call = clients.iam.list_policies().scope(PolicyScopeType::Local);
    let pages = pages("iam:ListPolicies", call.into_paginator().send()).await?;
    let entry = |policy: &aws_sdk_iam::types::Policy| {
        Entry::new("iam_policy_customer", policy.arn(), "global")
            .named(policy.policy_name())
            .incarnation(policy.policy_id())
            .created(policy.create_date())
            .property("path", policy.path())
            .done()
    };
    Ok(pages
        .iter()
        .flat_map(aws_sdk_iam::operation::list_policies::ListPoliciesOutput::policies)
        .map(entry)
        .collect())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        let answer = match clients
            .iam
            .list_policy_tags()
            .policy_arn(&resource.id)
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed("iam:ListPolicyTags", &error)),
        };
        let tags = answer.tags().iter();
        resource
            .tags
            .extend(tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    detach(clients, &resource.id).await?;
    let stream = clients
        .iam
        .list_policy_versions()
        .policy_arn(&resource.id)
        .into_paginator();
    let pages = pages("iam:ListPolicyVersions", stream.send()).await?;
    let old = pages
        .iter()
        .flat_map(aws_sdk_iam::operation::list_policy_versions::ListPolicyVersionsOutput::versions)
        .filter(|version| !version.is_default_version());
    for version in old {
        let call = clients.iam.delete_policy_version().policy_arn(&resource.id);
        let call = call.set_version_id(version.version_id.clone());
        deleted("iam:DeletePolicyVersion", call.send().await)?;
    }
    let call = clients.iam.delete_policy().policy_arn(&resource.id).send();
    deleted("iam:DeletePolicy", call.await)
}

/// Detaches a policy from the roles that use it. Users and groups belong to people: those keep it, and the deletion
/// is refused.
async fn detach(clients: &Clients, arn: &str) -> Result<(), ObserverError> {
    let stream = clients
        .iam
        .list_entities_for_policy()
        .policy_arn(arn)
        .into_paginator()
        .send();
    for page in pages("iam:ListEntitiesForPolicy", stream).await? {
        for role in page.policy_roles() {
            let name = role.role_name().unwrap_or_default();
            let call = clients
                .iam
                .detach_role_policy()
                .role_name(name)
                .policy_arn(arn)
                .send();
            deleted("iam:DetachRolePolicy", call.await)?;
        }
    }
    Ok(())
}

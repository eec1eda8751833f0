//! IAM instance profiles: free; each keeps its role from being deleted.
//!
//! `ListInstanceProfiles` has no tags; they are read for those that are asked about.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, joined, properties};
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed, is_gone, pages};

pub const KIND: Kind = Kind::global("iam_instance_profile", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.iam.list_instance_profiles().into_paginator().send();
    let pages = pages("iam:ListInstanceProfiles", stream).await?;
    Ok(pages
        .iter()
        .flat_map(aws_sdk_iam::operation::list_instance_profiles::ListInstanceProfilesOutput::instance_profiles)
        .map(entry)
        .collect())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        let call = clients.iam.list_instance_profile_tags();
        let answer = match call.instance_profile_name(&resource.id).send().await {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed("iam:ListInstanceProfileTags", &error)),
        };
        let tags = answer.tags().iter();
        resource
            .tags
            .extend(tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    for role in properties(resource, "roles") {
        let call = clients
            .iam
            .remove_role_from_instance_profile()
            .instance_profile_name(&resource.id)
            .role_name(role)
            .send();
        deleted("iam:RemoveRoleFromInstanceProfile", call.await)?;
    }
    let call = clients
        .iam
        .delete_instance_profile()
        .instance_profile_name(&resource.id);
    deleted("iam:DeleteInstanceProfile", call.send().await)
}

fn entry(profile: &aws_sdk_iam::types::InstanceProfile) -> Resource {
    let name = profile.instance_profile_name();
    Entry::new("iam_instance_profile", Some(name), "global")
        .named(Some(name))
        .incarnation(Some(profile.instance_profile_id()))
        .created(Some(profile.create_date()))
        .property("path", Some(profile.path()))
        .property(
            "roles",
            joined(
                profile
                    .roles()
                    .iter()
                    .map(aws_sdk_iam::types::Role::role_name),
            ),
        )
        .done()
}

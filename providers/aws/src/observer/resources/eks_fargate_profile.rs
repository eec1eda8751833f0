//! EKS Fargate profiles: free in themselves; each keeps its cluster from being deleted.
//!
//! Listed by cluster, because the API has no other way; the id is `cluster/profile`.

use aws_sdk_eks::types::FargateProfileStatus;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::eks_cluster::{described, names};
use super::entry::Entry;
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed, is_gone, pages};

pub const KIND: Kind = Kind::regional("eks_fargate_profile", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let mut all = Vec::new();
    for cluster in names(clients).await? {
        let call = clients.eks.list_fargate_profiles().cluster_name(&cluster);
        let pages = match pages("eks:ListFargateProfiles", call.into_paginator().send()).await {
            Ok(pages) => pages,
            // The cluster went between the two calls, and its profiles with it.
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error.into()),
        };
        for name in pages.iter().flat_map(aws_sdk_eks::operation::list_fargate_profiles::ListFargateProfilesOutput::fargate_profile_names) {
            let id = format!("{cluster}/{name}");
            let entry = Entry::new("eks_fargate_profile", Some(&id), &clients.region)
                .named(Some(name))
                .property("cluster", Some(&cluster));
            all.push(entry.done());
        }
    }
    Ok(all)
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        let (cluster, name) = resource.id.split_once('/').unwrap_or((&resource.id, ""));
        let call = clients.eks.describe_fargate_profile();
        let call = call.cluster_name(cluster).fargate_profile_name(name);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed("eks:DescribeFargateProfile", &error)),
        };
        let Some(profile) = answer.fargate_profile() else {
            continue;
        };
        let status = profile.status().map(FargateProfileStatus::as_str);
        described(resource, profile.tags(), status, profile.created_at());
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let (cluster, name) = resource.id.split_once('/').unwrap_or((&resource.id, ""));
    let call = clients.eks.delete_fargate_profile();
    let call = call.cluster_name(cluster).fargate_profile_name(name);
    deleted("eks:DeleteFargateProfile", call.send().await)
}

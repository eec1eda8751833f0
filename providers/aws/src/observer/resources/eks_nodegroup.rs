//! EKS managed node groups: free in themselves, their instances are not.
//!
//! Listed by cluster, because the API has no other way; the id is `cluster/nodegroup`.

use aws_sdk_eks::types::NodegroupStatus;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::eks_cluster::{described, names};
use super::entry::Entry;
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed, is_gone, pages};

pub const KIND: Kind = Kind::regional("eks_nodegroup", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let mut all = Vec::new();
    for cluster in names(clients).await? {
        let call = clients.eks.list_nodegroups().cluster_name(&cluster);
        let pages = match pages("eks:ListNodegroups", call.into_paginator().send()).await {
            Ok(pages) => pages,
            // The cluster went between the two calls, and its node groups with it.
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error.into()),
        };
        for name in pages
            .iter()
            .flat_map(aws_sdk_eks::operation::list_nodegroups::ListNodegroupsOutput::nodegroups)
        {
            let id = format!("{cluster}/{name}");
            let entry = Entry::new("eks_nodegroup", Some(&id), &clients.region)
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
        let call = clients
            .eks
            .describe_nodegroup()
            .cluster_name(cluster)
            .nodegroup_name(name);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed("eks:DescribeNodegroup", &error)),
        };
        let Some(group) = answer.nodegroup() else {
            continue;
        };
        let status = group.status().map(NodegroupStatus::as_str);
        described(resource, group.tags(), status, group.created_at());
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let (cluster, name) = resource.id.split_once('/').unwrap_or((&resource.id, ""));
    let call = clients
        .eks
        .delete_nodegroup()
        .cluster_name(cluster)
        .nodegroup_name(name)
        .send();
    deleted("eks:DeleteNodegroup", call.await)
}

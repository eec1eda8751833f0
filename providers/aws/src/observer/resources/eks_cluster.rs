//! EKS clusters: the control plane costs by the hour.
//!
//! `ListClusters` gives names alone; tags and state are read for those that are asked about.

use std::collections::HashMap;

use aws_sdk_eks::types::ClusterStatus;
use aws_smithy_types::DateTime;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, month_of_hours, set_state};
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed, is_gone, pages, timestamp};

pub const KIND: Kind = Kind::regional("eks_cluster", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let names = names(clients).await?;
    let entry = |name: &String| {
        Entry::new("eks_cluster", Some(name), &clients.region)
            .named(Some(name))
            .done()
    };
    Ok(names.iter().map(entry).collect())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        let answer = clients
            .eks
            .describe_cluster()
            .name(&resource.id)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed("eks:DescribeCluster", &error)),
        };
        let Some(cluster) = answer.cluster() else {
            continue;
        };
        let status = cluster.status().map(ClusterStatus::as_str);
        described(resource, cluster.tags(), status, cluster.created_at());
        let config = cluster.resources_vpc_config();
        if let Some(vpc) = config.and_then(|config| config.vpc_id()) {
            resource
                .properties
                .insert("vpc_id".to_owned(), vpc.to_owned());
        }
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients.eks.delete_cluster().name(&resource.id).send();
    deleted("eks:DeleteCluster", call.await)
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    month_of_hours(
        resource.scope.as_str(),
        "control_plane",
        "EKS cluster standard support",
    )
}

/// The names of all clusters: node groups and Fargate profiles are listed by cluster.
pub async fn names(clients: &Clients) -> Result<Vec<String>, ObserverError> {
    let stream = clients.eks.list_clusters().into_paginator().send();
    let pages = pages("eks:ListClusters", stream).await?;
    Ok(pages
        .iter()
        .flat_map(|page| page.clusters().iter().cloned())
        .collect())
}

/// Adds what describing a resource of EKS shows of it. Its name is used again; the time of creation tells which one
/// it is.
pub fn described(
    resource: &mut Resource,
    tags: Option<&HashMap<String, String>>,
    status: Option<&str>,
    created: Option<&DateTime>,
) {
    let tags = tags.into_iter().flatten();
    let tags = tags.map(|(key, value)| (key.clone(), value.clone()));
    resource.tags.extend(tags);
    set_state(resource, status);
    resource.created_at = created.and_then(timestamp);
    resource.incarnation = created.map(|at| at.secs().to_string());
}

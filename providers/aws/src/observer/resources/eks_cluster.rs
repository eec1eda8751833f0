//! EKS clusters: the control plane costs by the hour.
//!
//! `ListClusters` gives names alone; tags and state are read for those that are asked about.

use async_trait::async_trait;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, month_of_hours, regional, set_state};
use super::{ListResult, Placed, Type};
use crate::observer::clients::{Clients, deleted, failed, is_gone, pages, timestamp};

pub struct Clusters;

#[async_trait]
impl Type for Clusters {
    fn placed(&self) -> Placed {
        regional("eks_cluster")
    }

    async fn list(&self, clients: &Clients) -> ListResult {
        let names = names(clients).await?;
        let entry = |name: &String| {
            Entry::new("eks_cluster", Some(name), &clients.region)
                .named(Some(name))
                .done()
        };
        Ok(names.iter().map(entry).collect())
    }

    async fn complete(
        &self,
        clients: &Clients,
        resources: &mut [Resource],
    ) -> Result<(), ObserverError> {
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
            resource
                .tags
                .extend(cluster.tags().into_iter().flatten().map(owned));
            set_state(
                resource,
                cluster
                    .status()
                    .map(aws_sdk_eks::types::ClusterStatus::as_str),
            );
            resource.created_at = cluster.created_at().and_then(timestamp);
            if let Some(vpc) = cluster
                .resources_vpc_config()
                .and_then(|config| config.vpc_id())
            {
                resource
                    .properties
                    .insert("vpc_id".to_owned(), vpc.to_owned());
            }
        }
        Ok(())
    }

    async fn delete(&self, clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
        let call = clients.eks.delete_cluster().name(&resource.id).send();
        deleted("eks:DeleteCluster", call.await)
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<Decimal> {
        month_of_hours(
            resource.scope.as_str(),
            "control_plane",
            "EKS cluster standard support",
        )
    }
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

/// A tag of EKS as one of ours.
pub fn owned((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

//! What the observer reads of the instances behind managed nodes: groups, tags, root disks.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, Instance, InstanceLifecycleType, Volume};
use aws_sdk_eks::types::Cluster;
use kubeproof_contract::run::Run;

use super::{Observation, is_tagged};
use crate::observer::clients::{Clients, pages};

/// The tag that EKS sets on what it launches for a cluster.
const CLUSTER_TAG: &str = "tag:eks:cluster-name";

/// An instance of the run's cluster that runs or is about to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeView {
    pub id: String,
    pub instance_type: String,
    /// Its security groups: id and name.
    pub groups: Vec<(String, String)>,
    /// Whether it carries the run's tag.
    pub tagged: bool,
    /// Whether it is a spot instance.
    pub spot: bool,
    /// Its root disk: size in GB, and whether it carries the run's tag.
    pub disk: Option<(i32, bool)>,
}

/// Reads the instances of the cluster and their volumes.
///
/// # Errors
/// When they could not be read.
pub async fn read(
    clients: &Clients,
    run: &Run,
    cluster: &Observation<Option<Cluster>>,
) -> Observation<Vec<NodeView>> {
    let Some(cluster) = cluster.clone()? else {
        return Ok(Vec::new());
    };
    let instances = instances(clients, cluster.name().unwrap_or_default()).await?;
    let volumes = root_volumes(clients, &instances).await?;
    let nodes = instances.iter().map(|one| node(run, one, &volumes));
    Ok(nodes.collect())
}

fn node(run: &Run, instance: &Instance, volumes: &BTreeMap<String, Volume>) -> NodeView {
    let id = instance.instance_id().unwrap_or_default();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let disk = volumes.get(id).map(|volume| {
        let size = volume.size().unwrap_or_default();
        (size, is_tagged(run, volume.tags()))
    });
    NodeView {
        id: id.to_owned(),
        instance_type: text(
            instance
                .instance_type()
                .map(aws_sdk_ec2::types::InstanceType::as_str),
        ),
        groups: instance
            .security_groups()
            .iter()
            .map(|group| (text(group.group_id()), text(group.group_name())))
            .collect(),
        tagged: is_tagged(run, instance.tags()),
        spot: instance.instance_lifecycle() == Some(&InstanceLifecycleType::Spot),
        disk,
    }
}

async fn instances(clients: &Clients, cluster: &str) -> Observation<Vec<Instance>> {
    let of_cluster = Filter::builder().name(CLUSTER_TAG).values(cluster).build();
    let alive = Filter::builder()
        .name("instance-state-name")
        .values("pending")
        .values("running")
        .build();
    let stream = clients
        .ec2
        .describe_instances()
        .filters(of_cluster)
        .filters(alive)
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeInstances", stream).await?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.reservations.unwrap_or_default())
        .flat_map(|reservation| reservation.instances.unwrap_or_default())
        .collect())
}

/// The root volumes of these instances, by instance. Attached volumes of claims are left out.
async fn root_volumes(
    clients: &Clients,
    instances: &[Instance],
) -> Observation<BTreeMap<String, Volume>> {
    let ids: Vec<String> = instances
        .iter()
        .filter_map(|one| one.instance_id.clone())
        .collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let attached = Filter::builder()
        .name("attachment.instance-id")
        .set_values(Some(ids))
        .build();
    let stream = clients
        .ec2
        .describe_volumes()
        .filters(attached)
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeVolumes", stream).await?;
    let volumes = pages
        .into_iter()
        .flat_map(|page| page.volumes.unwrap_or_default());
    Ok(volumes
        .filter_map(|volume| {
            let held = volume.attachments().iter().find(|held| {
                instances.iter().any(|one| {
                    one.instance_id() == held.instance_id()
                        && one.root_device_name() == held.device()
                })
            })?;
            Some((held.instance_id()?.to_owned(), volume.clone()))
        })
        .collect())
}

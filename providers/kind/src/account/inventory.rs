//! Lists what Kind clusters can leave behind with the engine, each with the cluster that it belongs to.
//!
//! Apart from judging. Resources of all clusters are listed, not only the run's: a baseline needs them.

use std::collections::{BTreeMap, HashMap};

use bollard::models::ContainerSummary;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptions, ListVolumesOptions,
};
use jiff::Timestamp;
use kubeproof_contract::account::ObserverError;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::RUN_TAG;

use super::trail::Trail;
use super::{CLUSTER_FACT, IMAGE, NETWORK, NODE, PORT, REGION, VOLUME};
use crate::engine::client::{Engine, failed};

/// The label by which kind knows its nodes; its value is the cluster's name.
pub const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";
/// The label that says what a node is.
pub const ROLE_LABEL: &str = "io.x-k8s.kind.role";
/// The fact that says why a resource belongs to its cluster.
pub const WHY_FACT: &str = "belongs_because";
/// The fact that the harness knows: why a resource may stay.
const STAYS_FACT: &str = "stays";
/// How the names of all clusters of ours begin; the run's id follows.
const OUR_PREFIX: &str = "kp-";
/// The network that kind shares between all clusters that name none.
const SHARED_NETWORK: &str = "kind";

/// All containers, also those that do not run.
pub async fn containers(engine: &Engine) -> Result<Vec<ContainerSummary>, ObserverError> {
    let options = ListContainersOptionsBuilder::default().all(true).build();
    engine
        .docker()
        .await?
        .list_containers(Some(options))
        .await
        .map_err(|error| failed("docker:ContainerList", &error))
}

/// The cluster that a container is a node of.
pub fn cluster_of(labels: Option<&HashMap<String, String>>) -> Option<String> {
    labels?.get(CLUSTER_LABEL).cloned()
}

/// A container's name.
pub fn name_of(container: &ContainerSummary) -> String {
    let names = container.names.as_deref().unwrap_or_default();
    names
        .first()
        .map_or_else(String::new, |name| name.trim_start_matches('/').to_owned())
}

/// Marks a resource as one of a cluster, with the reason.
fn belongs(resource: &mut Resource, cluster: &str, why: String) {
    if let Some(run) = cluster.strip_prefix(OUR_PREFIX) {
        resource.tags.insert(RUN_TAG.to_owned(), run.to_owned());
    }
    let facts = [(CLUSTER_FACT, cluster.to_owned()), (WHY_FACT, why)];
    for (key, value) in facts {
        resource.facts.insert(key.to_owned(), value);
    }
}

/// The nodes of all clusters.
pub async fn nodes(engine: &Engine) -> Result<Vec<Resource>, ObserverError> {
    let mut nodes = Vec::new();
    for container in containers(engine).await? {
        let Some(cluster) = cluster_of(container.labels.as_ref()) else {
            continue;
        };
        let name = name_of(&container);
        let mut node = Resource::new(NODE, container.id.unwrap_or_default(), REGION);
        let why = format!("its label {CLUSTER_LABEL} is {cluster}");
        belongs(&mut node, &cluster, why);
        node.name = Some(name);
        node.state = container
            .state
            .map(|state| state.to_string())
            .unwrap_or_default();
        node.created_at = container
            .created
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        nodes.push(node);
    }
    Ok(sorted(nodes))
}

/// The ports of this machine that lead to nodes.
pub async fn ports(engine: &Engine) -> Result<Vec<Resource>, ObserverError> {
    let mut ports = BTreeMap::new();
    for container in containers(engine).await? {
        let Some(cluster) = cluster_of(container.labels.as_ref()) else {
            continue;
        };
        let name = name_of(&container);
        for port in container.ports.unwrap_or_default() {
            let Some(public) = port.public_port else {
                continue;
            };
            let address = port.ip.unwrap_or_default();
            let id = format!("{address}:{public}");
            let mut resource = Resource::new(PORT, id.clone(), REGION);
            let why = format!("it leads to port {} of {name}", port.private_port);
            belongs(&mut resource, &cluster, why);
            ports.insert(id, resource);
        }
    }
    Ok(ports.into_values().collect())
}

/// All volumes; those that a node mounts, or did mount, belong to its cluster.
pub async fn volumes(engine: &Engine, trail: &Trail) -> Result<Vec<Resource>, ObserverError> {
    // The containers first: a volume that comes in between is dangling for one look at most.
    let mut mounted: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
    for container in containers(engine).await? {
        let (name, cluster) = (name_of(&container), cluster_of(container.labels.as_ref()));
        for mount in container.mounts.unwrap_or_default() {
            if let Some(volume) = mount.name {
                mounted.insert(volume, (name.clone(), cluster.clone()));
            }
        }
    }
    let listed = engine
        .docker()
        .await?
        .list_volumes(None::<ListVolumesOptions>)
        .await
        .map_err(|error| failed("docker:VolumeList", &error))?;
    let mut volumes = Vec::new();
    for volume in listed.volumes.unwrap_or_default() {
        let mut resource = Resource::new(VOLUME, volume.name.clone(), REGION);
        match mounted.get(&volume.name) {
            Some((container, Some(cluster))) => {
                belongs(&mut resource, cluster, format!("{container} mounts it"));
            }
            Some((container, None)) => {
                // Of somebody else's container: no cluster of anybody's.
                let why = format!("{container} mounts it, which is no node");
                belongs(&mut resource, "(none)", why);
            }
            None => {
                if let Some(owner) = trail.owner_of_volume(&volume.name) {
                    let why = format!("{} mounted it, as the engine's events say", owner.name);
                    belongs(&mut resource, &owner.cluster, why);
                }
            }
        }
        volumes.push(resource);
    }
    Ok(sorted(volumes))
}

/// All networks; one that bears a cluster's name belongs to it.
pub async fn networks(engine: &Engine) -> Result<Vec<Resource>, ObserverError> {
    let listed = engine
        .docker()
        .await?
        .list_networks(None::<ListNetworksOptions>)
        .await
        .map_err(|error| failed("docker:NetworkList", &error))?;
    let mut networks = Vec::new();
    for network in listed {
        let name = network.name.unwrap_or_default();
        let mut resource = Resource::new(NETWORK, network.id.unwrap_or_default(), REGION);
        if name == SHARED_NETWORK {
            let why = "kind keeps one network for all clusters that name none";
            resource.facts.insert(STAYS_FACT.to_owned(), why.to_owned());
        } else if name.starts_with(OUR_PREFIX) {
            let why = "it bears the cluster's name".to_owned();
            belongs(&mut resource, &name, why);
        }
        resource.name = Some(name);
        networks.push(resource);
    }
    Ok(sorted(networks))
}

/// All images, by their first name.
pub async fn images(engine: &Engine) -> Result<Vec<Resource>, ObserverError> {
    let listed = engine
        .docker()
        .await?
        .list_images(Some(ListImagesOptionsBuilder::default().build()))
        .await
        .map_err(|error| failed("docker:ImageList", &error))?;
    let image = |image: bollard::models::ImageSummary| {
        let mut resource = Resource::new(IMAGE, image.id, REGION);
        resource.name = image.repo_tags.first().cloned();
        resource
    };
    Ok(sorted(listed.into_iter().map(image).collect()))
}

fn sorted(mut resources: Vec<Resource>) -> Vec<Resource> {
    resources.sort_by(|one, other| one.id.cmp(&other.id));
    resources
}

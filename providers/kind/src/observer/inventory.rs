//! Lists what Kind clusters can leave behind in the engine, each resource with its cluster.
//!
//! Resources of all clusters are listed, not only the run's, because a baseline needs them.

use std::collections::{BTreeMap, HashMap};

use bollard::models::ContainerSummary;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptions, ListVolumesOptions,
};
use jiff::Timestamp;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{Lifetime, RETAINED_PROPERTY, Resource};
use kubeproof_contract::run::{EXPIRES_TAG, OWNER_TAG, RUN_TAG};

use super::events::EventLog;
use super::{CLUSTER_PROPERTY, CONTAINER, IMAGE, NETWORK, NODE, PORT, REGION, VOLUME};
use crate::engine::client::{Engine, failed};

/// The label that kind sets on its nodes; its value is the cluster's name.
pub const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";
/// The label that says what a node is.
pub const ROLE_LABEL: &str = "io.x-k8s.kind.role";
/// The property that names the container, by id, that a port leads to or that mounts a volume.
pub const CONTAINER_PROPERTY: &str = "container";
/// The property that says why a resource belongs to its cluster.
pub const WHY_PROPERTY: &str = "belongs_because";
/// The prefix of the names of all our clusters; the run's id follows.
pub const OUR_PREFIX: &str = "kp-";
/// The network that kind shares between all clusters without a network of their own.
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
    let properties = [(CLUSTER_PROPERTY, cluster.to_owned()), (WHY_PROPERTY, why)];
    for (key, value) in properties {
        resource.properties.insert(key.to_owned(), value);
    }
}

/// Takes over the marks of a run from labels.
fn marked(resource: &mut Resource, labels: Option<&HashMap<String, String>>) {
    for key in [RUN_TAG, OWNER_TAG, EXPIRES_TAG] {
        if let Some(value) = labels.and_then(|labels| labels.get(key)) {
            resource.tags.insert(key.to_owned(), value.clone());
        }
    }
}

/// A property of a resource.
fn property(resource: &mut Resource, key: &str, value: &str) {
    resource.properties.insert(key.to_owned(), value.to_owned());
}

/// The nodes of all clusters.
pub async fn nodes(engine: &Engine) -> Result<Vec<Resource>, ObserverError> {
    let all = containers(engine).await?.into_iter();
    Ok(sorted(all.filter_map(node).collect()))
}

fn node(container: ContainerSummary) -> Option<Resource> {
    let cluster = cluster_of(container.labels.as_ref())?;
    let mut node = described(NODE, container);
    let why = format!("its label {CLUSTER_LABEL} is {cluster}");
    belongs(&mut node, &cluster, why);
    Some(node)
}

/// The containers that are no nodes.
pub async fn plain_containers(engine: &Engine) -> Result<Vec<Resource>, ObserverError> {
    let all = containers(engine).await?.into_iter();
    Ok(sorted(all.filter_map(plain).collect()))
}

fn plain(container: ContainerSummary) -> Option<Resource> {
    let no_node = cluster_of(container.labels.as_ref()).is_none();
    no_node.then(|| described(CONTAINER, container))
}

fn described(resource_type: &str, container: ContainerSummary) -> Resource {
    let name = name_of(&container);
    let mut resource = Resource::new(resource_type, container.id.unwrap_or_default(), REGION);
    marked(&mut resource, container.labels.as_ref());
    resource.name = Some(name);
    resource.state = container
        .state
        .map(|state| state.to_string())
        .unwrap_or_default();
    resource.lifetime = Lifetime::of_state(&resource.state, &["removing"], &["dead"]);
    resource.created_at = container
        .created
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    resource
}

/// The ports of this machine that lead to nodes.
pub async fn ports(engine: &Engine) -> Result<Vec<Resource>, ObserverError> {
    let mut ports = BTreeMap::new();
    for container in containers(engine).await? {
        let Some(cluster) = cluster_of(container.labels.as_ref()) else {
            continue;
        };
        let name = name_of(&container);
        for port in container.ports.iter().flatten() {
            let Some(public) = port.public_port else {
                continue;
            };
            let address = port.ip.as_deref().unwrap_or_default();
            let id = format!("{address}:{public}");
            let mut resource = Resource::new(PORT, id.clone(), REGION);
            let why = format!("it leads to port {} of {name}", port.private_port);
            belongs(&mut resource, &cluster, why);
            let id_of_node = container.id.as_deref().unwrap_or_default();
            property(&mut resource, CONTAINER_PROPERTY, id_of_node);
            // An address is used again by the next node.
            resource.incarnation = Some(id_of_node.to_owned());
            ports.insert(id, resource);
        }
    }
    Ok(ports.into_values().collect())
}

/// What mounts a volume: the container's id and name, and its cluster if it is a node.
struct MountedBy {
    id: String,
    name: String,
    cluster: Option<String>,
}

/// All volumes; one that a node mounts, or has mounted, belongs to its cluster.
pub async fn volumes(engine: &Engine, events: &EventLog) -> Result<Vec<Resource>, ObserverError> {
    // The containers first: a volume made in between lacks its owner for one listing at most.
    let mut mounted = BTreeMap::new();
    for container in containers(engine).await? {
        for volume in container.mounts.iter().flatten() {
            let Some(volume) = &volume.name else {
                continue;
            };
            let by = MountedBy {
                id: container.id.clone().unwrap_or_default(),
                name: name_of(&container),
                cluster: cluster_of(container.labels.as_ref()),
            };
            mounted.insert(volume.clone(), by);
        }
    }
    let listed = engine
        .docker()
        .await?
        .list_volumes(None::<ListVolumesOptions>)
        .await
        .map_err(|error| failed("docker:VolumeList", &error))?;
    let listed = listed.volumes.unwrap_or_default().into_iter();
    let volumes = listed.map(|it| volume(it, &mounted, events)).collect();
    Ok(sorted(volumes))
}

fn volume(
    volume: bollard::models::Volume,
    mounted: &BTreeMap<String, MountedBy>,
    events: &EventLog,
) -> Resource {
    let mut resource = Resource::new(VOLUME, volume.name.clone(), REGION);
    marked(&mut resource, Some(&volume.labels));
    resource.incarnation = volume.created_at.as_ref().map(ToString::to_string);
    resource.created_at = volume.created_at.and_then(|at| at.clone().parse().ok());
    match mounted.get(&volume.name) {
        Some(by) => {
            property(&mut resource, CONTAINER_PROPERTY, &by.id);
            match &by.cluster {
                Some(cluster) => {
                    belongs(&mut resource, cluster, format!("{} mounts it", by.name));
                }
                None => {
                    let why = format!("{} mounts it, which is no node", by.name);
                    property(&mut resource, WHY_PROPERTY, &why);
                }
            }
        }
        None => {
            if let Some(owner) = events.owner_of_volume(&volume.name) {
                property(&mut resource, CONTAINER_PROPERTY, &owner.id);
                let why = format!("{} mounted it, as the engine's events say", owner.name);
                belongs(&mut resource, &owner.cluster, why);
            }
        }
    }
    resource
}

/// All networks; one with a cluster's name belongs to it.
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
        marked(&mut resource, network.labels.as_ref());
        resource.created_at = network.created.and_then(|at| at.clone().parse().ok());
        if name == SHARED_NETWORK {
            let why = "kind keeps one network for all clusters that name none";
            resource
                .properties
                .insert(RETAINED_PROPERTY.to_owned(), why.to_owned());
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

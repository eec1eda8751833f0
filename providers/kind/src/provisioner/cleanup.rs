//! Finds what exists of a cluster, by its name alone, and removes it.
//!
//! kind's own deletion knows only the nodes: network, kubeconfig and files stay behind, and nodes too when kind was
//! killed.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder,
};
use kubeproof_contract::observer::ObserverError;

use super::config;
use crate::engine::client::{Engine, failed, is_not_found};

/// The label that kind sets on its nodes; its value is the cluster's name.
pub const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";
/// Consecutive empty listings that are required: what a killed program requested may appear late.
const EMPTY_LISTINGS: usize = 2;
/// Most listings.
const LISTINGS_MAX: usize = 20;
/// Pause between two listings.
const PAUSE: Duration = Duration::from_millis(500);
/// Pause between two checks whether the engine still answers.
const PULSE: Duration = Duration::from_secs(5);

/// A node's container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub id: String,
    pub name: String,
    pub running: bool,
}

/// What exists of one cluster.
#[derive(Clone, Debug)]
pub struct Cleanup<'a> {
    pub engine: &'a Engine,
    /// The cluster's name.
    pub cluster: String,
    pub directory: &'a Path,
}

impl Cleanup<'_> {
    /// The containers that carry the cluster's label.
    pub async fn nodes(&self) -> Result<Vec<Node>, ObserverError> {
        let label = format!("{CLUSTER_LABEL}={}", self.cluster);
        let filters = HashMap::from([("label", vec![label.as_str()])]);
        let options = ListContainersOptionsBuilder::default()
            .all(true)
            .filters(&filters)
            .build();
        let listed = self
            .engine
            .docker()
            .await?
            .list_containers(Some(options))
            .await
            .map_err(|error| failed("docker:ContainerList", &error))?;
        let node = |container: bollard::models::ContainerSummary| Node {
            running: container
                .state
                .is_some_and(|state| state.to_string() == "running"),
            id: container.id.unwrap_or_default(),
            name: container
                .names
                .unwrap_or_default()
                .first()
                .map(|name| name.trim_start_matches('/').to_owned())
                .unwrap_or_default(),
        };
        Ok(listed.into_iter().map(node).collect())
    }

    /// How many nodes are running.
    pub async fn running_nodes(&self) -> Result<usize, ObserverError> {
        let nodes = self.nodes().await?;
        Ok(nodes.iter().filter(|node| node.running).count())
    }

    /// Removes containers (with their volumes) and network, until listings stay empty.
    pub async fn remove(&self) -> Result<(), ObserverError> {
        let mut empty = 0;
        for _ in 0..LISTINGS_MAX {
            let nodes = self.nodes().await?;
            for node in &nodes {
                self.remove_node(&node.id).await?;
            }
            let networks = self.remove_networks().await?;
            empty = if nodes.is_empty() && networks == 0 {
                empty + 1
            } else {
                0
            };
            if empty == EMPTY_LISTINGS {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(ObserverError {
            call: "docker:ContainerDelete".to_owned(),
            message: format!(
                "something of {} keeps coming back after it was removed",
                self.cluster
            ),
        })
    }

    async fn remove_node(&self, id: &str) -> Result<(), ObserverError> {
        let options = RemoveContainerOptionsBuilder::default()
            .force(true)
            .v(true)
            .build();
        let removed = self
            .engine
            .docker()
            .await?
            .remove_container(id, Some(options))
            .await;
        match removed {
            Ok(()) => Ok(()),
            Err(error) if is_not_found(&error) => Ok(()),
            // It is being removed already; the next listing shows whether it is gone.
            Err(bollard::errors::Error::DockerResponseServerError {
                status_code: 409, ..
            }) => Ok(()),
            Err(error) => Err(failed("docker:ContainerDelete", &error)),
        }
    }

    /// Removes the networks with the cluster's name, and returns how many there were.
    async fn remove_networks(&self) -> Result<usize, ObserverError> {
        let filters = HashMap::from([("name", vec![self.cluster.as_str()])]);
        let options = ListNetworksOptionsBuilder::default()
            .filters(&filters)
            .build();
        let docker = self.engine.docker().await?;
        let listed = docker
            .list_networks(Some(options))
            .await
            .map_err(|error| failed("docker:NetworkList", &error))?;
        // The engine's filter matches any name that contains ours.
        let ours = |name: &Option<String>| name.as_deref() == Some(self.cluster.as_str());
        let ids: Vec<String> = listed
            .into_iter()
            .filter(|network| ours(&network.name))
            .filter_map(|network| network.id)
            .collect();
        for id in &ids {
            match docker.remove_network(id).await {
                Ok(()) => {}
                Err(error) if is_not_found(&error) => {}
                // A container that is still being removed holds it; the next round tries again.
                Err(bollard::errors::Error::DockerResponseServerError {
                    status_code: 403 | 409,
                    ..
                }) => {}
                Err(error) => return Err(failed("docker:NetworkDelete", &error)),
            }
        }
        Ok(ids.len())
    }

    /// Removes the run's files: kubeconfig and configuration.
    pub fn remove_files(&self) -> Result<(), ObserverError> {
        let kubeconfig = self.directory.join(config::KUBECONFIG);
        for path in [
            kubeconfig.with_extension("lock"),
            kubeconfig,
            self.directory.join(config::CONFIG),
        ] {
            config::remove(&path).map_err(|error| ObserverError {
                call: "remove file".to_owned(),
                message: format!("{}: {error}", path.display()),
            })?;
        }
        Ok(())
    }

    /// Ends when the engine stops answering, with the reason.
    pub async fn until_silent(&self) -> String {
        loop {
            // Ends with the call of kind that it runs beside, which has a limit.
            tokio::time::sleep(PULSE).await;
            if let Err(error) = self.running_nodes().await {
                return format!("{error}; the cluster {} may still be there", self.cluster);
            }
        }
    }
}

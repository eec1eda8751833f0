//! Deletes what a sweep has decided to. The user's own kubeconfig is never changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bollard::query_parameters::{RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder};
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;

use crate::engine::client::{Engine, failed, is_not_found};
use crate::observer::kubeconfig_entries::OWN_FILE;
use crate::observer::{CONTAINER, CONTEXT, NETWORK, NODE, PORT, VOLUME};

/// Deletes resources of this machine.
#[derive(Debug)]
pub struct KindDeleter {
    engine: Engine,
    /// The run's own folder, with its kubeconfig.
    directory: PathBuf,
}

impl KindDeleter {
    /// The deleter of the engine behind a connection.
    pub fn new(connection: &Connection) -> Self {
        Self {
            engine: Engine::new(Arc::clone(&connection.transport)),
            directory: connection.directory.clone(),
        }
    }
}

#[async_trait]
impl Deleter for KindDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        delete(&self.engine, &self.directory, resource).await
    }
}

/// Deletes a resource; success when it does not exist.
async fn delete(
    engine: &Engine,
    directory: &Path,
    resource: &Resource,
) -> Result<(), ObserverError> {
    let docker = engine.docker().await?;
    let (call, deleted) = match resource.resource_type.as_str() {
        NODE | CONTAINER => {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true);
            let removed = docker.remove_container(&resource.id, Some(options.build()));
            ("docker:ContainerDelete", removed.await)
        }
        VOLUME => {
            let options = RemoveVolumeOptionsBuilder::default().build();
            let removed = docker.remove_volume(&resource.id, Some(options));
            ("docker:VolumeDelete", removed.await)
        }
        NETWORK => (
            "docker:NetworkDelete",
            docker.remove_network(&resource.id).await,
        ),
        // It goes with its container.
        PORT => return Ok(()),
        CONTEXT => return context(directory, resource),
        other => return Err(refused(&format!("a {other} is not deleted by this tool"))),
    };
    match deleted {
        Ok(()) => Ok(()),
        Err(error) if is_not_found(&error) => Ok(()),
        Err(error) => Err(failed(call, &error)),
    }
}

fn context(directory: &Path, resource: &Resource) -> Result<(), ObserverError> {
    let own = directory.join(OWN_FILE);
    let (file, name) = resource.id.split_once('#').unwrap_or((&resource.id, ""));
    if Path::new(file) != own {
        return Err(refused(&format!(
            "{file} is the user's own: remove the entry with `kubectl --kubeconfig {file} config \
             delete-context {name}`"
        )));
    }
    match std::fs::remove_file(&own) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(refused(&format!("{}: {error}", own.display())))
        }
        _ => Ok(()),
    }
}

fn refused(message: &str) -> ObserverError {
    ObserverError {
        call: "delete".to_owned(),
        message: message.to_owned(),
    }
}

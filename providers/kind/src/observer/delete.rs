//! Deletes one resource, for a sweep; an audit never calls this. The user's own kubeconfig is never changed.

use std::path::Path;

use bollard::query_parameters::{RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::kubeconfig_entries::OWN_FILE;
use super::{CONTAINER, CONTEXT, NETWORK, NODE, PORT, VOLUME};
use crate::engine::client::{Engine, failed, is_not_found};

/// Deletes a resource; success when it does not exist.
pub async fn delete(
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

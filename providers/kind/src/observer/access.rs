//! Access to a cluster without its provisioner: the administrator's kubeconfig from the control plane's own files, and
//! the port that leads to it.
//!
//! Reading a file out of a container changes nothing in it. The job runner uses it too.

use std::io::Read as _;

use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, InspectContainerOptions};
use futures::StreamExt as _;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provisioner::KubernetesAccess;
use kubeproof_kubernetes::kubeconfig;

use crate::engine::client::{Engine, failed};

/// Where kubeadm puts the administrator's kubeconfig.
const FILE: &str = "/etc/kubernetes/admin.conf";
/// The port of the API server in its container.
const API_PORT: &str = "6443/tcp";
/// The largest archive that is read, bytes.
const ARCHIVE_MAX: usize = 1 << 20;

/// Access to the cluster of this name.
pub async fn read(engine: &Engine, cluster: &str) -> Result<KubernetesAccess, ObserverError> {
    let node = format!("{cluster}-control-plane");
    let server = server(engine, &node).await?;
    let wrong = |message: String| ObserverError {
        call: "docker:ContainerArchive".to_owned(),
        message: format!("{FILE} of {node}: {message}"),
    };
    let text = file(engine, &node).await?;
    let access = kubeconfig::access(&text).map_err(|error| wrong(error.to_string()))?;
    // The file has the node's address in its own network; from here it is reached by a published port.
    Ok(KubernetesAccess { server, ..access })
}

async fn server(engine: &Engine, node: &str) -> Result<String, ObserverError> {
    let call = "docker:ContainerInspect";
    let seen = engine
        .docker()
        .await?
        .inspect_container(node, None::<InspectContainerOptions>)
        .await
        .map_err(|error| failed(call, &error))?;
    let bindings = seen
        .network_settings
        .and_then(|settings| settings.ports)
        .and_then(|mut ports| ports.remove(API_PORT).flatten())
        .unwrap_or_default();
    let port = bindings.into_iter().find_map(|binding| binding.host_port);
    port.map(|port| format!("https://127.0.0.1:{port}"))
        .ok_or_else(|| ObserverError {
            call: call.to_owned(),
            message: format!(
                "no port of this machine leads to {API_PORT} of {node}: is it running?"
            ),
        })
}

async fn file(engine: &Engine, node: &str) -> Result<String, ObserverError> {
    let call = "docker:ContainerArchive";
    let wrong = |message: String| ObserverError {
        call: call.to_owned(),
        message,
    };
    let options = DownloadFromContainerOptionsBuilder::default()
        .path(FILE)
        .build();
    let docker = engine.docker().await?;
    let mut parts = docker.download_from_container(node, Some(options));
    let mut archive = Vec::new();
    while let Some(part) = parts.next().await {
        archive.extend_from_slice(&part.map_err(|error| failed(call, &error))?);
        if archive.len() > ARCHIVE_MAX {
            return Err(wrong(format!(
                "{FILE} of {node} is larger than {ARCHIVE_MAX} bytes"
            )));
        }
    }
    first_file(&archive).map_err(|error| wrong(format!("{FILE} of {node}: {error}")))
}

fn first_file(archive: &[u8]) -> std::io::Result<String> {
    let mut archive = tar::Archive::new(archive);
    let entry = archive.entries()?.next();
    let mut text = String::new();
    entry
        .ok_or_else(|| std::io::Error::other("the archive is empty"))??
        .read_to_string(&mut text)?;
    Ok(text)
}

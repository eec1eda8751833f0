//! The cluster in which a scenario uses its endpoint: how it is reached, and what is ordered there.
//!
//! Hugging Face gives no cluster. This one is the user's; in rehearsal it is simulated.

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use kubeproof_cloudkit::{CallError, Cause};
use kubeproof_contract::provider::{Connection, Credentials};
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use kubeproof_contract::run::Run;
use kubeproof_kubernetes::consumer::{self, ConsumerOrder};
use kubeproof_kubernetes::error::Cause as ClusterCause;
use kubeproof_kubernetes::{Client, KubernetesError, kubeconfig};

use crate::api::types::Endpoint;
use crate::api::{Api, inference};
use crate::credentials::TOKEN;
use crate::spec::{HuggingFaceSpec, KubernetesSpec};
use crate::{marks, rehearsal};

/// Names the file that gives access to the cluster, where the scenario names none.
pub const KUBECONFIG: &str = "KUBEPROOF_KUBECONFIG";
/// Names the image of jobs where the usual one cannot be pulled.
const JOB_IMAGE: &str = "KUBEPROOF_JOB_IMAGE";
/// How long the job may take: its image is pulled, and a replica may have to start.
const ANSWERED_WITHIN: Duration = Duration::from_mins(15);
const ACCESS: &str = "use the cluster of the scenario";

/// The types of objects that an auditor lists: in the inventory, and in Kubernetes. In deletion order.
pub(crate) const TYPES: [(&str, &str); 4] = [
    ("kubernetes_job", "job"),
    ("kubernetes_service", "service"),
    ("kubernetes_secret", "secret"),
    ("kubernetes_namespace", "namespace"),
];

/// Access to the cluster.
///
/// # Errors
/// When no file gives it, or the file cannot be used.
pub(crate) fn access(
    spec: &KubernetesSpec,
    credentials: &Credentials,
) -> Result<KubernetesAccess, CallError> {
    if *credentials == Credentials::Rehearsal && spec.gateway().is_none() {
        return Ok(KubernetesAccess {
            server: rehearsal::cluster_server(),
            certificate_authority_pem: None,
            credential: Credential::Token(rehearsal::CLUSTER_TOKEN.to_owned()),
            expires_at: None,
        });
    }
    let read = read(spec).map_err(|error| CallError::unmade(ACCESS, error))?;
    Ok(read.1)
}

/// Why no file gives access to a cluster.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error(
        "no cluster is named: set {KUBECONFIG} to a kubeconfig (kind get kubeconfig --name NAME > FILE), or \
         cluster.kubernetes.kubeconfig in the scenario"
    )]
    None,
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        error: std::io::Error,
    },
    #[error("{}: {error}", path.display())]
    Unusable {
        path: PathBuf,
        #[source]
        error: KubernetesError,
    },
}

/// The file that gives access to the cluster, and the access.
fn read(spec: &KubernetesSpec) -> Result<(PathBuf, KubernetesAccess), FileError> {
    let named = std::env::var_os(KUBECONFIG).filter(|path| !path.is_empty());
    let named = spec.kubeconfig.clone().or(named.map(PathBuf::from));
    let path = named.ok_or(FileError::None)?;
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return Err(FileError::Unreadable { path, error }),
    };
    match kubeconfig::access(&text) {
        Ok(access) => Ok((path, access)),
        Err(error) => Err(FileError::Unusable { path, error }),
    }
}

/// Whether a cluster is named and its access can be read. The cluster itself is asked by the trial.
///
/// # Errors
/// With what is missing.
pub(crate) fn readiness() -> Result<String, FileError> {
    let (path, access) = read(&KubernetesSpec::default())?;
    Ok(format!(
        "the cluster at {} of {} (the endpoint is simulated)",
        access.server,
        path.display()
    ))
}

/// The scope of what is in a cluster: its address.
pub(crate) fn scope(access: &KubernetesAccess) -> String {
    let address = access.server.split_once("://");
    let address = address.map_or(access.server.as_str(), |(_, address)| address);
    format!("kubernetes:{}", address.trim_end_matches('/'))
}

/// A client for the cluster.
///
/// # Errors
/// When the access cannot be used.
pub(crate) fn client(
    spec: &KubernetesSpec,
    connection: &Connection,
) -> Result<(Client, KubernetesAccess), CallError> {
    let access = access(spec, &connection.credentials)?;
    let client = kubeproof_kubernetes::client(&access, connection.transport.clone());
    Ok((client.map_err(|error| failed(&error))?, access))
}

/// The error of a call to the cluster as one of a cloud's.
pub(crate) fn failed(error: &KubernetesError) -> CallError {
    let cause = match error.cause {
        ClusterCause::NoAnswer => Cause::NoAnswer,
        ClusterCause::Status(401) => Cause::CredentialsExpired,
        ClusterCause::Status(403) => Cause::Denied,
        ClusterCause::Status(404) => Cause::NotFound,
        ClusterCause::Status(429) => Cause::Throttled,
        ClusterCause::Status(500..) => Cause::Server,
        _ => Cause::State,
    };
    CallError {
        cause,
        ..CallError::state(&error.what, format!("{}; {}", error.message, error.next))
    }
}

/// What the job asks.
pub(crate) fn question(run: &Run) -> String {
    format!("Which model answers a pod of {}?", run.id)
}

/// What is ordered in the cluster for an endpoint.
///
/// # Errors
/// When the endpoint has no address, or the gateway none that nodes reach.
pub(crate) async fn order(
    api: &Api,
    (spec, kubernetes): (&HuggingFaceSpec, &KubernetesSpec),
    endpoint: &Endpoint,
    client: &Client,
) -> Result<ConsumerOrder, CallError> {
    let connection = api.connection();
    let run = &connection.run;
    let found = TOKEN.find(connection);
    let (token, _) = found.map_err(|error| CallError::unmade(ACCESS, error))?;
    let gateway = match kubernetes.gateway() {
        None => None,
        Some(port) => {
            let address = consumer::gateway_address(client).await;
            let address = address.map_err(|error| failed(&error))?;
            Some((address, port).into())
        }
    };
    let of_machine = || std::env::var(JOB_IMAGE).ok().filter(|it| !it.is_empty());
    let of_machine = gateway.and_then(|_| of_machine());
    let asked = spec.endpoint.as_ref();
    let question = asked.map(|asked| inference::body(asked, &question(run)).to_string());
    Ok(ConsumerOrder {
        namespace: run.name(""),
        labels: marks::cluster_labels(run),
        token: token.expose().to_owned(),
        host: host(endpoint)?,
        gateway,
        question: question.unwrap_or_default(),
        image: kubernetes.image.clone().or(of_machine),
        timeout: ANSWERED_WITHIN,
    })
}

fn host(endpoint: &Endpoint) -> Result<String, CallError> {
    let uri: Option<Uri> = endpoint
        .status
        .url
        .as_deref()
        .and_then(|url| url.parse().ok());
    let host = uri.as_ref().and_then(Uri::host).map(str::to_owned);
    host.ok_or_else(|| {
        let message = format!("endpoint {} has no address", endpoint.name);
        CallError::state(ACCESS, message)
    })
}

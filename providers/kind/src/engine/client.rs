//! A bollard client whose calls go through the trial's transport.
//!
//! Its start (a socket, the engine's version) is paid once.

use std::path::PathBuf;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::transport::SharedTransport;
use tokio::sync::OnceCell;

use super::address;
use super::proxy::Proxy;

/// How long the engine may take for one answer, in seconds: longer than any listing takes, shorter than people wait.
pub const ANSWER_SECONDS: u64 = 20;

/// The engine, as one actor sees it. Connects on first use.
#[derive(Debug)]
pub struct Engine {
    transport: SharedTransport,
    connection: OnceCell<EngineConnection>,
}

#[derive(Debug)]
struct EngineConnection {
    docker: Docker,
    proxy: Proxy,
}

impl Engine {
    /// The engine behind a transport.
    pub fn new(transport: SharedTransport) -> Self {
        Self {
            transport,
            connection: OnceCell::new(),
        }
    }

    /// The client.
    ///
    /// # Errors
    /// When there is no engine, or it does not answer.
    pub async fn docker(&self) -> Result<&Docker, ObserverError> {
        Ok(&self.connection().await?.docker)
    }

    /// The value of `DOCKER_HOST` for programs whose calls are this actor's.
    ///
    /// # Errors
    /// When there is no engine, or it does not answer.
    pub async fn host(&self) -> Result<String, ObserverError> {
        Ok(self.connection().await?.proxy.host())
    }

    async fn connection(&self) -> Result<&EngineConnection, ObserverError> {
        self.connection.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<EngineConnection, ObserverError> {
        let wrong = |message: String| ObserverError {
            call: "docker:SystemVersion".to_owned(),
            message,
        };
        let engine = address::socket();
        let engine: PathBuf = engine.map_err(|error| wrong(error.to_string()))?;
        let proxy = Proxy::start(self.transport.clone(), engine)
            .map_err(|error| wrong(format!("no socket can be made here: {error}")))?;
        let place = proxy.host();
        let docker = Docker::connect_with_unix(&place, ANSWER_SECONDS, API_DEFAULT_VERSION)
            .map_err(|error| wrong(error.to_string()))?
            .with_timeout(Duration::from_secs(ANSWER_SECONDS));
        // Older engines refuse a newer version of the API than theirs.
        let docker = docker
            .negotiate_version()
            .await
            .map_err(|error| failed("docker:SystemVersion", &error))?;
        Ok(EngineConnection { docker, proxy })
    }
}

/// An error of a call, with what to do when the engine is silent.
pub fn failed(call: &str, error: &bollard::errors::Error) -> ObserverError {
    use bollard::errors::Error;
    let message = match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } => format!("{message} ({status_code})"),
        Error::RequestTimeoutError => format!(
            "the container engine did not answer within {ANSWER_SECONDS} s: see whether it still \
             runs, then do this again"
        ),
        other => other.to_string(),
    };
    ObserverError {
        call: call.to_owned(),
        message,
    }
}

/// Whether an error says that the resource does not exist.
pub fn is_not_found(error: &bollard::errors::Error) -> bool {
    matches!(
        error,
        bollard::errors::Error::DockerResponseServerError {
            status_code: 404,
            ..
        }
    )
}

//! Real changes that somebody else makes while a trial runs: a node is killed, a port is taken, a second process makes
//! the same cluster.
//!
//! A fault names them: `docker:ContainerCreate#1=foreign-change(second-run)`.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bollard::query_parameters::KillContainerOptions;
use kubeproof_contract::fault_layer::ForeignChanges;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provider_errors::ForeignChangeError;
use kubeproof_contract::provisioner::{Provisioner as _, ProvisionerError};

use crate::engine::client::{Engine, failed};
use crate::provisioner::{KindProvisioner, lock};
use crate::spec::KindSpec;

/// The changes, with what each does.
pub const CHANGES: &[(&str, &str)] = &[
    (
        "kill-control-plane",
        "the control plane's container is killed (SIGKILL)",
    ),
    (
        "take-port:PORT",
        "another program listens on this port of 127.0.0.1, until the first attempt is over",
    ),
    (
        "second-run",
        "a second process provisions the same cluster at once, and must be refused",
    ),
];

/// Makes the changes of one trial.
#[derive(Debug)]
pub struct KindChanges {
    spec: KindSpec,
    connection: Connection,
    engine: Engine,
    taken: Mutex<Vec<TcpListener>>,
}

/// Why a change could not be made.
#[derive(Debug, thiserror::Error)]
enum ChangeError {
    #[error(transparent)]
    Engine(#[from] ObserverError),
    #[error("`{0}` is not a port")]
    NoPort(String),
    #[error("127.0.0.1:{port}: {error}")]
    Port {
        port: u16,
        #[source]
        error: std::io::Error,
    },
    #[error("the second process was not refused at once, but failed: {0}")]
    Failed(#[source] ProvisionerError),
    #[error("the second process made the same cluster at once")]
    NotRefused,
}

impl KindChanges {
    /// With a connection of its own, because these calls are not the provisioner's.
    pub fn new(spec: KindSpec, connection: Connection) -> Self {
        let engine = Engine::new(Arc::clone(&connection.transport));
        Self {
            spec,
            connection,
            engine,
            taken: Mutex::default(),
        }
    }

    async fn kill_control_plane(&self) -> Result<(), ChangeError> {
        let node = self.connection.run.name("control-plane");
        let docker = self.engine.docker().await?;
        docker
            .kill_container(&node, None::<KillContainerOptions>)
            .await
            .map_err(|error| failed("docker:ContainerKill", &error))?;
        Ok(())
    }

    fn take_port(&self, port: &str) -> Result<(), ChangeError> {
        let number = port.parse();
        let port: u16 = number.map_err(|_| ChangeError::NoPort(port.to_owned()))?;
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(listener) => {
                let mut taken = lock(&self.taken);
                taken.push(listener);
                Ok(())
            }
            // Somebody else has it, so it is taken.
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Ok(()),
            Err(error) => Err(ChangeError::Port { port, error }),
        }
    }

    async fn second_run(&self) -> Result<(), ChangeError> {
        let mut second = KindProvisioner::new(self.spec.clone(), self.connection.clone());
        match second.provision().await {
            Err(error) if lock::is_held(&self.connection.directory, &error.message) => Ok(()),
            Err(error) => Err(ChangeError::Failed(error)),
            Ok(_) => Err(ChangeError::NotRefused),
        }
    }
}

#[async_trait]
impl ForeignChanges for KindChanges {
    async fn make(&self, name: &str) -> Result<(), ForeignChangeError> {
        let made = match name.split_once(':') {
            None if name == "kill-control-plane" => self.kill_control_plane().await,
            None if name == "second-run" => self.second_run().await,
            Some(("take-port", port)) => self.take_port(port),
            _ => return Err(ForeignChangeError::unknown(name, CHANGES)),
        };
        made.map_err(ForeignChangeError::failed)
    }

    fn first_attempt_is_over(&self) {
        let mut taken = lock(&self.taken);
        taken.clear();
    }
}

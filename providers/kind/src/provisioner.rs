//! The reference provisioner: drives the program `kind`, and finishes or removes what it left.
//!
//! A lock keeps two processes of one run apart. What exists is found by the cluster's name alone, so a new process
//! needs nothing that an earlier one knew.

mod cleanup;
mod config;
pub(crate) mod lock;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::private;
use kubeproof_contract::process::{LineSink, Stream};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{
    ClaimedRate, KubernetesAccess, Provisioned, Provisioner, ProvisionerError,
};
use kubeproof_kubernetes::{client, kubeconfig, ready};

use crate::engine::client::Engine;
use crate::program::Program;
use crate::settings;
use crate::spec::KindSpec;
use cleanup::Cleanup;

/// How long listing what is left may take after a failure: a silent engine would double the failure's time.
const LEFT_LIMIT: Duration = Duration::from_secs(10);
/// The longest that making a cluster may take; its image may have to be pulled.
const CREATE_LIMIT: Duration = Duration::from_mins(20);
/// The longest that loading one image into the nodes may take.
const LOAD_LIMIT: Duration = Duration::from_mins(5);
/// How long the nodes may take to become Ready after the cluster was made.
const READY_LIMIT: Duration = Duration::from_mins(3);
/// Pause between two checks of the nodes.
const READY_PAUSE: Duration = Duration::from_secs(1);
/// How long an existing cluster may take to prove that it works before it is made anew.
const ADOPT_LIMIT: Duration = Duration::from_secs(5);

/// The provisioner of one run.
#[derive(Debug)]
pub struct KindProvisioner {
    spec: KindSpec,
    connection: Connection,
    engine: Engine,
}

impl KindProvisioner {
    /// A new process of the provisioner.
    pub fn new(spec: KindSpec, connection: Connection) -> Self {
        let engine = Engine::new(Arc::clone(&connection.transport));
        Self {
            spec,
            connection,
            engine,
        }
    }

    fn cluster(&self) -> String {
        self.connection.run.name("")
    }

    fn kubeconfig(&self) -> PathBuf {
        self.connection.directory.join(config::KUBECONFIG)
    }

    async fn program(&self) -> Result<Program, ProvisionerError> {
        let host = self.engine.host().await.map_err(wrong)?;
        Program::new(host, &self.cluster()).map_err(wrong)
    }

    fn cleanup(&self) -> Cleanup<'_> {
        Cleanup {
            engine: &self.engine,
            cluster: self.cluster(),
            directory: &self.connection.directory,
        }
    }

    /// Passes each line that kind prints to the progress output and to the run's log.
    fn listener(&self) -> LineSink {
        let progress = self.connection.progress.clone();
        let path = self.connection.directory.join(config::LOG);
        let log = Mutex::new(private::append(&path).ok());
        Arc::new(move |_: Stream, line: &str| {
            progress.report(line);
            let mut log = lock(&log);
            if let Some(log) = log.as_mut() {
                // A log that cannot be written must not stop the work.
                let _ = writeln!(log, "{line}");
            }
        })
    }

    async fn kind(&self, arguments: &[&str], limit: Duration) -> Result<(), ProvisionerError> {
        let program = self.program().await?;
        program
            .run(arguments, &self.kubeconfig(), limit, self.listener())
            .await
            .map(drop)
            .map_err(wrong)
    }

    /// The access to a cluster that exists and works, if there is one.
    async fn adopt(&self) -> Result<Option<KubernetesAccess>, ProvisionerError> {
        let running = self.cleanup().running_nodes().await.map_err(wrong)?;
        if running != self.spec.nodes() {
            return Ok(None);
        }
        let Ok(access) = self.access() else {
            return Ok(None);
        };
        let ready = self.wait_ready(&access, ADOPT_LIMIT).await;
        Ok(ready.is_ok().then_some(access))
    }

    fn access(&self) -> Result<KubernetesAccess, ProvisionerError> {
        let path = self.kubeconfig();
        let text = fs::read_to_string(&path)
            .map_err(|error| wrong(format!("{} cannot be read: {error}", path.display())))?;
        kubeconfig::access(&text).map_err(wrong)
    }

    async fn wait_ready(
        &self,
        access: &KubernetesAccess,
        limit: Duration,
    ) -> Result<ready::Readiness, ProvisionerError> {
        let transport = Arc::clone(&self.connection.transport);
        let client = client(access, transport).map_err(wrong)?;
        ready::wait_ready(&client, self.spec.nodes(), limit, READY_PAUSE)
            .await
            .map_err(wrong)
    }

    async fn create(&self) -> Result<KubernetesAccess, ProvisionerError> {
        let directory = &self.connection.directory;
        let file = directory.join(config::CONFIG);
        let text = config::text(&self.spec, &self.connection.run);
        private::write(&file, &text)
            .map_err(|error| wrong(format!("{} cannot be written: {error}", file.display())))?;
        config::prepare(&self.kubeconfig())
            .map_err(|error| wrong(format!("the kubeconfig cannot be prepared: {error}")))?;
        let (cluster, file) = (self.cluster(), file.display().to_string());
        let kubeconfig = self.kubeconfig().display().to_string();
        let mut arguments = vec!["create", "cluster", "--name", &cluster, "--config", &file];
        arguments.extend(["--kubeconfig", &kubeconfig, "--wait", "120s"]);
        let image = settings::image(&self.spec);
        if let Some(image) = &image {
            arguments.extend(["--image", image]);
        }
        self.kind(&arguments, CREATE_LIMIT).await?;
        for what in settings::load(&self.spec) {
            let verb = if PathBuf::from(&what).is_file() {
                "image-archive"
            } else {
                "docker-image"
            };
            let arguments = ["load", verb, &what, "--name", &cluster];
            self.kind(&arguments, LOAD_LIMIT).await?;
        }
        let access = self.access()?;
        self.wait_ready(&access, READY_LIMIT).await?;
        Ok(access)
    }

    /// Removes everything of the run. The files go in any case: the kubeconfig holds a key.
    async fn remove(&self) -> Result<(), ProvisionerError> {
        let removed = self.remove_from_engine().await;
        let files = self.cleanup().remove_files().map_err(wrong);
        removed.and(files)
    }

    async fn remove_from_engine(&self) -> Result<(), ProvisionerError> {
        let cleanup = self.cleanup();
        if cleanup.nodes().await.map_err(wrong)?.is_empty() {
            return cleanup.remove().await.map_err(wrong);
        }
        let cluster = self.cluster();
        let kubeconfig = self.kubeconfig().display().to_string();
        let arguments = [
            "delete",
            "cluster",
            "--name",
            &cluster,
            "--kubeconfig",
            &kubeconfig,
        ];
        // An engine that stops answering keeps kind waiting forever.
        let deleted = tokio::select! {
            deleted = self.kind(&arguments, LOAD_LIMIT) => deleted,
            silent = cleanup.until_silent() => Err(wrong(silent)),
        };
        // Even if kind failed, remove what it left; its error is still reported.
        let rest = cleanup.remove().await.map_err(wrong);
        deleted.and(rest)
    }
}

#[async_trait]
impl Provisioner for KindProvisioner {
    fn name(&self) -> String {
        "reference (kind)".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        None
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        match self.make().await {
            Ok(made) => Ok(made),
            Err(error) => Err(self.with_left(error).await),
        }
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        match self.take_down().await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.with_left(error).await),
        }
    }
}

impl KindProvisioner {
    async fn make(&self) -> Result<Provisioned, ProvisionerError> {
        let _lock = lock::take(&self.connection.directory, &self.cluster()).map_err(wrong)?;
        let access = match self.adopt().await? {
            Some(access) => access,
            None => {
                // What exists is broken or half made; kind itself would refuse to continue.
                self.remove().await?;
                match self.create().await {
                    Ok(access) => access,
                    Err(error) => return Err(self.unwound(error).await),
                }
            }
        };
        let made: BTreeMap<String, String> = self
            .cleanup()
            .nodes()
            .await
            .map_err(wrong)?
            .into_iter()
            .map(|node| (node.name, node.id))
            .collect();
        Ok(Provisioned {
            access: Ok(access),
            made,
        })
    }

    async fn take_down(&self) -> Result<(), ProvisionerError> {
        let lock = lock::take(&self.connection.directory, &self.cluster()).map_err(wrong)?;
        self.remove().await?;
        lock::leave(lock, &self.connection.directory);
        Ok(())
    }

    /// The error with the nodes that exist now; unknown when the engine does not answer.
    async fn with_left(&self, error: ProvisionerError) -> ProvisionerError {
        let cleanup = self.cleanup();
        match tokio::time::timeout(LEFT_LIMIT, cleanup.nodes()).await {
            Ok(Ok(nodes)) => {
                let names = nodes.into_iter().map(|node| node.name).collect();
                ProvisionerError::left(error.message, names)
            }
            _ => ProvisionerError::left_unknown(error.message),
        }
    }

    /// The error of a failed creation, after cleaning up; a failure of the clean-up is added to it.
    async fn unwound(&self, error: ProvisionerError) -> ProvisionerError {
        match self.remove().await {
            Ok(()) => error,
            Err(second) => wrong(format!(
                "{}; besides, what it left could not be removed: {}",
                error.message, second.message
            )),
        }
    }
}

fn wrong(error: impl ToString) -> ProvisionerError {
    ProvisionerError::new(error.to_string())
}

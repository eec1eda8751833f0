//! Workloads: what proves that a provisioned place runs what it is given.
//!
//! One implementation is Kubernetes; a cloud that runs jobs without one has its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;

/// The job to run: what it must print, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct JobOrder {
    /// Name of the job and of its Secret.
    pub name: String,
    /// Its own namespace, which is created and removed.
    pub namespace: String,
    /// The image of its container, with a shell at `/bin/sh`; `None` means busybox of the Kubernetes
    /// project. Kubernetes decides whether a node pulls it.
    pub image: Option<String>,
    /// The text that it must print.
    pub print: String,
    /// The secret that it must print after the text.
    pub nonce: String,
    /// How many GPUs it requests, and must count; `None` requests none.
    pub gpus: Option<u32>,
    /// How long it may take from its creation to its end.
    pub timeout: Duration,
    /// Labels of everything that is created.
    pub labels: BTreeMap<String, String>,
}

impl std::fmt::Debug for JobOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobOrder")
            .field("name", &self.name)
            .field("namespace", &self.namespace)
            .field("image", &self.image)
            .field("print", &self.print)
            .field("gpus", &self.gpus)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What a job has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobProof {
    /// What it printed, with `(nonce)` in place of the nonce.
    pub output: String,
    /// The exit code of its container. `None` where what ran it has none: a model that was asked.
    pub exit_code: Option<i32>,
    /// What ran it, by the cloud's own name: `pod kubeproof-proof-x2x4z`, `endpoint kp-r1`.
    pub runner: String,
    /// The node that it ran on. `None` where the cloud shows none.
    pub node: Option<String>,
    /// Seconds from its creation to its end.
    pub seconds: u64,
}

/// The workload to scale, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaleOrder {
    /// Name of the Deployment.
    pub name: String,
    /// Its own namespace, which is created and removed.
    pub namespace: String,
    /// The image of the pods, with a shell at `/bin/sh`; `None` means the job's default.
    pub image: Option<String>,
    /// Pods to begin with, at least one.
    pub from: u32,
    /// Pods to scale to, at least one, another number than `from`.
    pub to: u32,
    /// How long each of the three steps may take: to begin, to scale, to end.
    pub timeout: Duration,
    /// Labels of everything that is created.
    pub labels: BTreeMap<String, String>,
}

/// What the scaling has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaleProof {
    /// What is scaled: `pod`, `replica`.
    pub unit: &'static str,
    /// Pods that were ready to begin with, and the node of each; where a cloud shows no nodes, the place.
    pub before: BTreeMap<String, String>,
    /// Pods that were ready after scaling, and the node of each.
    pub after: BTreeMap<String, String>,
    /// How many were left at the end.
    pub last: usize,
    /// Seconds until the first ones were ready.
    pub start_seconds: u64,
    /// Seconds from the request to scale, or the load that asks for it, until all were ready.
    pub scale_seconds: u64,
    /// Seconds from the request to scale down, or the end of the load, until no more than `last` were left.
    pub end_seconds: u64,
}

impl ScaleProof {
    /// The nodes that pods were on after scaling.
    pub fn nodes(&self) -> BTreeSet<&str> {
        self.after.values().map(String::as_str).collect()
    }
}

/// Why something with a workload did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkloadError {
    /// The caller is known, and may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// This cloud has no such thing.
    #[error("{0}")]
    Unsupported(String),
    /// Anything else: what was tried, what happened, and what to do next.
    #[error("{0}")]
    Failed(String),
}

impl WorkloadError {
    /// The error with the text of another one.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The place that workloads run in, as an access shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadPlace {
    /// Where its API is.
    pub server: String,
    /// What identifies it: two places never have the same one, whatever they are called.
    pub uid: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// How many of them are ready and take work.
    pub ready: usize,
    /// What is wrong, per node.
    pub problems: Vec<String>,
}

/// Runs work through one access, that of the provisioner or the observer's own.
#[async_trait]
pub trait Workload: Send + Sync {
    /// Runs a job, and removes it. Safe to repeat.
    ///
    /// # Errors
    /// When it does not end in time, fails, prints something else or cannot be removed.
    async fn run(&self, order: &JobOrder) -> Result<JobProof, WorkloadError>;

    /// Where the access leads. `nodes` is how many were asked for.
    ///
    /// # Errors
    /// When it does not work, or may not show this.
    async fn place(&self, nodes: usize) -> Result<WorkloadPlace, WorkloadError>;

    /// The identity of that place alone.
    ///
    /// # Errors
    /// When it does not work, or may not show this.
    async fn uid(&self) -> Result<String, WorkloadError>;

    /// Makes what a careless user leaves in a namespace: things that the cloud adds resources for. `None` where there is
    /// no such thing.
    fn leaving(&self) -> Option<&dyn Leaving> {
        None
    }

    /// Scales a service. `None` where that is not possible.
    fn scaling(&self) -> Option<&dyn Scaling> {
        None
    }
}

/// Leaves something behind for teardown.
#[async_trait]
pub trait Leaving: Send + Sync {
    /// Leaves a load balancer and a volume in a namespace, with these labels. Safe to repeat.
    ///
    /// # Errors
    /// When they cannot be made, or have no counterpart in the cloud in time.
    async fn leave(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), WorkloadError>;
}

/// Scales a service up and down.
#[async_trait]
pub trait Scaling: Send + Sync {
    /// Proves that a service scales, and removes it. Safe to repeat.
    ///
    /// # Errors
    /// When a step does not end in time, or something cannot be removed.
    async fn scale(&self, order: &ScaleOrder) -> Result<ScaleProof, WorkloadError>;
}

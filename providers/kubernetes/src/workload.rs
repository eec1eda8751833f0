//! Workloads on Kubernetes, through one access to its API server.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kubeproof_contract::provisioner::KubernetesAccess;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::workload::{
    JobOrder, JobProof, Leaving, ScaleOrder, ScaleProof, Scaling, Workload, WorkloadError,
    WorkloadPlace,
};

use crate::client::client;
use crate::error::{Cause, KubernetesError};
use crate::{identity, job, leftovers, ready, scale};

impl From<KubernetesError> for WorkloadError {
    fn from(error: KubernetesError) -> Self {
        match error.cause {
            Cause::Status(403) => Self::Forbidden(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// A cluster as one access shows it.
struct ClusterWorkload {
    client: kube::Client,
    server: String,
}

/// Workloads through this access. Call it inside the runtime that will use it.
///
/// # Errors
/// When the server's address or the credential cannot be used.
pub fn through(
    access: &KubernetesAccess,
    transport: SharedTransport,
) -> Result<Box<dyn Workload>, WorkloadError> {
    Ok(Box::new(ClusterWorkload {
        client: client(access, transport)?,
        server: access.server.clone(),
    }))
}

#[async_trait]
impl Workload for ClusterWorkload {
    async fn run(&self, order: &JobOrder) -> Result<JobProof, WorkloadError> {
        Ok(job::run_job(&self.client, order).await?)
    }

    async fn place(&self, nodes: usize) -> Result<WorkloadPlace, WorkloadError> {
        let seen = ready::ready(&self.client, nodes).await?;
        Ok(WorkloadPlace {
            server: self.server.clone(),
            uid: self.uid().await?,
            nodes: seen.nodes.len(),
            ready: seen.ready,
            problems: seen.problems,
        })
    }

    async fn uid(&self) -> Result<String, WorkloadError> {
        Ok(identity::uid(&self.client).await?)
    }

    fn leaving(&self) -> Option<&dyn Leaving> {
        Some(self)
    }

    fn scaling(&self) -> Option<&dyn Scaling> {
        Some(self)
    }
}

#[async_trait]
impl Leaving for ClusterWorkload {
    async fn leave(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), WorkloadError> {
        leftovers::create(&self.client, namespace, labels).await?;
        Ok(())
    }
}

#[async_trait]
impl Scaling for ClusterWorkload {
    async fn scale(&self, order: &ScaleOrder) -> Result<ScaleProof, WorkloadError> {
        Ok(scale::prove(&self.client, order).await?)
    }
}

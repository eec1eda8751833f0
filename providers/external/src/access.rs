//! Access: how a program reaches a real account, with the observer's credentials and no others, or through a proxy that has
//! them.

use std::error::Error;
use std::fmt;
use std::path::Path;

use async_trait::async_trait;
use kubeproof_contract::provisioner::KubernetesAccess;
use kubeproof_contract::serve::ClientEnvironment;

/// Why a program gets no access, so that it was not started.
#[derive(Debug, thiserror::Error)]
#[error("the program was not started: {0}")]
pub struct AccessError(#[source] Box<dyn Error + Send + Sync>);

impl AccessError {
    /// For this reason.
    pub fn new(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(why.into())
    }
}

/// Hands out the access of a trial. Asked before each process, because credentials expire.
#[async_trait]
pub trait Access: fmt::Debug + Send + Sync {
    /// The environment that gives a program exactly this access; its files are in `folder`.
    ///
    /// # Errors
    /// When there is none, or it leads to an account that must not be used.
    async fn environment(&self, folder: &Path) -> Result<ClientEnvironment, AccessError>;

    /// The access to the cluster of this name that a program handed over, as it is valid outside the program's
    /// environment.
    ///
    /// # Errors
    /// When it leads to an account that must not be used.
    async fn of_cluster(
        &self,
        _cluster: &str,
        access: KubernetesAccess,
    ) -> Result<KubernetesAccess, AccessError> {
        Ok(access)
    }
}

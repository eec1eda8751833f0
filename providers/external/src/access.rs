//! Access: how a program reaches a real account, with the observer's credentials and no others.

use std::fmt;
use std::path::Path;

use async_trait::async_trait;
use kubeproof_contract::serve::ClientEnvironment;

/// Hands out the access of a trial. Asked before each process, because credentials expire.
#[async_trait]
pub trait Access: fmt::Debug + Send + Sync {
    /// The environment that gives a program exactly this access; its files are in `folder`.
    ///
    /// # Errors
    /// When there is none, or it leads to an account that must not be used.
    async fn environment(&self, folder: &Path) -> Result<ClientEnvironment, String>;
}

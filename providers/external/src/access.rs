//! Access: how a program reaches a real account, by the observer's credentials and by no others.

use std::fmt;
use std::path::Path;

use async_trait::async_trait;
use kubeproof_contract::serve::Redirect;

/// Hands out the access of a trial. Asked before each process, because credentials expire.
#[async_trait]
pub trait Access: fmt::Debug + Send + Sync {
    /// The environment that gives a program exactly this access; files of it lie in `folder`.
    ///
    /// # Errors
    /// When there is none, or it leads to an account in which nothing may happen.
    async fn environment(&self, folder: &Path) -> Result<Redirect, String>;
}

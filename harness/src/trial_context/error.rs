//! Why a trial has no context.

use kubeproof_contract::serve::ServeError;
use kubeproof_contract::transport::TransportError;

use super::checkpoint::CheckpointError;
use crate::programs::NotForgotten;
use crate::programs::proxy::NoRandomBytes;
use crate::run_directory::folder::FolderError;

/// Why a trial has no context.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The cloud has no simulator, by its title.
    #[error("{0} has no simulator")]
    NoSimulator(&'static str),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Forget(#[from] NotForgotten),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Placeholders(#[from] NoRandomBytes),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Https(#[from] TransportError),
}

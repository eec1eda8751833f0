//! The deleter: deletes what a sweep has decided to. Never used by an audit, nor by a provisioner.

use async_trait::async_trait;

use crate::observer::ObserverError;
use crate::resource::Resource;

/// Deletes resources of one account.
#[async_trait]
pub trait Deleter: Send + Sync {
    /// Deletes one resource. One that is gone already is as it should be.
    ///
    /// # Errors
    /// When the cloud refuses, with its reason.
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError>;
}

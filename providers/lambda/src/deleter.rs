//! Deletes what a sweep has decided to.

use async_trait::async_trait;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;

use crate::api::{self, Api};
use crate::observer::inventory::CATALOGUE;

/// Deletes resources of one account.
#[derive(Debug)]
pub struct LambdaDeleter(Api);

impl LambdaDeleter {
    /// The deleter of a connection's account.
    pub fn new(connection: &Connection) -> Self {
        Self(api::client(connection))
    }
}

#[async_trait]
impl Deleter for LambdaDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        Ok(CATALOGUE.delete(&self.0.renewed(), resource).await?)
    }
}

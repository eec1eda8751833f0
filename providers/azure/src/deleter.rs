//! Deletes what a sweep has decided to. No type yet: each is refused by name, so that a sweep never claims more than it did.

use async_trait::async_trait;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;

use crate::spec::AksSpec;

/// Deletes resources of one subscription.
#[derive(Debug)]
pub struct AksDeleter {}

impl AksDeleter {
    /// The deleter of the subscription that the scenario names.
    pub fn new(_: &AksSpec, _: &Connection) -> Self {
        Self {}
    }
}

#[async_trait]
impl Deleter for AksDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let why = format!(
            "resources of type {} are not deleted by a sweep yet: delete {} by hand",
            resource.resource_type, resource.id
        );
        Err(ObserverError::new("delete", why))
    }
}

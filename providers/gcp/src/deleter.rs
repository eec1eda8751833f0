//! Deletes what a sweep has decided to, each type by its own call.

use async_trait::async_trait;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;

use crate::api::Api;
use crate::observer::inventory::known;
use crate::spec::GkeSpec;

/// Deletes resources of one project.
#[derive(Debug)]
pub struct GkeDeleter {
    #[expect(dead_code, reason = "it does not delete yet")]
    api: Api,
    #[expect(dead_code, reason = "it does not delete yet")]
    project: String,
}

impl GkeDeleter {
    /// The deleter of the project that the scenario names.
    pub fn new(spec: &GkeSpec, connection: &Connection) -> Self {
        Self {
            api: Api::new(connection),
            project: spec.project.0.clone(),
        }
    }
}

#[async_trait]
impl Deleter for GkeDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let kind = known("delete", &resource.resource_type)?;
        Err(ObserverError {
            call: "delete".to_owned(),
            message: format!("{} is not deleted yet", kind.name()),
        })
    }
}

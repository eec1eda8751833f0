//! Deletes what a sweep has decided to, by the catalogue of resource types.

use async_trait::async_trait;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;

use crate::observer::clients::Clients;
use crate::observer::known;
use crate::spec::EksSpec;

/// Deletes resources of one account.
#[derive(Clone, Debug)]
pub struct EksDeleter {
    clients: Clients,
}

impl EksDeleter {
    /// The deleter of the account behind a connection.
    pub fn new(spec: &EksSpec, connection: &Connection) -> Self {
        Self {
            clients: Clients::new(connection, &spec.region.0),
        }
    }
}

#[async_trait]
impl Deleter for EksDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let clients = self.clients.of_scope(&resource.scope);
        let of_type = known(&resource.resource_type)?;
        of_type.delete(&clients, resource).await
    }
}

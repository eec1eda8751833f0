//! Deletes what a sweep has decided to: as the catalogue of resources says.

use kubeproof_cloudkit::catalogue::CatalogueDeleter;
use kubeproof_contract::provider::Connection;

use crate::api::{self, Api};
use crate::observer::inventory::CATALOGUE;

pub fn of(connection: &Connection) -> CatalogueDeleter<Api> {
    CatalogueDeleter {
        catalogue: &CATALOGUE,
        clients: api::client(connection),
    }
}

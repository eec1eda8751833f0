//! Deletes what a sweep has decided to: as the catalogue of resources says.

use kubeproof_cloudkit::catalogue::CatalogueDeleter;
use kubeproof_contract::provider::Connection;

use crate::observer::clients::Clients;
use crate::observer::resources::CATALOGUE;
use crate::spec::EksSpec;

/// The deleter of a connection's account.
pub fn of(spec: &EksSpec, connection: &Connection) -> CatalogueDeleter<Clients> {
    CatalogueDeleter {
        catalogue: &CATALOGUE,
        clients: Clients::new(connection, &spec.region.0),
    }
}

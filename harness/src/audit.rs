//! The audit: is the account back at its baseline? It looks, and never changes anything.
//!
//! Taking inventories (`inventory`) makes calls; comparing them (`compare`) and telling whose what is
//! (`neighbours`) are pure.

pub mod claims;
pub mod compare;
pub mod inventory;
pub mod neighbours;
pub mod retained;

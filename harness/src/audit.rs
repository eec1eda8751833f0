//! The audit: is the account back at its baseline? It looks, and never changes anything.
//!
//! Taking inventories (`inventory`) makes calls; comparing them (`compare`) is pure.

pub mod compare;
pub mod inventory;

//! tmp
pub mod clients;
pub mod resources;

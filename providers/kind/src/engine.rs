//! The container engine: where it is, and the layered ways to it.
//!
//! Every call to it, even by the programs `kind` and `docker`, goes through the trial's transport, so the journal has
//! it and faults can be injected into it.

pub mod address;
pub mod client;
pub mod proxy;
mod stream;
pub mod transport;

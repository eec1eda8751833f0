//! The container engine: where it is, and the layered ways to it.
//!
//! Apart from what is asked of it. Every call to it, also of the programs `kind` and `docker`, goes
//! through the trial's transport: so the journal has it, and faults can strike it.

pub mod address;
pub mod client;
pub mod proxy;
mod stream;
pub mod way_out;

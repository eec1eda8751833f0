//! The provisioner and the observer against the simulated account, through the contract alone.

mod bench;
mod endpoint;
mod inventory;
mod jobs;
mod kubernetes;
mod late;
mod preflight;
mod scaling;

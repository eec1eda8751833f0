//! Kind: a real Kubernetes on Docker. The provisioner that drives `kind`, and the independent observer of what a Kind
//! cluster can leave behind on this machine.
//!
//! Every provider has the same parts: `plan`, `provisioner`, `observer`, `deleter` and `cost`. There is no simulator: what
//! is simulated elsewhere is real here, so this provider also judges the simulated API server.

mod calls;
pub mod cost;
pub mod defects;
pub mod deleter;
pub mod dialect;
pub mod engine;
pub mod external_changes;
pub mod observer;
pub mod plan;
pub mod program;
pub mod provider;
pub mod provisioner;
pub mod settings;
pub mod spec;

//! The observer of the account, against the simulator in memory and on its own.
//!
//! One test binary, because linking the SDKs takes long; one file per subject in `observer/`.

#[path = "observer/bench.rs"]
mod bench;
#[path = "observer/estimate.rs"]
mod estimate;
#[path = "observer/inventory.rs"]
mod inventory;
#[path = "observer/lifecycle.rs"]
mod lifecycle;
#[path = "observer/preflight.rs"]
mod preflight;
#[path = "observer/programs.rs"]
mod programs;

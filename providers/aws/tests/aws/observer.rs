//! The observer of the account, against the simulator in memory and on its own.
//!
//! One test binary, because linking the SDKs takes long; one file per subject in `observer/`.

mod bench;
mod estimate;
mod inventory;
mod keys;
mod lifecycle;
mod preflight;
mod programs;

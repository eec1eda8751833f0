//! The observer of the account, against the simulator in memory and on its own.
//!
//! One test binary, because linking the SDKs is what takes long; a file per subject below
//! `account/`.

#[path = "account/estimate.rs"]
mod estimate;
#[path = "account/inventory.rs"]
mod inventory;
#[path = "account/lifecycle.rs"]
mod lifecycle;
#[path = "account/preflight.rs"]
mod preflight;
#[path = "account/programs.rs"]
mod programs;
#[path = "account/setting.rs"]
mod setting;

//! The reference provisioner against the simulated account, in virtual time.
//!
//! One test binary, because linking the SDKs takes longer than running the tests.

mod bench;
mod crashes;
mod defects;
mod faults;
mod leftovers;
mod lifecycle;

//! The reference provisioner against the simulated account, in virtual time.
//!
//! One test binary, because linking the SDKs takes longer than running the tests.

#[path = "provisioner/bench.rs"]
mod bench;
#[path = "provisioner/crashes.rs"]
mod crashes;
#[path = "provisioner/defects.rs"]
mod defects;
#[path = "provisioner/faults.rs"]
mod faults;
#[path = "provisioner/leftovers.rs"]
mod leftovers;
#[path = "provisioner/lifecycle.rs"]
mod lifecycle;

//! The reference provisioner against the simulated account, in virtual time.
//!
//! One target for all of them, because linking the SDKs takes longer than running the tests.

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
#[path = "provisioner/stage.rs"]
mod stage;

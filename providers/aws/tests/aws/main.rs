//! The observer and the provisioner against the simulator in memory.
//!
//! One target, so that it is linked once.

mod observer;
mod provisioner;

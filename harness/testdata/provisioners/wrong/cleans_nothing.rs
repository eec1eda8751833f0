//! Leaves everything in place when a call is refused, and does not report it.
//!
//! Seen in the wild as failed creations that a retry would repair, and that keep costing money without one.

use kubeproof_contract::provisioner::{Provisioner, ProvisionerError};

use crate::provisioners::variant::{FunctionProvisioner, Parts, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "cleans nothing",
        parts,
        |parts| {
            Box::pin(async {
                let result = parts.reference().provision().await;
                // The bug: what is left is neither removed nor reported.
                result.map_err(|error| ProvisionerError::new(error.message))
            })
        },
        tears_down,
    )
}

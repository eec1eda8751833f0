//! Leaves everything where it was when a call is refused, and says nothing of it.
//!
//! Seen in the wild as failed creations that a retry heals, and that bill on when there is no retry.

use kubeproof_contract::provisioner::{Provisioner, ProvisionerError};

use crate::variant::{Acts, Parts, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed(
        "cleans nothing",
        parts,
        |parts| {
            Box::pin(async {
                let result = parts.reference().provision().await;
                // The bug: what is left is neither removed nor told.
                result.map_err(|error| ProvisionerError::new(error.message))
            })
        },
        tears_down,
    )
}

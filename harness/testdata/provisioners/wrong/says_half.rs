//! Reports that it left resources behind, but names only some of them.
//!
//! Seen in the wild as states that list some of what a failed creation made (terraform-provider-aws
//! issue 20268, terraform-provider-google issue 3875).

use kubeproof_contract::provisioner::Provisioner;

use crate::provisioners::variant::{FunctionProvisioner, Parts, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "says half",
        parts,
        |parts| {
            Box::pin(async {
                let mut result = parts.reference().provision().await;
                if let Err(error) = &mut result {
                    // The bug: only the first is reported.
                    error.left_behind.truncate(1);
                }
                result
            })
        },
        tears_down,
    )
}

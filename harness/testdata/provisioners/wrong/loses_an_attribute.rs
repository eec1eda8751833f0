//! Takes a throttled attribute change for one that was applied.
//!
//! As `loses_a_rule` (terraform-provider-aws issue 3128), with what makes a subnet public and what gives
//! the hosts of a VPC their names.

use kubeproof_contract::provisioner::Provisioner;

use super::loses_a_rule::Careless;
use crate::provisioners::variant::{FunctionProvisioner, Parts, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "loses an attribute",
        parts,
        |parts| {
            Box::pin(async {
                parts
                    .intercepted(Careless(is_of_attribute))
                    .provision()
                    .await
            })
        },
        tears_down,
    )
}

fn is_of_attribute(operation: &str) -> bool {
    operation.starts_with("Modify") && operation.ends_with("Attribute")
}

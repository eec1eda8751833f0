//! Retries a refused call for hours, with everything running, before it gives up.
//!
//! Seen in the wild as retries that go on for an hour and more (terraform-provider-aws: 25 retries).

use std::time::Duration;

use kubeproof_contract::provisioner::Provisioner;

use crate::provisioners::variant::{FunctionProvisioner, Parts, tears_down};

const HOURS: u64 = 12;

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "waits for hours",
        parts,
        |parts| {
            Box::pin(async {
                let result = parts.reference().provision().await;
                if result.is_err() {
                    tokio::time::sleep(Duration::from_secs(HOURS * 3600)).await;
                    return parts.reference().provision().await;
                }
                result
            })
        },
        tears_down,
    )
}

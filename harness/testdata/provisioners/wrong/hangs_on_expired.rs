//! Retries forever with expired credentials.
//!
//! Seen in the wild (terraform-provider-aws issue 32809: hours without a message).

use std::time::Duration;

use kubeproof_contract::provisioner::{Provisioned, Provisioner};

use crate::provisioners::variant::{FunctionProvisioner, Parts, Work, tears_down};

const PAUSE: Duration = Duration::from_mins(10);

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("hangs on expired credentials", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        loop {
            match parts.reference().provision().await {
                // The bug: nothing is reported, and nothing changes.
                Err(error) if error.message.contains("expired") => {
                    tokio::time::sleep(PAUSE).await;
                }
                result => return result,
            }
        }
    })
}

//! Cleans up by name prefix if an earlier clean-up was interrupted.
//!
//! Seen in the wild as deletion by name, regardless of the owner (kops issue 2003).

use kubeproof_contract::provisioner::Provisioner;

use crate::provisioners::variant::{FunctionProvisioner, Parts, Work, provisions};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("cleans by name", parts, provisions, teardown)
}

fn teardown(parts: &Parts) -> Work<'_, ()> {
    Box::pin(async {
        if parts.begins_again().await {
            // The bug: a name is no proof of ownership.
            parts
                .with_defect("deletes-neighbours-vpc")
                .teardown()
                .await?;
        } else {
            parts.reference().teardown().await?;
        }
        parts.ends().await;
        Ok(())
    })
}

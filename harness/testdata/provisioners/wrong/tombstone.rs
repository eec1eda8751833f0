//! Keeps a list of pending deletions when interrupted, and fails on resources that are already gone.
//!
//! Seen in the wild as deletion that aborts on `NotFound` (kops issue 592, fixed by 594).

use kubeproof_contract::provisioner::{Provisioner, ProvisionerError};

use crate::provisioners::variant::{FunctionProvisioner, Parts, Work, provisions};

const LIST: &str = "deleting";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("tombstone", parts, provisions, teardown)
}

fn teardown(parts: &Parts) -> Work<'_, ()> {
    Box::pin(async {
        let disk = &parts.connection.disk;
        match parts.file(LIST).await.as_deref() {
            Some("resumed") => {
                // The bug: being gone is the goal.
                return Err(ProvisionerError::new("the VPC of the list: NotFound"));
            }
            Some("begun") => {
                parts.reference().teardown().await?;
                let _ = disk.write(LIST, "resumed").await;
            }
            _ => {
                let _ = disk.write(LIST, "begun").await;
                parts.reference().teardown().await?;
                let _ = disk.write(LIST, "done").await;
            }
        }
        Ok(())
    })
}

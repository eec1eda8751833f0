//! Keeps a list of what it deletes when it is interrupted, and stumbles over what is gone already.
//!
//! Seen in the wild as deletion that aborts on NotFound (kops issue 592, mended by 594).

use kubeproof_contract::provisioner::{Provisioner, ProvisionerError};

use crate::variant::{Acts, Parts, Work, provisions};

const LIST: &str = "deleting";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("tombstone", parts, provisions, teardown)
}

fn teardown(parts: &Parts) -> Work<'_, ()> {
    Box::pin(async {
        let disk = &parts.connection.disk;
        match parts.file(LIST).await.as_deref() {
            Some("resumed") => {
                // The bug: gone is what it should be.
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

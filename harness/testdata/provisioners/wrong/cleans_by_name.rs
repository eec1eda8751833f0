//! Cleans up by the beginning of names when an earlier clean-up was interrupted.
//!
//! Seen in the wild as deletion by name, whoever owns what has it (kops issue 2003).

use kubeproof_contract::provisioner::Provisioner;

use crate::variant::{Acts, Parts, Work, provisions};

const MARKER: &str = "cleaning";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("cleans by name", parts, provisions, teardown)
}

fn teardown(parts: &Parts) -> Work<'_, ()> {
    Box::pin(async {
        let disk = &parts.connection.disk;
        let interrupted = parts.file(MARKER).await.as_deref() == Some("yes");
        let _ = disk.write(MARKER, "yes").await;
        if interrupted {
            // The bug: a name is no proof of ownership.
            parts
                .with_defect("deletes-neighbours-vpc")
                .teardown()
                .await?;
        } else {
            parts.reference().teardown().await?;
        }
        let _ = disk.write(MARKER, "no").await;
        Ok(())
    })
}

//! Does not notice that its state could not be written, and tears down only what it has stored.
//!
//! Seen in the wild when the store of the state refuses (terraform issue 33264: expired credentials).

use kubeproof_contract::provisioner::Provisioner;

use crate::provisioners::variant::{FunctionProvisioner, Parts};

const STATE: &str = "state";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "ignores a failed write",
        parts,
        |parts| {
            Box::pin(async {
                // The bug: the result of the write is ignored.
                let _ = parts.connection.disk.write(STATE, "begun").await;
                parts.reference().provision().await
            })
        },
        |parts| {
            Box::pin(async {
                if parts.file(STATE).await.is_none() {
                    return Ok(());
                }
                parts.reference().teardown().await
            })
        },
    )
}

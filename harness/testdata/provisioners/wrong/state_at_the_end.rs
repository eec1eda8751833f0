//! Stores what it made only at the end, and tears down only what is stored.
//!
//! Seen in the wild as state that is lost with the process (CAPA issues 1351 and 6131, upjet-aws 1482).

use kubeproof_contract::provisioner::Provisioner;

use crate::provisioners::variant::{FunctionProvisioner, Parts, Work};

const STATE: &str = "state";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "state at the end",
        parts,
        |parts| {
            Box::pin(async {
                let made = parts.reference().provision().await?;
                // The bug: nothing is stored before this point.
                let _ = parts.connection.disk.write(STATE, "made").await;
                Ok(made)
            })
        },
        teardown,
    )
}

fn teardown(parts: &Parts) -> Work<'_, ()> {
    Box::pin(async {
        if parts.file(STATE).await.as_deref() != Some("made") {
            return Ok(());
        }
        parts.reference().teardown().await
    })
}

//! Takes a state that it cannot read for none, and begins anew beside what is there.
//!
//! Seen in the wild as ids that are lost with their file (CAPA issue 2563, upjet-aws issue 1482).

use kubeproof_contract::provisioner::{Provisioned, Provisioner};

use crate::variant::{Acts, Parts, Work, tears_down};

const STATE: &str = "state";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("begins anew", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let disk = &parts.connection.disk;
        let state = parts.file(STATE).await;
        let _ = disk.write(STATE, "begun").await;
        let mut provisioner = match state.as_deref() {
            Some("begun" | "made") => parts.reference(),
            // The bug: torn or gone is not the same as nothing made.
            _ => parts.with_defect("twin-vpc-on-retry"),
        };
        let made = provisioner.provision().await?;
        let _ = disk.write(STATE, "made").await;
        Ok(made)
    })
}

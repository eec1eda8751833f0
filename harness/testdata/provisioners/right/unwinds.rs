//! Removes everything after any failure, where the reference leaves it for the next attempt.

use kubeproof_contract::provisioner::{Provisioned, Provisioner, ProvisionerError};

use crate::provisioners::variant::{FunctionProvisioner, Parts, Work, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("unwinds", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let failed = match parts.reference().provision().await {
            Err(error) => error.message,
            made => return made,
        };
        Err(match parts.reference().teardown().await {
            Ok(()) => ProvisionerError::new(format!("{failed}; unwound")),
            Err(stuck) => ProvisionerError::left(
                format!("{failed}; unwinding stuck: {}", stuck.message),
                stuck.left_behind,
            ),
        })
    })
}

//! Builds a second cluster next to the first when something is refused, and removes it again.
//!
//! Seen in the wild as failover without removing the first cluster (skypilot issues 656
//! and 779).

use kubeproof_contract::provisioner::{Provisioned, Provisioner};

use crate::provisioners::variant::{FunctionProvisioner, Parts, Work, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("failover beside", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let refused = match parts.reference().provision().await {
            Err(error) => error,
            made => return made,
        };
        // The bug: the first one still exists.
        let beside = || parts.with_connection(|connection| connection.run.id.push('b'));
        let _ = beside().provision().await;
        beside().teardown().await?;
        Err(refused)
    })
}

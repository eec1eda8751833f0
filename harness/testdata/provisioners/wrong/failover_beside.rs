//! Builds a second cluster beside the first when something is refused, and throws it away again.
//!
//! Seen in the wild as failover that does not first remove what it fails over from (skypilot issues 656
//! and 779).

use kubeproof_contract::provisioner::{Provisioned, Provisioner};

use crate::variant::{Acts, Parts, Work, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("failover beside", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let refused = match parts.reference().provision().await {
            Err(error) => error,
            made => return made,
        };
        // The bug: the first one is still there.
        let beside = || parts.under(|connection| connection.run.id.push('b'));
        let _ = beside().provision().await;
        beside().teardown().await?;
        Err(refused)
    })
}

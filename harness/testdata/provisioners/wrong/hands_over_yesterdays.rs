//! Hands over the kubeconfig that its first attempt wrote, though another attempt made another cluster.
//!
//! Seen in the wild as kubeconfigs that are written only if there is none, and then lead nowhere.

use kubeproof_contract::provisioner::{Provisioned, Provisioner};

use crate::variant::{Acts, Parts, Work, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("hands over yesterday's", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let again = parts.begins_again().await;
        let mut made = parts.reference().provision().await?;
        if again && let Ok(access) = &mut made.access {
            // The bug: the address of a cluster that is no more.
            access.server = access.server.replacen("https://", "https://gone-", 1);
        }
        parts.ends().await;
        Ok(made)
    })
}

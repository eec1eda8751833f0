//! Hands over the kubeconfig of its first attempt, although a later attempt created another cluster.
//!
//! Seen in the wild as kubeconfigs that are only written if none exists, and then lead nowhere.

use kubeproof_contract::provisioner::{Provisioned, Provisioner};

use crate::provisioners::variant::{FunctionProvisioner, Parts, Work, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("hands over yesterday's", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let again = parts.begins_again().await;
        let mut made = parts.reference().provision().await?;
        if again && let Ok(access) = &mut made.access {
            // The bug: the address of a cluster that no longer exists.
            access.server = access.server.replacen("https://", "https://gone-", 1);
        }
        parts.ends().await;
        Ok(made)
    })
}

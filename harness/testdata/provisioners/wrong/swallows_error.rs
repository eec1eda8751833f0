//! Always reports a successful teardown.
//!
//! Seen in the wild when something is still in use (eksctl issue 1849, terraform-provider-aws 30640).

use kubeproof_contract::provisioner::Provisioner;

use crate::provisioners::variant::{FunctionProvisioner, Parts, provisions};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("swallows its error", parts, provisions, |parts| {
        Box::pin(async {
            // The bug: the error is dropped.
            let _ = parts.reference().teardown().await;
            Ok(())
        })
    })
}

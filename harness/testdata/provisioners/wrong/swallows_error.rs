//! Says that it has torn down, whatever became of that.
//!
//! Seen in the wild when something is still in use (eksctl issue 1849, terraform-provider-aws 30640).

use kubeproof_contract::provisioner::Provisioner;

use crate::variant::{Acts, Parts, provisions};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("swallows its error", parts, provisions, |parts| {
        Box::pin(async {
            // The bug: nobody hears of it.
            let _ = parts.reference().teardown().await;
            Ok(())
        })
    })
}

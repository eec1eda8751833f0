//! The one place that knows the simulator: how a rehearsal is set up, and how an account is served.
//!
//! Nothing else in this crate may name it, so that observer and provisioner cannot depend on it.

pub use kubeproof_huggingface_simulator::setup::TOKEN;

use std::sync::Arc;

use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::serve::{ServeError, Served, Serving};
use kubeproof_huggingface_simulator::cloud::HuggingFaceCloud;
use kubeproof_huggingface_simulator::setup::{Organisation, Setup, USER};
use kubeproof_simkit::in_memory::InMemory;

use crate::dialect::HuggingFaceDialect;
use crate::spec::HuggingFaceSpec;

/// A fresh simulated account that reaches the namespace of the scenario.
pub fn rehearse(spec: &HuggingFaceSpec, clock: Clock, seed: u64) -> Rehearsal {
    let mut setup = Setup::new(seed, clock.now());
    let name = &spec.namespace.0;
    let is_known = name == USER || setup.organisations.iter().any(|one| one.name == *name);
    if !is_known {
        setup.organisations.push(Organisation {
            name: name.clone(),
            can_pay: true,
            is_open: true,
        });
    }
    InMemory::rehearsal(HuggingFaceCloud::new(setup), clock)
}

/// A fresh simulated account over sockets.
///
/// # Errors
/// When it cannot be listened to.
pub fn serve(serving: Serving) -> Result<Arc<dyn Served>, ServeError> {
    let seed = serving.seed;
    let fresh = move |now| HuggingFaceCloud::new(Setup::new(seed, now));
    kubeproof_simkit::serve::serve(fresh, Arc::new(HuggingFaceDialect), serving)
}

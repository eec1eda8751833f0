//! The one place that knows the simulator: how a rehearsal is set up, and how an account is served.
//!
//! Nothing else in this crate may name it, so that observer and provisioner cannot depend on it.

pub use kubeproof_lambda_simulator::setup::API_KEY;

use std::sync::Arc;

use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::provider::SimulatedOperations;
use kubeproof_contract::serve::{ServeError, Served, Serving};
use kubeproof_lambda_simulator::cloud::LambdaCloud;
use kubeproof_lambda_simulator::setup::Setup;
use kubeproof_simkit::in_memory::InMemory;

use crate::dialect::LambdaDialect;

pub fn rehearse(clock: Clock, seed: u64) -> Rehearsal {
    InMemory::rehearsal(LambdaCloud::new(Setup::new(seed, clock.now())), clock)
}

/// The operations that the simulator answers, by service; of a cluster's API server, the resource types.
pub fn simulated_operations() -> SimulatedOperations {
    let own = kubeproof_lambda_simulator::operations().collect();
    let of_clusters = kubeproof_lambda_simulator::resource_types().collect();
    [("lambda", own), ("kubernetes", of_clusters)].into()
}

/// A fresh simulated account over sockets.
///
/// # Errors
/// When it cannot be listened to.
pub fn serve(serving: Serving) -> Result<Arc<dyn Served>, ServeError> {
    let seed = serving.seed;
    let fresh = move |now| LambdaCloud::new(Setup::new(seed, now));
    kubeproof_simkit::serve::serve(fresh, Arc::new(LambdaDialect), serving)
}

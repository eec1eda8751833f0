//! The one place that knows the simulator: how a rehearsal is set up.
//!
//! Nothing else in this crate may name it, so that observer and provisioner cannot lean on it.

pub use kubeproof_lambda_simulator::setup::API_KEY;

use kubeproof_contract::clock::Clock;
use kubeproof_contract::world::Rehearsal;
use kubeproof_lambda_simulator::cloud::LambdaCloud;
use kubeproof_lambda_simulator::setup::Setup;
use kubeproof_simkit::memory::InMemory;

/// A fresh simulated account.
pub fn rehearse(clock: Clock, seed: u64) -> Rehearsal {
    InMemory::rehearsal(LambdaCloud::new(Setup::new(seed, clock.now())), clock)
}

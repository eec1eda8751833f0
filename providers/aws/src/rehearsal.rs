//! The one place that knows the simulator: how a rehearsal is set up.
//!
//! Nothing else in this crate may name it, so that observer and provisioner cannot lean on it.

pub use kubeproof_aws_simulator::setup::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::setup::Setup;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::world::Rehearsal;
use kubeproof_simkit::memory::InMemory;

use crate::spec::EksSpec;

/// A fresh simulated account for a scenario.
pub fn rehearse(spec: &EksSpec, clock: Clock, seed: u64) -> Rehearsal {
    let setup = Setup::new(seed, &spec.region.0, clock.now());
    InMemory::rehearsal(AwsCloud::new(setup), clock)
}

//! Sets up and serves rehearsals: the only file that may name the simulator.
//!
//! That keeps observer and provisioner from relying on it.

pub use kubeproof_aws_simulator::setup::{ACCESS_KEY_ID, LIMITED_ACCESS_KEY_ID, SECRET_ACCESS_KEY};

use std::sync::Arc;

use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::setup::Setup;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::provider::SimulatedOperations;
use kubeproof_contract::serve::{ServeError, Served, Serving};
use kubeproof_simkit::in_memory::InMemory;
use serde_json::Value;

use crate::dialect::AwsDialect;
use crate::spec::{EksSpec, Region};

/// The operations that faults can target, by service.
pub fn operations() -> Vec<(&'static str, Vec<&'static str>)> {
    kubeproof_aws_simulator::operations::operations()
}

/// The operations that the simulator answers, by service; of a cluster's API server, the resource types.
pub fn simulated_operations() -> SimulatedOperations {
    let own = operations().into_iter();
    let mut all: SimulatedOperations = own
        .map(|(service, names)| (service, names.into_iter().collect()))
        .collect();
    all.insert(
        "kubernetes",
        kubeproof_aws_simulator::resource_types().collect(),
    );
    all
}

/// A fresh simulated account for a scenario. The limited key, if there is a limit, may do what that policy allows.
pub fn rehearse(spec: &EksSpec, (clock, seed): (Clock, u64), limit: Option<Value>) -> Rehearsal {
    let mut setup = Setup::new(seed, &spec.region.0, clock.now());
    setup.limit = limit;
    InMemory::rehearsal(AwsCloud::new(setup), clock)
}

/// A fresh simulated account over sockets, in this region.
///
/// # Errors
/// When no socket can be opened.
pub fn serve(region: Region, serving: Serving) -> Result<Arc<dyn Served>, ServeError> {
    let seed = serving.seed;
    let fresh = move |now| AwsCloud::new(Setup::new(seed, &region.0, now));
    kubeproof_simkit::serve::serve(fresh, Arc::new(AwsDialect), serving)
}

//! The one place that knows the simulator: how a rehearsal is set up, and how a project is served.
//!
//! Nothing else in this crate may name it, so that observer and provisioner cannot depend on it.

pub use kubeproof_gcp_simulator::setup::{ACCESS_TOKEN, CALLER, PROJECT};

use std::sync::Arc;

use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::provider::SimulatedOperations;
use kubeproof_contract::serve::{ServeError, Served, Serving};
use kubeproof_gcp_simulator::cloud::GcpCloud;
use kubeproof_gcp_simulator::setup::Setup;
use kubeproof_simkit::in_memory::InMemory;
use kubeproof_simkit::router::by_service;

use crate::dialect::GcpDialect;
use crate::spec::GkeSpec;

/// The operations that the simulator answers, by service; of a cluster's API server, the resource types.
pub fn simulated_operations() -> SimulatedOperations {
    let mut all = by_service(kubeproof_gcp_simulator::operations());
    all.insert(
        "kubernetes",
        kubeproof_gcp_simulator::resource_types().collect(),
    );
    all
}

/// A fresh simulated project with the id that the scenario names.
pub fn rehearse(spec: &GkeSpec, clock: Clock, seed: u64) -> Rehearsal {
    let setup = Setup {
        project: spec.project.0.clone(),
        ..Setup::new(seed, clock.now())
    };
    InMemory::rehearsal(GcpCloud::new(setup), clock)
}

/// A fresh simulated project over sockets.
///
/// # Errors
/// When it cannot be listened to.
pub fn serve(serving: Serving) -> Result<Arc<dyn Served>, ServeError> {
    let seed = serving.seed;
    let fresh = move |now| GcpCloud::new(Setup::new(seed, now));
    kubeproof_simkit::serve::serve(fresh, Arc::new(GcpDialect), serving)
}

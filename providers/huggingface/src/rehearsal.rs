//! The one place that knows the simulator: how a rehearsal is set up, and how an account is served.
//!
//! Nothing else in this crate may name it, so that observer and provisioner cannot depend on it.

pub use kubeproof_huggingface_simulator::setup::{CLUSTER_TOKEN, TOKEN};

use std::net::Ipv4Addr;
use std::sync::Arc;

use kubeproof_contract::call_key::CallKeys;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::provider::SimulatedOperations;
use kubeproof_contract::serve::{Place, ServeError, Served, Serving, Sharing};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_huggingface_simulator::cloud::HuggingFaceCloud;
use kubeproof_huggingface_simulator::setup::{CLUSTER_HOST, Organisation, Setup, USER};
use kubeproof_simkit::in_memory::InMemory;

use crate::beside::{BesideCluster, WithCluster};
use crate::dialect::HuggingFaceDialect;
use crate::spec::{HuggingFaceSpec, KubernetesSpec};

/// The address of the simulated cluster.
pub fn cluster_server() -> String {
    format!("https://{CLUSTER_HOST}:6443")
}

/// The operations that the simulator answers, by service; of a cluster's API server, the resource types.
pub fn simulated_operations() -> SimulatedOperations {
    let mut all = SimulatedOperations::new();
    for (product, name) in kubeproof_huggingface_simulator::answered_by_product() {
        all.entry(product).or_default().insert(name);
    }
    all.insert(
        "kubernetes",
        kubeproof_huggingface_simulator::resource_types().collect(),
    );
    all
}

/// A fresh simulated account that reaches the namespace of the scenario.
pub fn rehearse(spec: &HuggingFaceSpec, clock: Clock, seed: u64) -> Rehearsal {
    let mut setup = setup(spec, clock, seed);
    setup.has_cluster = spec.kubernetes.is_some();
    InMemory::rehearsal(HuggingFaceCloud::new(setup), clock)
}

/// A fresh simulated account beside a real cluster. Its pods call models at the port of the scenario, on all addresses of
/// this machine, over plain HTTP; calls of all other hosts go over `https`.
///
/// # Errors
/// When the port is taken.
pub fn beside(
    spec: &HuggingFaceSpec,
    (clock, seed): (Clock, u64),
    https: SharedTransport,
) -> Result<Rehearsal, ServeError> {
    let rehearsal = rehearse_account(spec, clock, seed);
    let port = spec.kubernetes.as_ref().and_then(KubernetesSpec::gateway);
    let served = rehearsal.servable.serve(Sharing {
        listen: (Ipv4Addr::UNSPECIFIED, port.unwrap_or_default()).into(),
        clock,
        time_scale: 1,
        dialect: Arc::new(HuggingFaceDialect),
        // What pods ask is no call of the provisioner's.
        journal: Journal::default(),
        faults: FaultPlan::new(Vec::new()),
        keys: CallKeys::default(),
        place: Place::default(),
    })?;
    let transport = BesideCluster {
        account: served.in_memory(),
        https,
        served,
    };
    let ground_truth = WithCluster {
        account: Arc::clone(&rehearsal.ground_truth),
        kubernetes: spec.kubernetes.clone().unwrap_or_default(),
    };
    Ok(Rehearsal {
        transport: Arc::new(transport),
        ground_truth: Arc::new(ground_truth),
        servable: rehearsal.servable,
    })
}

fn rehearse_account(spec: &HuggingFaceSpec, clock: Clock, seed: u64) -> Rehearsal {
    InMemory::rehearsal(HuggingFaceCloud::new(setup(spec, clock, seed)), clock)
}

fn setup(spec: &HuggingFaceSpec, clock: Clock, seed: u64) -> Setup {
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
    setup
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

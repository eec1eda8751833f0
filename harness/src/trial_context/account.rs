//! The ways into the account that phases use.

use kubeproof_contract::call::Actor;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provisioner::KubernetesAccess;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::workload::{Workload, WorkloadError};

/// Opens ways into the account of a trial.
pub trait Account {
    /// The account as this actor sees it.
    fn observer(&self, actor: Actor) -> Box<dyn Observer>;

    /// Workloads by the access that the provisioner handed over.
    ///
    /// # Errors
    /// When it cannot be used.
    fn handed_over(&self, access: &KubernetesAccess) -> Result<Box<dyn Workload>, WorkloadError>;

    /// The layered transport of an actor. The journal is the outermost layer, so that it sees what the actor saw.
    fn transport(&self, actor: Actor) -> SharedTransport;
}

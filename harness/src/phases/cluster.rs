//! Why a phase could not use the cluster.

use kubeproof_contract::observer::ObserverError;
use kubeproof_kubernetes::KubernetesError;

/// Why a phase could not use the cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The observer has no access to it.
    #[error(transparent)]
    NoAccess(#[from] ObserverError),
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    #[error("it did not end")]
    NoEnd,
}

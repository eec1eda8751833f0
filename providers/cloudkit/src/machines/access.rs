//! The observer's own access to a cluster on machines: its own certificate, and the address that the cloud says.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::KubernetesAccess;
use kubeproof_kubernetes::machines::{ClusterCaError, cluster_ca};

use super::Machine;

/// The access to the cluster whose server is the run's first node. `live` are the run's machines that run or start, as
/// `call` has listed them.
///
/// # Errors
/// When the server has no address, or the run has no authorities to sign a certificate with.
pub fn observer_access(
    connection: &Connection,
    call: &str,
    live: impl IntoIterator<Item = Machine>,
) -> Result<KubernetesAccess, ObserverError> {
    let server = connection.run.name("node-0");
    let of_ca = |error: ClusterCaError| ObserverError::new(call, error);
    let found = live.into_iter().find(|one| one.node == server);
    let ip = found.and_then(|one| one.ip).ok_or_else(|| {
        let message = format!("no live instance {server} with an address");
        ObserverError::new(call, message)
    })?;
    let cluster_ca = cluster_ca::load(connection).map_err(of_ca)?;
    let cluster_ca = cluster_ca
        .ok_or_else(|| ObserverError::new(call, "the run's directory has no authorities"))?;
    cluster_ca
        .access(connection, &ip, "kubeproof-observer")
        .map_err(of_ca)
}

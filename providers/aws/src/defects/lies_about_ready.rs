//! A cluster without nodes, reported as ready.
//!
//! The control plane is active, so its state alone looks fine.

use async_trait::async_trait;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner;
use crate::provisioner::EksProvisioner;

/// The reference provisioner with this defect.
pub(super) struct LiesAboutReady(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for LiesAboutReady {
    fn name(&self) -> String {
        "reference with lies-about-ready".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.0.session();
        let failed = |message: String| ProvisionerError::new(message);
        // The bug: the nodes are never made.
        let made = provisioner::control_plane(&session)
            .await
            .map_err(|error| failed(error.to_string()))?;
        provisioner::hand_over(&session, &made.cluster)
            .await
            .map_err(|error| failed(error.to_string()))
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.0.teardown().await
    }
}

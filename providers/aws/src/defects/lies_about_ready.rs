//! A cluster without nodes, reported as ready.
//!
//! The control plane is active, so a look at its state alone finds nothing wrong.

use async_trait::async_trait;
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner;
use crate::provisioner::EksProvisioner;

/// The reference provisioner with this defect.
pub(super) struct LiesAboutReady(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for LiesAboutReady {
    fn name(&self) -> String {
        "reference with lies-about-ready".to_owned()
    }

    fn claim(&self) -> Option<Claim> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.0.session();
        let failed = |message: String| ProvisionerError::new(message);
        // The bug: nodes are left for later, and later never comes.
        let made = provisioner::control_plane(&session)
            .await
            .map_err(|problem| failed(problem.to_string()))?;
        provisioner::hand_over(&session, &made.cluster)
            .await
            .map_err(|problem| failed(problem.to_string()))
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.0.teardown().await
    }
}

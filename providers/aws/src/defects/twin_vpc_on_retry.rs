//! A second VPC on every further attempt.
//!
//! Seen in the wild when an id is kept only in memory or written too late (CAPA issues 2563, 2658).

use async_trait::async_trait;
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::EksProvisioner;
use crate::provisioner::{survey, vpc};

/// The reference provisioner with this defect.
pub(super) struct TwinVpcOnRetry(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for TwinVpcOnRetry {
    fn name(&self) -> String {
        "reference with twin-vpc-on-retry".to_owned()
    }

    fn claim(&self) -> Option<Claim> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.0.session();
        let known = survey::everything(&session).await;
        // The bug: what an earlier attempt made is not looked for before making it again.
        if known.is_ok_and(|known| !known.is_empty()) {
            vpc::create(&session)
                .await
                .map_err(|problem| ProvisionerError::new(problem.to_string()))?;
        }
        self.0.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.0.teardown().await
    }
}

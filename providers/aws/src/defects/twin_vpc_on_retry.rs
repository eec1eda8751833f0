//! A second VPC on every further attempt.
//!
//! Seen in the wild when an id is kept only in memory or written too late (CAPA issues 2563, 2658).

use async_trait::async_trait;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::EksProvisioner;
use crate::provisioner::{leftovers, vpc};

/// The reference provisioner with this defect.
pub(super) struct TwinVpcOnRetry(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for TwinVpcOnRetry {
    fn name(&self) -> String {
        "reference with twin-vpc-on-retry".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.0.session();
        let known = leftovers::list(&session).await;
        // The bug: it makes a VPC without looking for the one of an earlier attempt.
        if known.is_ok_and(|known| !known.is_empty()) {
            vpc::create(&session)
                .await
                .map_err(|error| ProvisionerError::new(error.to_string()))?;
        }
        self.0.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.0.teardown().await
    }
}

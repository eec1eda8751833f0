//! A single listing that shows nothing is taken as proof that nothing exists.
//!
//! Seen in the wild when a read lags behind a creation (CAPA issue 2658, crossplane-runtime issue 277).

use async_trait::async_trait;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::EksProvisioner;
use crate::provisioner::session::SETTLED_AFTER;
use crate::provisioner::vpc;

/// The reference provisioner with this defect.
pub(super) struct TrustsOneLook(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for TrustsOneLook {
    fn name(&self) -> String {
        "reference with trusts-one-look".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.0.session();
        let failed =
            |error: kubeproof_cloudkit::CallError| ProvisionerError::new(error.to_string());
        // The bug: what an earlier process has just made may not be visible yet.
        if vpc::find(&session).await.map_err(failed)?.is_none() {
            vpc::create(&session).await.map_err(failed)?;
            tokio::time::sleep(SETTLED_AFTER).await;
        }
        self.0.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.0.teardown().await
    }
}

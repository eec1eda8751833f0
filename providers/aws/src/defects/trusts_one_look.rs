//! One look that finds nothing is taken for proof that there is nothing.
//!
//! Seen in the wild when a read lags behind a creation (CAPA issue 2658, crossplane-runtime issue 277).

use async_trait::async_trait;
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};

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

    fn claim(&self) -> Option<Claim> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.0.session();
        let failed = |problem: crate::provisioner::problem::Problem| {
            ProvisionerError::new(problem.to_string())
        };
        // The bug: what an earlier process made a moment ago may not show yet.
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

//! A teardown whose errors nobody hears.
//!
//! It does not delete the NAT gateways, so AWS refuses most of the rest, and it reports success.

use async_trait::async_trait;
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::EksProvisioner;
use crate::provisioner::identity;
use crate::provisioner::survey;
use crate::provisioner::teardown::{self, drain, roles};

/// The reference provisioner with this defect.
pub(super) struct HidesTeardownError(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for HidesTeardownError {
    fn name(&self) -> String {
        "reference with hides-teardown-error".to_owned()
    }

    fn claim(&self) -> Option<Claim> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.0.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        let session = self.0.session();
        // The bug: problems are dropped, and nobody looks whether anything is left.
        let _ = drain::workloads(&session).await;
        let _ = teardown::compute(&session).await;
        let _ = roles::delete(&session, &identity::NODES).await;
        let _ = roles::delete(&session, &identity::CLUSTER).await;
        for vpc in survey::vpcs(&session).await.unwrap_or_default() {
            let _ = session.ec2.delete_vpc().vpc_id(vpc).send().await;
        }
        Ok(())
    }
}

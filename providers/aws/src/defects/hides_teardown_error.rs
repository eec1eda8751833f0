//! A teardown that drops its errors.
//!
//! It does not delete the NAT gateways, so AWS refuses most of the rest, and it reports success.

use async_trait::async_trait;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::EksProvisioner;
use crate::provisioner::iam_roles;
use crate::provisioner::leftovers;
use crate::provisioner::teardown::{self, drain, roles};

/// The reference provisioner with this defect.
pub(super) struct HidesTeardownError(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for HidesTeardownError {
    fn name(&self) -> String {
        "reference with hides-teardown-error".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.0.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        let session = self.0.session();
        // The bug: errors are dropped, and leftovers are not checked for.
        let _ = drain::workloads(&session).await;
        let _ = teardown::compute(&session).await;
        let _ = roles::delete(&session, &iam_roles::NODES).await;
        let _ = roles::delete(&session, &iam_roles::CLUSTER).await;
        for vpc in leftovers::vpcs(&session).await.unwrap_or_default() {
            let _ = session.ec2.delete_vpc().vpc_id(vpc).send().await;
        }
        Ok(())
    }
}

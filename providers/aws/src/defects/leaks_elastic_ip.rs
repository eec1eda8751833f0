//! An extra address that teardown forgets.
//!
//! Seen in the wild as addresses that stay after a NAT gateway could not be made (CAPA pull 5856).

use async_trait::async_trait;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::EksProvisioner;
use crate::provisioner::address;
use crate::provisioner::teardown;

/// The end of the name of the address that is forgotten.
const FORGOTTEN: &str = "spare";

/// The reference provisioner with this defect.
pub(super) struct LeaksElasticIp(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for LeaksElasticIp {
    fn name(&self) -> String {
        "reference with leaks-elastic-ip".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let provisioned = self.0.provision().await?;
        address::ensure(&self.0.session(), FORGOTTEN)
            .await
            .map_err(|error| ProvisionerError::new(error.to_string()))?;
        Ok(provisioned)
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        let mut session = self.0.session();
        session.overlooked = vec![session.run().name(FORGOTTEN)];
        teardown::teardown(&session).await
    }
}

//! A teardown that trusts a name's beginning.
//!
//! Seen in the wild when resources are chosen by name instead of by an owner's tag (kops issue
//! 2003).

use async_trait::async_trait;
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::EksProvisioner;
use crate::provisioner::names::filter;
use crate::provisioner::teardown::network;

/// The reference provisioner with this defect.
pub(super) struct DeletesNeighboursVpc(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for DeletesNeighboursVpc {
    fn name(&self) -> String {
        "reference with deletes-neighbours-vpc".to_owned()
    }

    fn claim(&self) -> Option<Claim> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.0.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        let session = self.0.session();
        let result = self.0.teardown().await;
        // The bug: a name is no proof of ownership.
        let request = session
            .ec2
            .describe_vpcs()
            .filters(filter("tag:Name", "kp-*"));
        let answer = request.send().await;
        for vpc in answer
            .iter()
            .flat_map(|answer| answer.vpcs())
            .filter_map(|vpc| vpc.vpc_id())
        {
            network::one(&session, vpc, true).await;
        }
        result
    }
}

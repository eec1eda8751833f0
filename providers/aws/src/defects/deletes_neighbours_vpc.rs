//! A teardown that deletes by name prefix.
//!
//! Seen in the wild when resources are chosen by name instead of by an owner's tag (kops issue 2003).

use async_trait::async_trait;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::EksProvisioner;
use crate::provisioner::tags::filter;
use crate::provisioner::teardown::network;

/// The reference provisioner with this defect.
pub(super) struct DeletesNeighboursVpc {
    pub(super) right: EksProvisioner,
    /// Whether it matches the run's full name as the prefix, instead of `kp-`.
    pub(super) like_its_own: bool,
}

#[async_trait]
impl Provisioner for DeletesNeighboursVpc {
    fn name(&self) -> String {
        let defect = if self.like_its_own {
            "finds-vpc-by-name"
        } else {
            "deletes-neighbours-vpc"
        };
        format!("reference with {defect}")
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.right.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.right.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        let session = self.right.session();
        let result = self.right.teardown().await;
        let names = if self.like_its_own {
            session.run().name("*").replace("-*", "*")
        } else {
            "kp-*".to_owned()
        };
        // The bug: a name does not prove ownership.
        let request = session
            .ec2
            .describe_vpcs()
            .filters(filter("tag:Name", &names));
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

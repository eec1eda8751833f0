//! Deliberate defects of the reference provisioner, to prove that the harness catches them. Each changes one thing.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kubeproof_contract::provider::Defect;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::KindProvisioner;

pub const DEFECTS: &[Defect] = &[
    Defect {
        name: "leaves-volumes",
        about: "teardown removes the containers without their volumes",
    },
    Defect {
        name: "leaves-cluster",
        about: "teardown says that it succeeded and does nothing",
    },
    Defect {
        name: "lies-about-nodes",
        about: "says that it made a node which is not there",
    },
];

/// The provisioner with a defect. An unknown defect gives one that refuses to run, because the correct provisioner
/// would prove nothing.
pub fn apply(defect: &str, right: KindProvisioner) -> Box<dyn Provisioner> {
    Box::new(DefectiveProvisioner {
        defect: defect.to_owned(),
        right,
    })
}

struct DefectiveProvisioner {
    defect: String,
    right: KindProvisioner,
}

#[async_trait]
impl Provisioner for DefectiveProvisioner {
    fn name(&self) -> String {
        format!("reference with the defect {}", self.defect)
    }

    fn claim(&self) -> Option<ClaimedRate> {
        None
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        if !DEFECTS.iter().any(|defect| defect.name == self.defect) {
            let message = format!("no defect is named `{}`", self.defect);
            return Err(ProvisionerError::new(message));
        }
        let mut provisioned = self.right.provision().await?;
        if self.defect == "lies-about-nodes" {
            let more = BTreeMap::from([("one-more".to_owned(), "0".repeat(12))]);
            provisioned.made.extend(more);
        }
        Ok(provisioned)
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        match self.defect.as_str() {
            "leaves-cluster" => Ok(()),
            "leaves-volumes" => self.right.teardown_without_volumes().await,
            _ => self.right.teardown().await,
        }
    }
}

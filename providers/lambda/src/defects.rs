//! Deliberate defects of the reference provisioner, for proving that the harness catches them.
//!
//! Each changes one thing. All were seen in real provisioners.

use async_trait::async_trait;
use kubeproof_contract::provider::{Connection, Defect};
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::{Defects, LambdaProvisioner};
use crate::spec::LambdaSpec;

pub const DEFECTS: &[Defect] = &[
    Defect {
        name: "blind-launch",
        about: "a launch without an answer is repeated without looking for what it made",
    },
    Defect {
        name: "hides-stuck-create",
        about: "when nodes do not become ready it gives up without terminating, and its teardown does nothing",
    },
    Defect {
        name: "failover-twins",
        about: "what was launched in a region that lacks capacity stays there while another region is tried",
    },
    Defect {
        name: "terminates-nothing",
        about: "instance ids are read from where they are not, so nothing is terminated",
    },
    Defect {
        name: "keys-by-name",
        about: "SSH keys are deleted by name, which the API answers with 404, and they pile up",
    },
];

/// The reference provisioner with a defect; `None` if the name is unknown.
pub fn apply(name: &str, spec: LambdaSpec, connection: Connection) -> Option<Box<dyn Provisioner>> {
    let mut defects = Defects::default();
    match name {
        "blind-launch" => defects.blind_launch = true,
        "hides-stuck-create" => defects.no_unwind = true,
        "failover-twins" => defects.failover_keeps = true,
        "terminates-nothing" => defects.ids_from_nowhere = true,
        "keys-by-name" => defects.keys_by_name = true,
        _ => return None,
    }
    Some(Box::new(Defective {
        name: name.to_owned(),
        hides: defects.no_unwind,
        inner: LambdaProvisioner::with(spec, connection, defects),
    }))
}

struct Defective {
    name: String,
    hides: bool,
    inner: LambdaProvisioner,
}

#[async_trait]
impl Provisioner for Defective {
    fn name(&self) -> String {
        format!("reference with {}", self.name)
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.inner.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.inner.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        if self.hides {
            return Ok(());
        }
        let done = self.inner.teardown().await;
        // Resources still in use by machines that were never terminated are silently skipped.
        if self.inner.session.defects.ids_from_nowhere {
            Ok(())
        } else {
            done
        }
    }
}

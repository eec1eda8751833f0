//! Wrong provisioners, for proving that the harness catches them: each is a layer around the correct one, over its
//! transport. All were seen in real provisioners.

mod layer;

use std::sync::Arc;

use async_trait::async_trait;
use kubeproof_contract::provider::{Connection, Defect};
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::LambdaProvisioner;
use crate::spec::LambdaSpec;
use layer::Layer;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    BlindLaunch,
    HidesStuckCreate,
    FailoverKeeps,
    TerminatesNothing,
    KeysByName,
}

/// The reference provisioner with a defect; `None` if the name is unknown.
pub fn apply(
    name: &str,
    spec: LambdaSpec,
    mut connection: Connection,
) -> Option<Box<dyn Provisioner>> {
    let mistake = match name {
        "blind-launch" => Mistake::BlindLaunch,
        "hides-stuck-create" => Mistake::HidesStuckCreate,
        "failover-twins" => Mistake::FailoverKeeps,
        "terminates-nothing" => Mistake::TerminatesNothing,
        "keys-by-name" => Mistake::KeysByName,
        _ => return None,
    };
    let layer = Arc::new(Layer::new(mistake, connection.transport));
    connection.transport = Arc::clone(&layer) as _;
    Some(Box::new(Wrong {
        name: name.to_owned(),
        mistake,
        layer,
        right: LambdaProvisioner::new(spec, &connection),
    }))
}

struct Wrong {
    name: String,
    mistake: Mistake,
    layer: Arc<Layer>,
    right: LambdaProvisioner,
}

#[async_trait]
impl Provisioner for Wrong {
    fn name(&self) -> String {
        format!("reference with {}", self.name)
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.right.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.right.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.layer.teardown_begins();
        if self.mistake == Mistake::HidesStuckCreate {
            return Ok(());
        }
        self.right.teardown().await
    }
}

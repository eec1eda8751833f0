//! The use of an endpoint in a Kubernetes cluster that exists: a namespace of the run's own with a Secret, a Service and a
//! Job.

use std::path::PathBuf;

use kubeproof_contract::checked_number;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where and how the endpoint is used. In rehearsal the cluster is simulated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubernetesSpec {
    /// The file that gives access to the cluster; without it, the one that `KUBEPROOF_KUBECONFIG` names. Rehearsals need
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// Tier kind only, which needs it: the endpoint is simulated, and pods call it at this port of this machine, over plain
    /// HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 65535))]
    pub gateway_port: Option<GatewayPort>,
    /// The image of the job: one with a shell and curl, or wget where there is a gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

checked_number!(
    /// A port that needs no privilege.
    GatewayPort,
    1024..=65535,
    "is no port from 1024 to 65535"
);

impl KubernetesSpec {
    /// The port of the gateway to a simulated endpoint; `None` where the endpoint is called at its own host.
    pub fn gateway(&self) -> Option<u16> {
        let port = self.gateway_port.as_ref()?;
        u16::try_from(port.0).ok()
    }
}

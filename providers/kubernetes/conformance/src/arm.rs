//! An arm: a cluster that the cases run on, real or simulated, and how to speak to it.

use std::time::Duration;

use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_kubernetes::KubernetesError;

/// A cluster that the cases run on.
#[derive(Clone)]
pub struct Arm {
    /// A client with the arm's credentials, an administrator's.
    pub client: kube::Client,
    /// An image that the nodes have or can pull, with a shell at `/bin/sh`.
    pub image: String,
    /// Whether time is paused: it passes only while everything waits.
    pub is_paused: bool,
    /// How long anything that a case waits for may take.
    pub limit: Duration,
    /// With what the names of the name spaces begin. Another one for every run on one cluster.
    pub prefix: String,
    access: KubernetesAccess,
    transport: SharedTransport,
}

impl std::fmt::Debug for Arm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arm")
            .field("server", &self.access.server)
            .field("image", &self.image)
            .field("is_paused", &self.is_paused)
            .field("limit", &self.limit)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl Arm {
    /// An arm. Call it inside the runtime that will use it.
    ///
    /// # Errors
    /// When the access cannot be put into a request.
    pub fn new(
        access: KubernetesAccess,
        transport: SharedTransport,
        image: &str,
        prefix: &str,
    ) -> Result<Self, KubernetesError> {
        Ok(Self {
            client: kubeproof_kubernetes::client(&access, transport.clone())?,
            image: image.to_owned(),
            is_paused: false,
            limit: Duration::from_secs(90),
            prefix: prefix.to_owned(),
            access,
            transport,
        })
    }

    /// The same arm under a paused clock.
    #[must_use]
    pub fn paused(mut self) -> Self {
        self.is_paused = true;
        self
    }

    /// A client of the same cluster that says it is somebody else.
    pub(crate) fn client_with(&self, token: &str) -> Result<kube::Client, KubernetesError> {
        let access = KubernetesAccess {
            credential: Credential::Token(token.to_owned()),
            ..self.access.clone()
        };
        kubeproof_kubernetes::client(&access, self.transport.clone())
    }

    /// How long a whole case may take.
    pub(crate) fn case_limit(&self) -> Duration {
        self.limit * 6
    }
}

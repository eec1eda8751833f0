//! A target: a cluster, real or simulated, that the cases run on.

use std::time::Duration;

use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_kubernetes::KubernetesError;

/// A cluster that the cases run on.
#[derive(Clone)]
pub struct Target {
    /// A client with an administrator's credentials.
    pub client: kube::Client,
    /// An image that the nodes have or can pull, with a shell at `/bin/sh`.
    pub image: String,
    /// Whether time is paused: it advances only while everything waits.
    pub is_paused: bool,
    /// How long a case may wait for anything.
    pub limit: Duration,
    /// The prefix of the names of namespaces, unique for every run on one cluster.
    pub prefix: String,
    access: KubernetesAccess,
    transport: SharedTransport,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("server", &self.access.server)
            .field("image", &self.image)
            .field("is_paused", &self.is_paused)
            .field("limit", &self.limit)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// A target. Call it inside the runtime that will use it.
    ///
    /// # Errors
    /// If the access cannot be put into a request.
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

    /// The same target under a paused clock.
    #[must_use]
    pub fn paused(mut self) -> Self {
        self.is_paused = true;
        self
    }

    /// A client of the same cluster with another token.
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

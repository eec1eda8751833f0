//! Access to a GKE cluster: its address and authority from the API, and an access token made in process, as
//! `gke-gcloud-auth-plugin` would hand it over.
//!
//! Provisioner and observer both use it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};

use crate::api::Api;
use crate::api::types::Cluster;

/// Why no access could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The cluster has no endpoint or certificate authority yet.
    #[error("cluster `{cluster}` has no {missing} yet: it is not running")]
    NotReady {
        /// The cluster's name.
        cluster: String,
        /// What is missing.
        missing: &'static str,
    },
    /// The cluster's certificate authority is not what Kubernetes Engine documents.
    #[error("the certificate authority of cluster `{cluster}` is not base64 of PEM")]
    Certificate {
        /// The cluster's name.
        cluster: String,
    },
    /// There is no access token.
    #[error("{0}")]
    Token(String),
}

/// Makes access to a cluster that is running.
///
/// # Errors
/// When the cluster is not ready, or there is no token.
pub async fn access(api: &Api, cluster: &Cluster) -> Result<KubernetesAccess, AccessError> {
    let pem = authority(cluster)?;
    let token = api.tokens().current(api.connection()).await;
    let token = token.map_err(|error| AccessError::Token(error.to_string()))?;
    Ok(KubernetesAccess {
        server: format!("https://{}", cluster.endpoint),
        certificate_authority_pem: Some(pem),
        credential: Credential::Token(token.value().to_owned()),
        expires_at: token.expires_at,
    })
}

fn authority(cluster: &Cluster) -> Result<String, AccessError> {
    let name = || cluster.name.clone();
    let not_ready = |missing| AccessError::NotReady {
        cluster: name(),
        missing,
    };
    if cluster.endpoint.is_empty() {
        return Err(not_ready("endpoint"));
    }
    let encoded = &cluster.master_auth.cluster_ca_certificate;
    if encoded.is_empty() {
        return Err(not_ready("certificate authority"));
    }
    let pem = STANDARD.decode(encoded).ok();
    pem.and_then(|pem| String::from_utf8(pem).ok())
        .filter(|pem| pem.contains("BEGIN CERTIFICATE"))
        .ok_or_else(|| AccessError::Certificate { cluster: name() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_without_address_or_authority_gives_no_access() {
        let check = |endpoint: &str, encoded: &str, expected: Option<&str>| {
            let mut cluster = Cluster {
                name: "c".to_owned(),
                endpoint: endpoint.to_owned(),
                ..Cluster::default()
            };
            encoded.clone_into(&mut cluster.master_auth.cluster_ca_certificate);
            let error = authority(&cluster).err().map(|error| error.to_string());
            let says = |text: &String| expected.is_some_and(|part| text.contains(part));
            assert!(
                error.as_ref().is_none_or(says) && error.is_some() == expected.is_some(),
                "{error:?}"
            );
        };
        let pem = STANDARD.encode("-----BEGIN CERTIFICATE-----\n");
        check("34.1.2.3", &pem, None);
        check("", &pem, Some("has no endpoint yet"));
        check("34.1.2.3", "", Some("has no certificate authority yet"));
        check("34.1.2.3", "%%", Some("is not base64 of PEM"));
        check(
            "34.1.2.3",
            &STANDARD.encode("x"),
            Some("is not base64 of PEM"),
        );
    }
}

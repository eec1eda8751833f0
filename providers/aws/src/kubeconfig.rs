//! Access to an EKS cluster: the token that EKS understands, and a kubeconfig with it.
//!
//! Provisioner and observer both use it. A token is a presigned request to STS that tells EKS who asks; it is valid
//! for 15 minutes.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_eks::types::Cluster;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};

/// Why no access could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The cluster has no endpoint or certificate authority yet.
    #[error("cluster `{cluster}` has no {missing} yet: it is not active")]
    NotReady {
        /// The cluster's name.
        cluster: String,
        /// What is missing.
        missing: &'static str,
    },
    /// The cluster's certificate authority is not what EKS documents.
    #[error("the certificate authority of cluster `{cluster}` is not base64 of PEM")]
    Certificate {
        /// The cluster's name.
        cluster: String,
    },
    /// There are no credentials to sign with, or signing failed.
    #[error("the token could not be signed: {0}")]
    Signing(String),
}

/// How long the presigned request is valid: what the AWS CLI sets, and EKS insists on.
const PRESIGNED_FOR: Duration = Duration::from_mins(1);
/// How long EKS accepts the token, less a minute for clock skew.
const TOKEN_MINUTES: i64 = 14;
/// The prefix of EKS tokens.
pub const PREFIX: &str = "k8s-aws-v1.";

/// Makes access to a cluster that is active.
///
/// # Errors
/// When the cluster is not ready, or the token cannot be signed.
pub async fn access(
    config: &SdkConfig,
    connection: &Connection,
    cluster: &Cluster,
) -> Result<KubernetesAccess, AccessError> {
    let name = cluster.name().unwrap_or_default();
    let not_ready = |missing| AccessError::NotReady {
        cluster: name.to_owned(),
        missing,
    };
    let server = cluster.endpoint().ok_or_else(|| not_ready("endpoint"))?;
    let authority = cluster
        .certificate_authority()
        .and_then(|authority| authority.data())
        .ok_or_else(|| not_ready("certificate authority"))?;
    let pem = STANDARD
        .decode(authority)
        .ok()
        .and_then(|pem| String::from_utf8(pem).ok())
        .ok_or_else(|| AccessError::Certificate {
            cluster: name.to_owned(),
        })?;
    let provider = config
        .credentials_provider()
        .ok_or_else(|| AccessError::Signing("no credentials are configured".to_owned()))?;
    let credentials = provider
        .provide_credentials()
        .await
        .map_err(|error| AccessError::Signing(error.to_string()))?;
    let region = config
        .region()
        .map_or("us-east-1", |region| region.as_ref());
    let now = connection.clock.now();
    let url = presigned(credentials, region, name, now.into())?;
    Ok(KubernetesAccess {
        server: server.to_owned(),
        certificate_authority_pem: Some(pem),
        credential: Credential::Token(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))),
        expires_at: Some(now + SignedDuration::from_mins(TOKEN_MINUTES)),
    })
}

/// The presigned request to STS that names the cluster in a signed header.
fn presigned(
    credentials: Credentials,
    region: &str,
    cluster: &str,
    at: SystemTime,
) -> Result<String, AccessError> {
    let failed = |error: String| AccessError::Signing(error);
    let url =
        format!("https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15");
    let identity: Identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(PRESIGNED_FOR);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(at)
        .settings(settings)
        .build()
        .map_err(|error| failed(error.to_string()))?
        .into();
    let headers = std::iter::once(("x-k8s-aws-id", cluster));
    let request = SignableRequest::new("GET", &url, headers, SignableBody::Bytes(&[]))
        .map_err(|error| failed(error.to_string()))?;
    let (instructions, _) = sign(request, &params)
        .map_err(|error| failed(error.to_string()))?
        .into_parts();
    let mut request = http::Request::builder()
        .uri(&url)
        .body(())
        .map_err(|error| failed(error.to_string()))?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request.uri().to_string())
}

/// A kubeconfig for users. It holds the token, so the caller must restrict the file to its owner (0600).
pub fn kubeconfig_yaml(access: &KubernetesAccess, cluster_name: &str) -> String {
    let authority = access
        .certificate_authority_pem
        .as_ref()
        .map_or(String::new(), |pem| {
            format!("\n    certificate-authority-data: {}", STANDARD.encode(pem))
        });
    format!(
        "apiVersion: v1
kind: Config
clusters:
- name: {cluster_name}
  cluster:
    server: {server}{authority}
contexts:
- name: {cluster_name}
  context:
    cluster: {cluster_name}
    user: {cluster_name}
current-context: {cluster_name}
users:
- name: {cluster_name}
  user:
    token: {token}
",
        server = access.server,
        token = access.token().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn url(session_token: Option<&str>) -> String {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "secret/example",
            session_token.map(str::to_owned),
            None,
            "test",
        );
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(498_720);
        presigned(credentials, "us-east-1", "kp-r1", at).unwrap()
    }

    fn query(url: &str) -> BTreeMap<String, String> {
        let (_, query) = url.split_once('?').unwrap();
        query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn the_token_is_a_presigned_request_that_names_the_cluster_in_a_signed_header() {
        let url = url(None);
        assert!(url.starts_with("https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&"));
        let query = query(&url);
        let check = |key: &str, expected: &str| assert_eq!(query[key], expected, "{key}");
        check("Version", "2011-06-15");
        check("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
        check(
            "X-Amz-Credential",
            "AKIDEXAMPLE%2F20261123%2Fus-east-1%2Fsts%2Faws4_request",
        );
        check("X-Amz-Date", "20261123T000000Z");
        check("X-Amz-Expires", "60");
        check("X-Amz-SignedHeaders", "host%3Bx-k8s-aws-id");
        assert_eq!(query["X-Amz-Signature"].len(), 64);
        assert!(!query.contains_key("X-Amz-Security-Token"));
    }

    #[test]
    fn a_session_token_is_part_of_the_presigned_request() {
        assert_eq!(
            query(&url(Some("temporary")))["X-Amz-Security-Token"],
            "temporary"
        );
    }

    #[test]
    fn the_signature_depends_on_the_cluster() {
        let credentials = || Credentials::new("A", "B", None, None, "test");
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(498_720);
        let one = presigned(credentials(), "us-east-1", "one", at).unwrap();
        let two = presigned(credentials(), "us-east-1", "two", at).unwrap();
        assert_ne!(
            query(&one)["X-Amz-Signature"],
            query(&two)["X-Amz-Signature"]
        );
    }

    #[test]
    fn a_kubeconfig_holds_server_authority_and_token() {
        let access = KubernetesAccess {
            server: "https://example.eks".to_owned(),
            certificate_authority_pem: Some("PEM".to_owned()),
            credential: Credential::Token("k8s-aws-v1.abc".to_owned()),
            expires_at: None,
        };
        let yaml = kubeconfig_yaml(&access, "kp-r1");
        for line in [
            "    server: https://example.eks",
            "    certificate-authority-data: UEVN",
            "current-context: kp-r1",
            "    token: k8s-aws-v1.abc",
        ] {
            assert!(yaml.lines().any(|found| found == line), "{line}\n{yaml}");
        }
    }
}

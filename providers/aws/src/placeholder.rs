//! The placeholder key of a run: a program signs with it, and its calls are signed anew for the real account.
//!
//! The proxy takes region and service from the program's signature, and covers the same headers. A call that is signed
//! with another key would bypass the run and is refused, and so is one whose answer holds real keys (`AssumeRole`,
//! `GetSessionToken`, `CreateAccessKey`). An unsigned call goes on as it is. The date of the program's signature is not compared with the
//! clock: a program that can repeat a call can sign it again.
//!
//! The API server of a cluster is not AWS's: what a program says to it passes unchanged, so a token that it made with the
//! placeholder key is not accepted there. The token that it *hands over* is made anew.

mod payload;
mod signature;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderValue, Request};
use jiff::Timestamp;
use kubeproof_contract::call::Dialect as _;
use kubeproof_contract::placeholder::{NotAuthorized, PlaceholderSecret, Placeholders};
use kubeproof_contract::provider::CredentialVariables;

use self::signature::{GivenSignature, SignatureError};
use crate::credentials::given;
use crate::dialect::AwsDialect;
use crate::kubeconfig::PREFIX;

/// The domains of AWS's APIs (AWS General Reference, "AWS service endpoints").
const DOMAINS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
/// What is below these domains and no API of AWS: API servers of clusters, and registries of images.
const NOT_APIS: [&str; 3] = [".eks.", ".eks-cluster.", ".dkr.ecr."];
/// Variables in which clients of AWS look for the authorities that they trust.
const AUTHORITIES: &[&str] = &["AWS_CA_BUNDLE"];
/// The service whose sessions have keys of their own.
const SESSIONS: &str = "s3express";
/// Calls whose answers hold keys.
const HANDS_OUT_KEYS: [(&str, &str); 7] = [
    ("iam", "CreateAccessKey"),
    ("sts", "AssumeRole"),
    ("sts", "AssumeRoleWithSAML"),
    ("sts", "AssumeRoleWithWebIdentity"),
    ("sts", "AssumeRoot"),
    ("sts", "GetFederationToken"),
    ("sts", "GetSessionToken"),
];
/// The code of our own refusals, which no SDK retries.
const REFUSED: &str = "RefusedByKubeproof";
/// What key ids and secrets are made of.
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ANY: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The placeholder key of a run.
pub struct PlaceholderKey(Credentials);

impl fmt::Debug for PlaceholderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlaceholderKey")
            .field(&self.0.access_key_id())
            .finish()
    }
}

impl PlaceholderKey {
    /// The one that is made of this secret: with an id and a secret as long as AWS's own.
    pub fn new(secret: &PlaceholderSecret) -> Self {
        let id = format!("AKIAKP{}", secret.text("AWS key id", 14, UPPER));
        let key = secret.text("AWS secret key", 40, ANY);
        Self(Credentials::new(id, key, None, None, "placeholder"))
    }

    fn checked(
        &self,
        request: &Request<Bytes>,
        real: &CredentialVariables,
        at: Timestamp,
    ) -> Result<Request<Bytes>, String> {
        let call = AwsDialect.signature(request);
        let name = (call.service.as_str(), call.operation.as_str());
        if call.service == SESSIONS || HANDS_OUT_KEYS.contains(&name) {
            return Err(format!(
                "the answer to {call} holds real keys, which a program must not get"
            ));
        }
        let unusable = |error: SignatureError| format!("{call}: {error}");
        let Some(given) = GivenSignature::of(request).map_err(unusable)? else {
            return Ok(request.clone());
        };
        if given.key_id != self.0.access_key_id() {
            return Err(format!(
                "{call} is signed with another key than the run's placeholder: it would bypass the run; use the \
                 credentials in the environment"
            ));
        }
        if !given.is_of(request, &self.0).map_err(unusable)? {
            return Err(format!("the signature of {call} does not fit the request"));
        }
        let keys = given::keys(real).ok_or("there are no real credentials")?;
        given.replace(request.clone(), &keys, at).map_err(unusable)
    }
}

impl Placeholders for PlaceholderKey {
    fn is_of_cloud(&self, host: &str) -> bool {
        let api = DOMAINS.iter().any(|domain| host.ends_with(domain));
        // The API of EKS is `eks.REGION`, that of ECR `api.ecr.REGION`.
        api && !NOT_APIS.iter().any(|part| host.contains(part))
    }

    fn variables(&self) -> CredentialVariables {
        CredentialVariables(BTreeMap::from([
            (
                "AWS_ACCESS_KEY_ID".to_owned(),
                self.0.access_key_id().to_owned(),
            ),
            (
                "AWS_SECRET_ACCESS_KEY".to_owned(),
                self.0.secret_access_key().to_owned(),
            ),
        ]))
    }

    fn authority_variables(&self) -> &'static [&'static str] {
        AUTHORITIES
    }

    fn authorize(
        &self,
        request: Request<Bytes>,
        real: &CredentialVariables,
        at: Timestamp,
    ) -> Result<Request<Bytes>, Box<NotAuthorized>> {
        self.checked(&request, real, at).map_err(|why| {
            let answer = AwsDialect::refusal(&request, REFUSED, &format!("kubeproof: {why}"));
            Box::new(NotAuthorized { why, answer })
        })
    }

    fn cluster_token(
        &self,
        token: &str,
        cluster: &str,
        real: &CredentialVariables,
        at: Timestamp,
    ) -> Option<String> {
        let url = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
        let mut request = Request::get(String::from_utf8(url).ok()?);
        let headers = request.headers_mut()?;
        headers.insert("x-k8s-aws-id", HeaderValue::from_str(cluster).ok()?);
        let request = request.body(Bytes::new()).ok()?;
        let given = GivenSignature::of(&request).ok()??;
        if !given.is_of(&request, &self.0).ok()? {
            return None;
        }
        let signed = given.replace(request, &given::keys(real)?, at).ok()?;
        let url = signed.uri().to_string();
        Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url)))
    }
}

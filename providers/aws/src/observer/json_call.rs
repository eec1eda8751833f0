//! Calls of JSON 1.1 services for which no SDK is linked: signed, sent, and retried a few times.
//!
//! Another SDK would cost more build time than its one or two calls are worth.

use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningError, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::Request;
use kubeproof_contract::call::Dialect as _;
use kubeproof_contract::observer::ObserverError;
use serde_json::Value;

use super::clients::{Clients, observer_error};
use crate::dialect::AwsDialect;

/// How often a call is sent. All of them only read.
const ATTEMPTS: u32 = 5;
/// The wait before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest wait for one answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// A call of a service: `service` as its signature names it, `target` as its header does.
#[derive(Clone, Copy, Debug)]
pub struct JsonCall {
    /// Such as `tagging`.
    pub service: &'static str,
    /// Such as `ResourceGroupsTaggingAPI_20170126`.
    pub target: &'static str,
    /// Such as `GetResources`.
    pub operation: &'static str,
}

/// A request that could not be made.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("there are no credentials")]
    NoCredentials,
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Parameters(#[from] v4::signing_params::BuildError),
    #[error(transparent)]
    Signature(#[from] SigningError),
    #[error(transparent)]
    Form(#[from] http::Error),
}

impl JsonCall {
    /// Its name in errors.
    fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// Sends it, and retries when the service could not answer.
    ///
    /// # Errors
    /// With the service's reason, or the transport's error, of the last attempt.
    pub async fn send(&self, clients: &Clients, body: &Value) -> Result<Value, ObserverError> {
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            match self.once(clients, body).await {
                Err((error, true)) if attempt < ATTEMPTS => {
                    drop(error);
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
                other => return other.map_err(|(error, _)| error),
            }
        }
    }

    /// One attempt. An error says whether a retry may help.
    async fn once(&self, clients: &Clients, body: &Value) -> Result<Value, (ObserverError, bool)> {
        let wrong = |message: String, again: bool| (observer_error(&self.name(), message), again);
        let request = self
            .request(clients, body)
            .await
            .map_err(|error| wrong(error.to_string(), false))?;
        let sent = clients.connection.transport.send(request);
        let response = match tokio::time::timeout(ATTEMPT_TIMEOUT, sent).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(wrong(error.to_string(), true)),
            Err(_) => return Err(wrong("no answer within a minute".to_owned(), true)),
        };
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            let code = AwsDialect.error_code(&response).unwrap_or_default();
            let again = status.is_server_error()
                || status.as_u16() == 429
                || ["Throttl", "TooManyRequests", "RequestLimit"]
                    .iter()
                    .any(|part| code.contains(part));
            let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            let message = answer["message"].as_str().or(answer["Message"].as_str());
            let message = message.unwrap_or_default();
            return Err(wrong(format!("{code}: {message} ({status})"), again));
        }
        serde_json::from_slice(response.body())
            .map_err(|error| wrong(format!("the answer is no JSON: {error}"), true))
    }

    /// The signed request.
    async fn request(
        &self,
        clients: &Clients,
        body: &Value,
    ) -> Result<Request<Bytes>, RequestError> {
        let (service, region) = (self.service, clients.region.as_str());
        let domain = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let uri = format!("https://{service}.{region}.{domain}/");
        let body = Bytes::from(body.to_string());
        let provider = clients.config.credentials_provider();
        let provider = provider.ok_or(RequestError::NoCredentials)?;
        let credentials = provider.provide_credentials().await;
        let identity: Identity = credentials?.into();
        let at = clients.connection.clock.system_time();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(at)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let target = format!("{}.{}", self.target, self.operation);
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        let signable = SignableRequest::new(
            "POST",
            &uri,
            headers.into_iter(),
            SignableBody::Bytes(&body),
        )?;
        let signed = sign(signable, &params)?;
        let (instructions, _) = signed.into_parts();
        let mut request = Request::post(&uri);
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        Ok(request.body(body)?)
    }
}

//! Calls of JSON services for which no SDK is linked: signed and sent.
//!
//! Another SDK would cost more build time than its one or two calls are worth.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use kubeproof_cloudkit::rest::BoxError;
use kubeproof_cloudkit::{Applied, CallError};
use kubeproof_contract::call::Dialect as _;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::transport::{SharedTransport, TransportError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::dialect::AwsDialect;
use crate::error::Codes;

/// The longest wait for one answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);

/// A service: as its signature names it (`tagging`), and as its header does (`ResourceGroupsTaggingAPI_20170126`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonService(pub(crate) &'static str, pub(crate) &'static str);

impl JsonService {
    /// A call of it, such as `GetResources`.
    pub(crate) const fn call(self, operation: &'static str) -> JsonCall {
        let Self(service, target) = self;
        JsonCall {
            service,
            target,
            operation,
        }
    }
}

/// A call of a service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonCall {
    service: &'static str,
    target: &'static str,
    operation: &'static str,
}

/// What it takes to sign and send a call.
#[derive(Clone, Debug)]
pub(crate) struct JsonClient {
    config: SdkConfig,
    region: String,
    transport: SharedTransport,
    clock: Clock,
}

impl JsonClient {
    /// A client for the services of a region, with the credentials of `config`.
    pub(crate) fn new(config: &SdkConfig, connection: &Connection, region: &str) -> Self {
        Self {
            config: config.clone(),
            region: region.to_owned(),
            transport: connection.transport.clone(),
            clock: connection.clock,
        }
    }
}

impl JsonCall {
    /// Its name in errors.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// Sends it once, and reads the answer.
    ///
    /// # Errors
    /// With the service's reason, or the transport's error.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        client: &JsonClient,
        body: &Value,
    ) -> Result<T, CallError> {
        let call = self.name();
        let request = self.request(client, body).await;
        let request = request.map_err(|error| CallError::unmade(&call, error))?;
        let sent = client.transport.send(request);
        let response = match tokio::time::timeout(ATTEMPT_TIMEOUT, sent).await {
            Ok(answer) => answer,
            Err(_) => Err(TransportError::Timeout("no answer within a minute".into())),
        };
        let response = response.map_err(|error| CallError::of_transport(&call, error))?;
        if !response.status().is_success() {
            return Err(refused(&call, &response));
        }
        // Deletions of CloudWatch Logs answer with an empty body.
        let text: &[u8] = match response.body() {
            body if body.is_empty() => b"null",
            body => body,
        };
        serde_json::from_slice(text).map_err(|error| {
            let message = format!("the answer cannot be read: {error}");
            CallError::no_answer(&call, message, Applied::Unknown)
        })
    }

    /// SQS alone speaks version 1.0.
    fn content_type(&self) -> &'static str {
        match self.service {
            "sqs" => "application/x-amz-json-1.0",
            _ => "application/x-amz-json-1.1",
        }
    }

    /// The signed request.
    async fn request(
        &self,
        client: &JsonClient,
        body: &Value,
    ) -> Result<Request<Bytes>, RequestError> {
        let (service, region) = (self.service, client.region.as_str());
        let domain = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let uri = format!("https://{service}.{region}.{domain}/");
        let body = Bytes::from(body.to_string());
        let provider = client.config.credentials_provider();
        let provider = provider.ok_or(RequestError::NoCredentials)?;
        let credentials = provider.provide_credentials().await;
        let identity: Identity = credentials?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(client.clock.system_time())
            .settings(SigningSettings::default())
            .build()
            .map_err(RequestError::unsigned)?
            .into();
        let target = format!("{}.{}", self.target, self.operation);
        let headers = [
            ("content-type", self.content_type()),
            ("x-amz-target", target.as_str()),
        ];
        let signable = SignableRequest::new(
            "POST",
            &uri,
            headers.into_iter(),
            SignableBody::Bytes(&body),
        );
        let signable = signable.map_err(RequestError::unsigned)?;
        let signed = sign(signable, &params).map_err(RequestError::unsigned)?;
        let (instructions, _) = signed.into_parts();
        let mut request = Request::post(&uri);
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        Ok(request.body(body)?)
    }
}

/// A request that could not be made.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("there are no credentials")]
    NoCredentials,
    #[error("{0}")]
    Credentials(#[from] CredentialsError),
    #[error("{0}")]
    Unsigned(#[source] BoxError),
    #[error("{0}")]
    Form(#[from] http::Error),
}

impl RequestError {
    fn unsigned(error: impl Into<BoxError>) -> Self {
        Self::Unsigned(error.into())
    }
}

/// The error of an answer that refuses.
fn refused(call: &str, response: &Response<Bytes>) -> CallError {
    let code = AwsDialect.error_code(response).unwrap_or_default();
    let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let message = answer["message"].as_str().or(answer["Message"].as_str());
    let status = response.status().as_u16();
    CallError::of_answer(&Codes, call, (status, code), message.unwrap_or_default())
}

/// A time as JSON 1.1 writes it: seconds since 1970, with a fraction or without.
pub(crate) fn timestamp(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(since).ok()
}

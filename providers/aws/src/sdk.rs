//! The AWS SDKs on our transport: the one place where clients are configured.
//!
//! Every client shares the transport, the trial's clock, tokio's timers and seeded tokens. So a rehearsal is
//! deterministic, and a live run is journalled in the same way.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use bytes::Bytes;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::provider::{Connection, Credentials};
use kubeproof_contract::transport::{SharedTransport, TransportError};

mod truncation;

/// A smithy HTTP client over our transport.
#[derive(Clone, Debug)]
pub struct TransportClient(SharedTransport);

impl TransportClient {
    /// A client over this transport.
    pub fn new(transport: SharedTransport) -> Self {
        Self(transport)
    }
}

impl HttpConnector for TransportClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(Box::new(error)))?
                .map(|body: SdkBody| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            let answer = transport.send(request).await.and_then(truncation::only);
            let response = answer.map_err(connector_error)?;
            let response = response.map(SdkBody::from);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::user(Box::new(error)))
        })
    }
}

fn connector_error(error: TransportError) -> ConnectorError {
    match error {
        TransportError::Timeout(_) => ConnectorError::timeout(Box::new(error)),
        TransportError::Connect(_) | TransportError::Lost(_) => ConnectorError::io(Box::new(error)),
    }
}

impl HttpClient for TransportClient {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[derive(Debug)]
struct ClockSource(Clock);

impl TimeSource for ClockSource {
    fn now(&self) -> SystemTime {
        self.0.system_time()
    }
}

/// Retries of read-only and idempotent calls: the SDK's standard mode, bounded.
const ATTEMPTS: u32 = 5;

/// Longest wait for one attempt of one call: without it a silent connection would hang forever.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);

/// The shared configuration of all clients of one connection.
pub fn config(connection: &Connection, region: &str) -> SdkConfig {
    let base = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(SharedHttpClient::new(TransportClient::new(
            connection.transport.clone(),
        )))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(ClockSource(connection.clock)))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
        .stalled_stream_protection(
            aws_config::stalled_stream_protection::StalledStreamProtectionConfig::disabled(),
        );
    base.credentials_provider(credentials(connection)).build()
}

/// The credentials of a connection, for clients and for presigning.
pub fn credentials(connection: &Connection) -> SharedCredentialsProvider {
    match &connection.credentials {
        Credentials::Rehearsal => SharedCredentialsProvider::new(AwsCredentials::new(
            crate::rehearsal::ACCESS_KEY_ID,
            crate::rehearsal::SECRET_ACCESS_KEY,
            None,
            None,
            "rehearsal",
        )),
        Credentials::Documented { env_file } => {
            crate::credentials::documented(connection, env_file)
        }
        Credentials::Given(given) => crate::credentials::given::of_program(given),
    }
}

/// For calls that have no idempotency token and no natural key: never repeated by the SDK.
pub fn never_repeat() -> RetryConfig {
    RetryConfig::disabled()
}

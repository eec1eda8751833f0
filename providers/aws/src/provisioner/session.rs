//! What the provisioner's steps share: the clients, what is asked for, and the session of `cloudkit`.

use std::error::Error;
use std::future::Future;
use std::ops::Deref;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::provider::Connection;

use crate::error::call_error;
use crate::json_call::JsonClient;
use crate::sdk;
use crate::spec::EksSpec;

/// After this long, EC2's reads show a new resource: they lag "a couple of seconds" (EC2 developer guide, eventual
/// consistency), and this leaves a margin.
pub(crate) const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// One piece of work (a provision or a teardown) of one process. The SDK's own retries are off.
pub(crate) struct Session {
    base: kubeproof_cloudkit::Session,
    pub(crate) spec: EksSpec,
    pub(crate) config: SdkConfig,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) eks: aws_sdk_eks::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) classic: aws_sdk_elasticloadbalancing::Client,
    pub(crate) balancers: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) json: JsonClient,
    /// `Name` tags of addresses that teardown ignores. Only a deliberate defect fills it.
    pub(crate) overlooked: Vec<String>,
}

impl Deref for Session {
    type Target = kubeproof_cloudkit::Session;

    fn deref(&self) -> &Self::Target {
        &self.base
    }
}

impl Session {
    /// A session with no memory.
    pub(crate) fn new(spec: &EksSpec, connection: &Connection) -> Self {
        let config = sdk::config(connection, &spec.region.0)
            .into_builder()
            .retry_config(sdk::never_repeat())
            .build();
        Self {
            base: kubeproof_cloudkit::Session::new(connection, SETTLED_AFTER),
            spec: spec.clone(),
            ec2: aws_sdk_ec2::Client::new(&config),
            eks: aws_sdk_eks::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            classic: aws_sdk_elasticloadbalancing::Client::new(&config),
            balancers: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            json: JsonClient::new(&config, connection, &spec.region.0),
            config,
            overlooked: Vec::new(),
        }
    }

    /// Makes one call, again as its policy says.
    ///
    /// # Errors
    /// With the last error, when the policy gives up.
    pub(crate) async fn send<T, E, F, Fut>(
        &self,
        call: &'static str,
        policy: RetryPolicy,
        request: F,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        T: Send,
    {
        let attempt = || {
            // On the heap: the SDK's futures are large, and every one above would hold this one.
            let answer = Box::pin(request());
            async move { answer.await.map_err(|error| call_error(call, &error)) }
        };
        self.call(policy, attempt).await
    }
}

//! The clients of one region, and how their answers become data or errors of the observer.
//!
//! All reads of the account go through here, so they are paged, worded and limited alike.

use aws_config::SdkConfig;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::catalogue::AccountClients;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::scope::Scope;

use crate::error::call_error;
use crate::json_call::JsonClient;
use crate::sdk;

/// Most pages of one listing: a listing that is longer is an error, never cut short.
pub const PAGES_MAX: usize = 500;

/// The clients of one region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The region that they talk to.
    pub region: String,
    /// The configuration that they share.
    pub config: SdkConfig,
    /// The connection that they use.
    pub connection: Connection,
    pub ec2: aws_sdk_ec2::Client,
    pub eks: aws_sdk_eks::Client,
    /// IAM, which is global.
    pub iam: aws_sdk_iam::Client,
    pub sts: aws_sdk_sts::Client,
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// Classic load balancers.
    pub elb: aws_sdk_elasticloadbalancing::Client,
    /// Application and network load balancers.
    pub elbv2: aws_sdk_elasticloadbalancingv2::Client,
    /// Services without an SDK.
    pub(crate) json: JsonClient,
}

impl Clients {
    /// The clients of a region on a connection.
    pub fn new(connection: &Connection, region: &str) -> Self {
        let config = sdk::config(connection, region);
        Self {
            region: region.to_owned(),
            connection: connection.clone(),
            ec2: aws_sdk_ec2::Client::new(&config),
            eks: aws_sdk_eks::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            elb: aws_sdk_elasticloadbalancing::Client::new(&config),
            elbv2: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            json: JsonClient::new(&config, connection, region),
            config,
        }
    }
}

impl AccountClients for Clients {
    type Error = ObserverError;

    /// The clients of the region that a scope names; these for what belongs to no region.
    fn of_scope(&self, scope: &Scope) -> Self {
        if scope.is_global() || scope.as_str() == self.region {
            self.clone()
        } else {
            Self::new(&self.connection, scope.as_str())
        }
    }
}

/// All pages of a listing.
///
/// # Errors
/// When any page fails, or when there are more than [`PAGES_MAX`].
pub async fn pages<T, E>(
    call: &str,
    mut stream: PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
) -> Result<Vec<T>, CallError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut all = Vec::new();
    while let Some(page) = stream.next().await {
        if all.len() == PAGES_MAX {
            let message = format!("more than {PAGES_MAX} pages: given up");
            return Err(CallError::state(call, message));
        }
        all.push(page.map_err(|error| call_error(call, &error))?);
    }
    Ok(all)
}

/// The observer's error for a failed call: the cloud's message and code, or the transport's error.
pub fn failed<E>(call: &str, error: &SdkError<E, HttpResponse>) -> ObserverError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    call_error(call, error).into()
}

/// The observer's error for an answer that cannot be used.
pub fn observer_error(call: &str, message: impl Into<String>) -> ObserverError {
    CallError::state(call, message).into()
}

/// Whether the cloud says that the resource does not exist.
pub fn is_gone<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    call_error("", error).is_not_found()
}

/// The result of a deletion: success when the resource is gone already.
///
/// # Errors
/// With the cloud's reason.
pub fn deleted<T, E>(
    call: &str,
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<(), ObserverError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    ignore_not_found(result.map_err(|error| call_error(call, &error)))?;
    Ok(())
}

/// An AWS time as a `Timestamp`.
pub fn timestamp(time: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

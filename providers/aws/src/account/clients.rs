//! The clients of one region, and how their answers become data or errors of the observer.
//!
//! Apart so that every look at the account is paged and worded in one way, and every loop is
//! limited.

use aws_config::SdkConfig;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use kubeproof_contract::account::ObserverError;
use kubeproof_contract::provider::Connection;

use crate::sdk;
use crate::words::sources;

/// Most pages of one listing: a listing that is longer is an error, never cut short.
pub const PAGES_MAX: usize = 500;

/// The clients of one region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The region that they speak to.
    pub region: String,
    /// The configuration that they share.
    pub config: SdkConfig,
    /// The connection that they go over, for calls without an SDK.
    pub connection: Connection,
    /// EC2 and VPC.
    pub ec2: aws_sdk_ec2::Client,
    /// EKS.
    pub eks: aws_sdk_eks::Client,
    /// IAM, which is global.
    pub iam: aws_sdk_iam::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// Auto Scaling.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// Classic load balancers.
    pub elb: aws_sdk_elasticloadbalancing::Client,
    /// Application and network load balancers.
    pub elbv2: aws_sdk_elasticloadbalancingv2::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Service Quotas.
    pub quotas: aws_sdk_servicequotas::Client,
    /// CloudTrail.
    pub trail: aws_sdk_cloudtrail::Client,
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
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            quotas: aws_sdk_servicequotas::Client::new(&config),
            trail: aws_sdk_cloudtrail::Client::new(&config),
            config,
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
) -> Result<Vec<T>, ObserverError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut all = Vec::new();
    while let Some(page) = stream.next().await {
        if all.len() == PAGES_MAX {
            return Err(problem(
                call,
                format!("more than {PAGES_MAX} pages: given up"),
            ));
        }
        all.push(page.map_err(|error| failed(call, &error))?);
    }
    Ok(all)
}

/// The observer's error for a failed call: the cloud's code and message, or what the transport
/// said.
pub fn failed<E>(call: &str, error: &SdkError<E, HttpResponse>) -> ObserverError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let message = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => sources(error),
    };
    problem(call, message)
}

/// The observer's error for an answer that cannot be used.
pub fn problem(call: &str, message: impl Into<String>) -> ObserverError {
    ObserverError {
        call: call.to_owned(),
        message: message.into(),
    }
}

/// Whether the cloud says that the thing does not exist.
pub fn is_gone<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    error.code().is_some_and(|code| {
        code.contains("NotFound") || matches!(code, "NoSuchEntity" | "NoSuchEntityException")
    })
}

/// The result of a deletion: something that is gone already needs none.
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
    match result {
        Ok(_) => Ok(()),
        Err(error) if is_gone(&error) => Ok(()),
        Err(error) => Err(failed(call, &error)),
    }
}

/// An AWS time as ours.
pub fn timestamp(time: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

//! Internet gateways: those of the run, which may never have been attached, and those attached to its VPCs.

use aws_sdk_ec2::types::InternetGateway;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::internet_gateway;
use crate::provisioner::requests::send;
use crate::provisioner::session::Session;

/// The internet gateways of the run and of these VPCs.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn list(session: &Session, vpcs: Vec<String>) -> Result<Vec<String>, CallError> {
    let mut found = internet_gateway::of_run(session).await?;
    if !vpcs.is_empty() {
        found.extend(internet_gateway::any(session, "attachment.vpc-id", &vpcs).await?);
    }
    let ids = found.iter().filter_map(|one| one.internet_gateway_id());
    let mut ids: Vec<String> = ids.map(str::to_owned).collect();
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// Detaches and deletes internet gateways.
pub(super) async fn delete(session: &Session, ids: Vec<String>, policy: RetryPolicy) -> CallErrors {
    let mut errors = CallErrors::default();
    let found = internet_gateway::any(session, "internet-gateway-id", &ids).await;
    let found = errors.keep(found).unwrap_or_default();
    let delete = |gateway| one(session, gateway, policy);
    errors.for_each(&found, delete).await;
    errors
}

async fn one(
    session: &Session,
    gateway: &InternetGateway,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let id = gateway.internet_gateway_id().unwrap_or_default();
    let attachments = gateway.attachments().iter();
    for vpc in attachments.filter_map(|attachment| attachment.vpc_id()) {
        let request = session
            .ec2
            .detach_internet_gateway()
            .internet_gateway_id(id)
            .vpc_id(vpc);
        let call = "ec2:DetachInternetGateway";
        ignore_not_found(send!(session, call, policy, request))?;
    }
    internet_gateway::delete(session, id, policy).await
}

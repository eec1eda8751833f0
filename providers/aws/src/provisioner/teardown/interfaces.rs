//! Network interfaces that outlive their owner: AWS removes its own after minutes, the others are deleted here.

use std::time::Duration;

use aws_sdk_ec2::types::{NetworkInterface, NetworkInterfaceStatus};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, poll_until};
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::requests::{pages, send};
use crate::provisioner::schedules;
use crate::provisioner::session::Session;
use crate::provisioner::tags::filter;

/// Longest wait: interfaces of EKS and of load balancers outlive them by up to 5 minutes.
const GONE_WITHIN: Duration = Duration::from_mins(15);

/// Deletes the interfaces that may be deleted and waits for the rest, until the VPC has none.
///
/// # Errors
/// When a call fails for good, or some are still there in the end.
pub(super) async fn clear(
    session: &Session,
    vpc: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let what = format!("network interfaces of {vpc} to go");
    poll_until(session, schedules::GONE, GONE_WITHIN, &what, || async {
        let request = session
            .ec2
            .describe_network_interfaces()
            .filters(filter("vpc-id", &vpc));
        let interfaces = pages!(
            session,
            "ec2:DescribeNetworkInterfaces",
            request,
            network_interfaces
        )?;
        for interface in interfaces
            .iter()
            .filter(|interface| is_left_to_us(interface))
        {
            let id = interface.network_interface_id().unwrap_or_default();
            delete(session, id, policy).await?;
        }
        let waiting: Vec<&str> = interfaces
            .iter()
            .filter(|interface| !is_left_to_us(interface))
            .filter_map(|interface| interface.network_interface_id())
            .collect();
        Ok(if waiting.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending(waiting.join(", "))
        })
    })
    .await
}

fn is_left_to_us(interface: &NetworkInterface) -> bool {
    interface.status() == Some(&NetworkInterfaceStatus::Available)
        && interface.requester_managed() != Some(true)
}

async fn delete(session: &Session, id: &str, policy: RetryPolicy) -> Result<(), CallError> {
    let request = session
        .ec2
        .delete_network_interface()
        .network_interface_id(id);
    ignore_not_found(send!(
        session,
        "ec2:DeleteNetworkInterface",
        policy,
        request
    ))
}

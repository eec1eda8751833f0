//! Deletes NAT gateways, then their addresses, which cannot be released while a gateway holds them.

use std::time::Duration;

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::leftovers;
use crate::provisioner::nat;
use crate::provisioner::requests::send;
use crate::provisioner::session::Session;
use crate::provisioner::teardown::HOPELESS;

/// Longest wait for an address to be free after its gateway is deleted.
const FREE_WITHIN: Duration = Duration::from_secs(300);

/// Deletes the run's NAT gateways and releases its addresses.
pub(crate) async fn egress(session: &Session) -> CallErrors {
    let mut errors = CallErrors::default();
    if let Some(gateways) = errors.keep(leftovers::nat_gateways(session).await) {
        errors
            .for_each(&gateways, |id| async move {
                nat::delete(session, id).await?;
                nat::gone(session, id).await
            })
            .await;
    }
    if let Some(addresses) = errors.keep(leftovers::address_ids(session).await) {
        let within = if errors.is_empty() {
            FREE_WITHIN
        } else {
            HOPELESS
        };
        let policy = RetryPolicy::while_in_use(within);
        errors
            .for_each(&addresses, |id| release(session, id, policy))
            .await;
    }
    errors
}

/// Releases an address; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn release(
    session: &Session,
    id: &str,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let request = session.ec2.release_address().allocation_id(id);
    ignore_not_found(send!(session, "ec2:ReleaseAddress", policy, request))
}

//! Removes duplicates of resources that have neither a token nor a unique name, at the end of a provision.
//!
//! `find_or_create` cannot prevent all of them: a dead process's request may be applied after its successor has
//! checked what exists. The duplicate appears minutes later, and an address is billed. Removal is safe because AWS
//! refuses to delete what is in use (EC2 API reference: `DeleteVpc`, `ReleaseAddress`, `DeleteInternetGateway`).

use futures::future::join_all;
use futures::join;
use kubeproof_cloudkit::RetryPolicy;
use kubeproof_cloudkit::error::all;
use kubeproof_cloudkit::{CallError, Cause};

use crate::provisioner::session::Session;
use crate::provisioner::{address, internet_gateway, vpc};

/// Removes duplicates, if there may be any.
///
/// # Errors
/// When they cannot be listed, or one cannot be removed.
pub(crate) async fn remove_duplicates(session: &Session) -> Result<(), CallError> {
    if !session.may_have_duplicates() {
        return Ok(());
    }
    let made = session.made();
    let Some(used) = made.get("vpc") else {
        return Ok(());
    };
    let (vpcs, addresses, gateways) =
        join!(vpcs(session, used), addresses(session), gateways(session));
    all([vpcs, addresses, gateways].into()).map(|_| ())
}

/// Other VPCs of the run. AWS refuses to delete one that is not empty, and that is an error: it is not a late
/// duplicate, so a person has to look at it.
async fn vpcs(session: &Session, used: &str) -> Result<(), CallError> {
    let vpcs = vpc::list(session).await?;
    let duplicates = vpcs.iter().filter(|id| *id != used);
    let deletions = duplicates.map(|id| vpc::delete(session, id.clone(), RetryPolicy::IDEMPOTENT));
    all(join_all(deletions).await).map(|_| ())
}

/// Addresses of the run that are not associated: by now every gateway holds its own.
async fn addresses(session: &Session) -> Result<(), CallError> {
    let addresses = address::all(session).await?;
    let idle = addresses
        .iter()
        .filter(|address| address.association_id().is_none());
    let releases = idle
        .filter_map(|address| address.allocation_id())
        .map(|id| async move {
            let release = address::release(session, id.to_owned(), RetryPolicy::IDEMPOTENT);
            held_is_fine(release.await)
        });
    all(join_all(releases).await).map(|_| ())
}

/// Internet gateways of the run that are attached to nothing.
async fn gateways(session: &Session) -> Result<(), CallError> {
    let gateways = internet_gateway::of_run(session).await?;
    let idle = gateways
        .iter()
        .filter(|gateway| gateway.attachments().is_empty());
    let deletions = idle
        .filter_map(|gateway| gateway.internet_gateway_id())
        .map(|id| async move {
            let delete = internet_gateway::delete(session, id, RetryPolicy::IDEMPOTENT);
            held_is_fine(delete.await)
        });
    all(join_all(deletions).await).map(|_| ())
}

/// A resource that the listing showed as idle may be in use by now, or the listing was stale: not a duplicate.
fn held_is_fine(result: Result<(), CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if error.cause == Cause::InUse => Ok(()),
        other => other,
    }
}

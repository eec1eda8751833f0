//! Twins of what has neither a token nor a natural key: found at the end of a provision, and removed.
//!
//! Apart from adoption, which prevents twins as far as anybody can: a request of a process that has died
//! may be carried out after its successor has looked. It shows minutes later, and is billed if it is an
//! address. The cloud itself guards this: it refuses to delete what is in use (EC2 API reference:
//! DeleteVpc, ReleaseAddress, DeleteInternetGateway).

use futures::future::join_all;
use futures::join;

use crate::provisioner::problem::{Problem, all};
use crate::provisioner::retry::Rule;
use crate::provisioner::session::Session;
use crate::provisioner::survey;
use crate::provisioner::teardown::addresses::release;
use crate::provisioner::teardown::network::{delete_gateway, delete_vpc};

/// Removes twins, when there may be any.
///
/// # Errors
/// When they cannot be listed, or one cannot be removed.
pub(crate) async fn remove(session: &Session) -> Result<(), Problem> {
    if !session.twins_possible() {
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

/// Other VPCs of the run. One that something was put into is refused, and that is an error: it is no
/// late twin, so somebody has to look.
async fn vpcs(session: &Session, used: &str) -> Result<(), Problem> {
    let vpcs = survey::vpcs(session).await?;
    let twins = vpcs.iter().filter(|id| *id != used);
    let deletions = twins.map(|id| delete_vpc(session, id, Rule::SAFE));
    all(join_all(deletions).await).map(|_| ())
}

/// Addresses of the run that nothing holds: by now every gateway holds its own.
async fn addresses(session: &Session) -> Result<(), Problem> {
    let addresses = survey::addresses(session).await?;
    let idle = addresses
        .iter()
        .filter(|address| address.association_id().is_none());
    let releases = idle
        .filter_map(|address| address.allocation_id())
        .map(|id| async move { held_is_fine(release(session, id, Rule::SAFE).await) });
    all(join_all(releases).await).map(|_| ())
}

/// Internet gateways of the run that are attached to nothing.
async fn gateways(session: &Session) -> Result<(), Problem> {
    let gateways = survey::internet_gateways(session).await?;
    let idle = gateways
        .iter()
        .filter(|gateway| gateway.attachments().is_empty());
    let deletions = idle
        .filter_map(|gateway| gateway.internet_gateway_id())
        .map(|id| async move { held_is_fine(delete_gateway(session, id, Rule::SAFE).await) });
    all(join_all(deletions).await).map(|_| ())
}

/// What the read showed as idle may be held by now, or the read was stale: then it is no twin.
fn held_is_fine(result: Result<(), Problem>) -> Result<(), Problem> {
    match result {
        Err(problem) if problem.is_in_use() => Ok(()),
        other => other,
    }
}

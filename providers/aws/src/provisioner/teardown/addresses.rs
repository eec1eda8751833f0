//! NAT gateways, then their addresses: an address cannot be released while a gateway holds it.

use std::time::Duration;

use futures::future::join_all;

use crate::provisioner::nat;
use crate::provisioner::problem::{Problem, gone_is_fine};
use crate::provisioner::retry::Rule;
use crate::provisioner::session::Session;
use crate::provisioner::survey;
use crate::provisioner::teardown::{HOPELESS, Problems};

/// Longest wait for an address to be free after its gateway is deleted.
const FREE_WITHIN: Duration = Duration::from_secs(300);

/// Deletes the run's NAT gateways and releases its addresses.
pub(crate) async fn egress(session: &Session) -> Problems {
    let mut problems = Problems::default();
    if let Some(gateways) = problems.keep(survey::nat_gateways(session).await) {
        let deletions = gateways.iter().map(|id| async move {
            nat::delete(session, id).await?;
            nat::gone(session, id).await
        });
        for result in join_all(deletions).await {
            problems.keep(result);
        }
    }
    if let Some(addresses) = problems.keep(survey::address_ids(session).await) {
        let within = if problems.is_empty() {
            FREE_WITHIN
        } else {
            HOPELESS
        };
        let rule = Rule::delete(within);
        for result in join_all(addresses.iter().map(|id| release(session, id, rule))).await {
            problems.keep(result);
        }
    }
    problems
}

/// Releases an address; one that is gone already is fine.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn release(session: &Session, id: &str, rule: Rule) -> Result<(), Problem> {
    let request = session.ec2.release_address().allocation_id(id);
    gone_is_fine(
        session
            .send("ec2:ReleaseAddress", rule, || request.clone().send())
            .await,
    )
}

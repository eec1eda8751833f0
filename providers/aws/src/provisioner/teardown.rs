//! Teardown: finds everything by tags alone, and deletes it in the order that AWS requires.
//!
//! It has no memory. Independent steps run concurrently, a failed step does not stop the others, and a final listing
//! decides whether it succeeded.

use std::time::Duration;

use futures::join;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_contract::provisioner::ProvisionerError;

use crate::provisioner::iam_roles;
use crate::provisioner::leftovers::{self, Leftovers};
use crate::provisioner::session::{SETTLED_AFTER, Session};
use crate::provisioner::{cluster, nodes, templates};

pub(crate) mod addresses;
pub(crate) mod balancers;
pub(crate) mod drain;
pub(crate) mod interfaces;
pub(crate) mod logs;
pub(crate) mod network;
pub(crate) mod roles;
pub(crate) mod volumes;

/// The wait for a resource whose dependency is known to stay.
pub(crate) const HOPELESS: Duration = Duration::from_secs(20);
/// Most rounds. A second one is needed when the first did not see everything, or a call was refused that succeeds
/// later.
const ROUNDS: usize = 6;
/// This long after a run's first request, every unanswered request of its processes has been applied, or never will
/// be: a request times out after a minute and may be applied a while later (`find_or_create` lists for 45 seconds).
const ALL_APPLIED_AFTER: Duration = Duration::from_secs(120);
/// No new round begins after this long.
const NO_ROUND_AFTER: Duration = Duration::from_secs(60 * 60);

/// Removes everything of the run.
///
/// # Errors
/// When something is left, or the final listing failed: with the ids and the reasons.
pub(crate) async fn teardown(session: &Session) -> Result<(), ProvisionerError> {
    let began = session.elapsed();
    let mut errors = CallErrors::default();
    let mut left = None;
    for count in 0..ROUNDS {
        left = errors.keep(leftovers::list(session).await);
        let only_the_marker = left.as_ref().is_some_and(Leftovers::is_only_the_marker);
        if left.as_ref().is_some_and(Leftovers::is_empty) {
            // No marker: an earlier teardown has removed everything, or there never was anything. A marker that has
            // just been made may not be visible yet, so it is checked twice.
            if errors.keep(is_unmarked(session).await) == Some(true) {
                return Ok(());
            }
            continue;
        }
        let age = left.as_ref().and_then(|left| left.age(session));
        let early = ALL_APPLIED_AFTER.saturating_sub(age.unwrap_or(ALL_APPLIED_AFTER));
        if only_the_marker && count > 0 && early.is_zero() {
            return last(session, errors).await;
        }
        if session.elapsed().saturating_sub(began) > NO_ROUND_AFTER {
            break;
        }
        if only_the_marker {
            // An unanswered request of an earlier process may still be applied: wait until it cannot be any more.
            tokio::time::sleep(early.max(SETTLED_AFTER)).await;
        } else {
            // What an earlier process made just before it died may not be visible yet.
            tokio::time::sleep(SETTLED_AFTER).await;
            errors = round(session).await;
        }
    }
    Err(errors.failure(left.map(|left| left.ids())))
}

/// Whether there is no marker even after IAM's reads must show it.
async fn is_unmarked(session: &Session) -> Result<bool, CallError> {
    tokio::time::sleep(SETTLED_AFTER).await;
    leftovers::is_unmarked(session).await
}

/// Deletes the marker, last of all: as long as it exists, a teardown checks everything.
async fn last(session: &Session, mut errors: CallErrors) -> Result<(), ProvisionerError> {
    match roles::delete(session, &iam_roles::CLUSTER).await {
        Ok(()) => Ok(()),
        Err(error) => {
            errors.keep::<()>(Err(error));
            let name = session.run().name(iam_roles::CLUSTER.part);
            Err(errors.failure(Some(vec![name])))
        }
    }
}

/// One round through everything, in AWS's order.
async fn round(session: &Session) -> CallErrors {
    let mut first = CallErrors::default();
    first.keep(drain::workloads(session).await);
    let (compute, egress, balancers) = join!(
        compute(session),
        addresses::egress(session),
        balancers::delete(session)
    );
    // When something stays, what it depends on cannot be deleted: do not wait long in this round.
    let free = [&compute, &egress, &balancers]
        .iter()
        .all(|errors| errors.is_empty());
    // A node group without its template cannot be repaired, so the group goes first.
    let templates = async {
        if compute.is_empty() {
            templates::delete(session).await
        } else {
            CallErrors::default()
        }
    };
    let (templates, volumes, network, nodes_role, logs) = join!(
        templates,
        volumes::delete(session),
        network::delete(session, free),
        roles::delete(session, &iam_roles::NODES),
        logs::delete(session),
    );
    let mut last = CallErrors::default();
    last.keep(nodes_role);
    last.keep(logs);
    first.join([
        compute, egress, balancers, templates, volumes, network, last,
    ])
}

/// Deletes node groups, then the cluster, which AWS refuses to delete while it has any.
pub(crate) async fn compute(session: &Session) -> CallErrors {
    let mut errors = CallErrors::default();
    let Some(known) = errors.keep(cluster::describe(session).await) else {
        return errors;
    };
    let Some(known) = known else { return errors };
    if !cluster::is_ours(session, &known) {
        return errors;
    }
    if let Some(names) = errors.keep(nodes::list(session).await) {
        errors
            .for_each(&names, |name| async move {
                nodes::delete(session, name).await?;
                nodes::gone(session, name).await
            })
            .await;
    }
    if !errors.is_empty() {
        return errors;
    }
    if errors.keep(cluster::delete(session).await).is_some() {
        errors.keep(cluster::gone(session).await);
    }
    errors
}

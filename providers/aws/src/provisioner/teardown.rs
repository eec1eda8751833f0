//! Teardown: the order in which AWS lets a cluster and its network go, found by tags alone.
//!
//! It has no memory. Steps that do not depend on each other run together, a failed step does not
//! stop the others, and at the end the account is looked at again: only that decides.

use std::time::Duration;

use futures::future::join_all;
use futures::join;
use kubeproof_contract::provisioner::ProvisionerError;

use crate::provisioner::identity;
use crate::provisioner::problem::Problem;
use crate::provisioner::session::{SETTLED_AFTER, Session};
use crate::provisioner::survey::{self, Survey};
use crate::provisioner::{cluster, nodes, templates};

pub(crate) mod addresses;
pub(crate) mod balancers;
pub(crate) mod drain;
pub(crate) mod interfaces;
pub(crate) mod logs;
pub(crate) mod network;
pub(crate) mod roles;
pub(crate) mod volumes;

/// The wait for what depends on a thing that is known to stay.
pub(crate) const HOPELESS: Duration = Duration::from_secs(20);
/// Most rounds. A second one is needed when reads had not shown everything to the first, or a call
/// was refused that later is not.
const ROUNDS: usize = 6;
/// So long after a run's first request all that its processes asked for in vain has been carried out, if it
/// ever will: a request is given up after a minute, and may be carried out a while later (adopt looks for
/// 45 seconds).
const ALL_CARRIED_OUT_AFTER: Duration = Duration::from_secs(120);
/// No new round begins after so long.
const NO_ROUND_AFTER: Duration = Duration::from_secs(60 * 60);

/// The problems of steps: collected, because one failed step must not stop the others.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Keeps the problem of a result, if it is one.
    pub(crate) fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.0.push(problem)).ok()
    }

    /// Keeps the problems of other steps.
    pub(crate) fn join(mut self, others: impl IntoIterator<Item = Self>) -> Self {
        for other in others {
            self.0.extend(other.0);
        }
        self
    }

    /// Whether every step so far has succeeded.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        words.dedup();
        words
    }
}

/// Removes everything of the run.
///
/// # Errors
/// When something is left, or could not be looked at: with the ids and what stood in the way.
pub(crate) async fn teardown(session: &Session) -> Result<(), ProvisionerError> {
    let began = session.elapsed();
    let mut problems = Problems::default();
    let mut left = None;
    for count in 0..ROUNDS {
        left = problems.keep(survey::everything(session).await);
        let only_the_marker = left.as_ref().is_some_and(Survey::is_only_the_marker);
        if left.as_ref().is_some_and(Survey::is_empty) {
            // No marker: whatever was there, a teardown before us has seen it go. One that was made a moment
            // ago may not show yet, so it is looked for twice.
            if problems.keep(is_unmarked(session).await) == Some(true) {
                return Ok(());
            }
            continue;
        }
        let age = left.as_ref().and_then(|left| left.age(session));
        let early = ALL_CARRIED_OUT_AFTER.saturating_sub(age.unwrap_or(ALL_CARRIED_OUT_AFTER));
        if only_the_marker && count > 0 && early.is_zero() {
            return last(session, problems).await;
        }
        if session.elapsed().saturating_sub(began) > NO_ROUND_AFTER {
            break;
        }
        if only_the_marker {
            // What an earlier process asked for in vain may still come: until it cannot any more.
            tokio::time::sleep(early.max(SETTLED_AFTER)).await;
        } else {
            // What it made just before it died may not be visible to a round yet.
            tokio::time::sleep(SETTLED_AFTER).await;
            problems = round(session).await;
        }
    }
    match left {
        Some(left) => Err(refused(&problems, left.ids())),
        None => Err(unknown(&problems)),
    }
}

/// Whether there is no marker either when reads of IAM must show it.
async fn is_unmarked(session: &Session) -> Result<bool, Problem> {
    tokio::time::sleep(SETTLED_AFTER).await;
    survey::is_unmarked(session).await
}

/// The marker goes last: as long as it is there, a teardown looks closely.
async fn last(session: &Session, mut problems: Problems) -> Result<(), ProvisionerError> {
    match roles::delete(session, &identity::CLUSTER).await {
        Ok(()) => Ok(()),
        Err(problem) => {
            problems.keep::<()>(Err(problem));
            let name = session.run().name(identity::CLUSTER.part);
            Err(refused(&problems, vec![name]))
        }
    }
}

fn refused(problems: &Problems, left_behind: Vec<String>) -> ProvisionerError {
    let why = problems.words().join("; ");
    let message = format!(
        "teardown left {} behind: {why}; run the teardown again",
        left_behind.join(", ")
    );
    ProvisionerError::left(message, left_behind)
}

fn unknown(problems: &Problems) -> ProvisionerError {
    ProvisionerError::left_unknown(format!(
        "teardown could not find out what is left: {}; run the teardown again",
        problems.words().join("; ")
    ))
}

/// One round through everything, in AWS's order.
async fn round(session: &Session) -> Problems {
    let mut first = Problems::default();
    first.keep(drain::workloads(session).await);
    let (compute, egress, balancers) = join!(
        compute(session),
        addresses::egress(session),
        balancers::delete(session)
    );
    // When something stays, what depends on it cannot go: no use to wait long in this round.
    let free = [&compute, &egress, &balancers]
        .iter()
        .all(|problems| problems.is_empty());
    // A node group without its template cannot be repaired: it goes first.
    let templates = async {
        if compute.is_empty() {
            templates::delete(session).await
        } else {
            Problems::default()
        }
    };
    let (templates, volumes, network, nodes_role, logs) = join!(
        templates,
        volumes::delete(session),
        network::delete(session, free),
        roles::delete(session, &identity::NODES),
        logs::delete(session),
    );
    let mut last = Problems::default();
    last.keep(nodes_role);
    last.keep(logs);
    first.join([
        compute, egress, balancers, templates, volumes, network, last,
    ])
}

/// Node groups, then the cluster: it refuses to go while it has any.
pub(crate) async fn compute(session: &Session) -> Problems {
    let mut problems = Problems::default();
    let Some(known) = problems.keep(cluster::describe(session).await) else {
        return problems;
    };
    let Some(known) = known else { return problems };
    if !cluster::is_ours(session, &known) {
        return problems;
    }
    if let Some(names) = problems.keep(nodes::list(session).await) {
        let deletions = names.iter().map(|name| async move {
            nodes::delete(session, name).await?;
            nodes::gone(session, name).await
        });
        for result in join_all(deletions).await {
            problems.keep(result);
        }
    }
    if !problems.is_empty() {
        return problems;
    }
    if problems.keep(cluster::delete(session).await).is_some() {
        problems.keep(cluster::gone(session).await);
    }
    problems
}

//! How often to look at what takes its time.

use std::time::Duration;

use kubeproof_cloudkit::poll::PollSchedule;

use crate::provisioner::session::Session;

/// A NAT gateway: 1 to 3 minutes, and never on the longest chain.
pub(crate) const NAT: PollSchedule = PollSchedule::every(20);
/// A cluster: hardly ever ready before 7 minutes.
pub(crate) const CLUSTER: PollSchedule = PollSchedule::new(30, 420, 10);
/// A node group: hardly ever ready before 100 seconds.
pub(crate) const NODES: PollSchedule = PollSchedule::new(20, 100, 10);
/// Deletions of clusters and node groups, and interfaces that linger.
pub(crate) const GONE: PollSchedule = PollSchedule::every(30);

/// Whether something that was begun at this time is so late that it will never be ready.
pub(crate) fn is_stuck(
    session: &Session,
    since: Option<&aws_smithy_types::DateTime>,
    limit: Duration,
) -> bool {
    let now = session.connection.clock.now().as_second();
    let limit = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
    since.is_some_and(|since| now.saturating_sub(since.secs()) >= limit)
}

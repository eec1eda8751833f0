//! The control plane's log group, which EKS makes and never deletes. Its name is unique.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::error::ignore_not_found;

use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags;

fn name(session: &Session) -> String {
    format!("/aws/eks/{}/cluster", tags::cluster(session.run()))
}

/// The log group of the cluster, if it exists.
///
/// # Errors
/// When it cannot be read.
pub(super) async fn list(session: &Session) -> Result<Vec<String>, CallError> {
    let name = name(session);
    let request = session
        .logs
        .describe_log_groups()
        .log_group_name_prefix(&name);
    let groups = pages!(session, "logs:DescribeLogGroups", request, log_groups)?;
    let names = groups.iter().filter_map(|group| group.log_group_name());
    Ok(names
        .filter(|found| *found == name)
        .map(str::to_owned)
        .collect())
}

/// Deletes the log group; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(super) async fn delete(session: &Session, name: String) -> Result<(), CallError> {
    let request = session.logs.delete_log_group().log_group_name(name);
    let deleted = send!(session, "logs:DeleteLogGroup", IDEMPOTENT, request);
    ignore_not_found(deleted)
}

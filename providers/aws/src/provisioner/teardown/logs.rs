//! The control plane's log group, which EKS makes and never deletes. Its name is unique.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde_json::{Value, json};

use crate::log_groups::{DELETE, DESCRIBE, Page, page_of};
use crate::provisioner::session::Session;
use crate::provisioner::tags;

fn name(session: &Session) -> String {
    format!("/aws/eks/{}/cluster", tags::cluster(session.run()))
}

/// The log group of the cluster, if it exists.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn list(session: &Session) -> Result<Vec<String>, CallError> {
    let name = name(session);
    let prefix = &name;
    let page = |token| async move {
        let asked = page_of(Some(prefix), token);
        let page: Page = DESCRIBE.send(&session.json, &asked).await?;
        Ok((page.log_groups, page.next_token))
    };
    let groups = session.all_pages(&DESCRIBE.name(), page).await?;
    let names = groups.into_iter().filter_map(|group| group.name);
    Ok(names.filter(|found| *found == name).collect())
}

/// Deletes the log group of the cluster, if it exists.
///
/// # Errors
/// When a call fails for good.
pub(crate) async fn delete(session: &Session) -> Result<(), CallError> {
    for name in list(session).await? {
        let asked = json!({ "logGroupName": name });
        let send = || DELETE.send::<Value>(&session.json, &asked);
        ignore_not_found(session.call(RetryPolicy::IDEMPOTENT, send).await)?;
    }
    Ok(())
}

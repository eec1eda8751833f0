//! The identity of the control plane, and its one role: in the run's group, whose network it changes.
//!
//! The name of an assignment is a GUID that the caller chooses. It is derived from the run, so that a repeated call
//! makes no second one, and a later process finds it.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde::de::IgnoredAny;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::resource::{self, Wanted};
use super::{Work, requests};
use crate::api::types::Resource;

/// The built-in role "Network Contributor".
const ROLE: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";

/// The name of the run's assignment.
fn name(work: &Work) -> String {
    let digest =
        Sha256::digest(format!("{} {} {ROLE}", work.subscription(), work.run().id).as_bytes());
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

/// The scope of the run's assignment: its group.
fn scope(work: &Work) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{}",
        work.subscription(),
        work.name()
    )
}

/// The identity with its role.
pub(super) async fn ensure(work: &Work) -> Result<(), CallError> {
    let wanted = Wanted::new(
        work,
        "userAssignedIdentities.get",
        "userAssignedIdentities.createOrUpdate",
        "id",
        requests::identity(work),
    );
    let identity = resource::ensure(work, &wanted).await?;
    let role = format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}",
        work.subscription()
    );
    let body = json!({"properties": {
        "roleDefinitionId": role, "principalId": identity.properties.principal_id,
        // With its type, a principal that is not known everywhere yet is accepted.
        "principalType": "ServicePrincipal",
    }});
    // An identity that was made anew has another principal than the assignment that its predecessor left.
    let known = find(work).await?;
    if let Some(known) = known {
        if known.is_for(&identity) {
            work.session().record("roleAssignment", &known.id);
            return Ok(());
        }
        delete(work, name(work), RetryPolicy::IDEMPOTENT).await?;
    }
    let (name, scope) = (name(work), scope(work));
    let parameters = [scope.as_str(), name.as_str()];
    let policy = RetryPolicy::propagation(|error| error.is("PrincipalNotFound"));
    let made = work
        .api
        .call::<Resource>(policy, "roleAssignments.create", &parameters, Some(&body))
        .await;
    let id = match made {
        Ok(made) => made.id,
        Err(error) if error.cause == Cause::AlreadyExists => name,
        Err(error) => return Err(error),
    };
    work.session().record("roleAssignment", &id);
    Ok(())
}

/// The run's assignment, if it exists.
async fn find(work: &Work) -> Result<Option<Resource>, CallError> {
    let (name, scope) = (name(work), scope(work));
    let parameters = [scope.as_str(), name.as_str()];
    work.api.find("roleAssignments.get", &parameters).await
}

/// The names of the run's assignments: one or none.
pub(super) async fn list(work: &Work) -> Result<Vec<String>, CallError> {
    Ok(find(work)
        .await?
        .map(|found| found.name)
        .into_iter()
        .collect())
}

/// Deletes an assignment of the run.
pub(super) async fn delete(
    work: &Work,
    name: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let scope = scope(work);
    let parameters = [scope.as_str(), name.as_str()];
    ignore_not_found(
        work.api
            .call::<IgnoredAny>(policy, "roleAssignments.delete", &parameters, None)
            .await,
    )
}

impl Resource {
    /// Whether this assignment is one of this identity's.
    fn is_for(&self, identity: &Self) -> bool {
        self.properties.principal_id == identity.properties.principal_id
    }
}

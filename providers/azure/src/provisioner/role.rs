//! The one role of the control plane: in the subnet of its nodes, and nowhere else.
//!
//! The name of an assignment is a GUID that the caller chooses. It is derived from the run, the scope, the principal and
//! the role: a repeated call makes no second one, a later process finds it, and it tells whose it is even when its
//! principal is gone.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use kubeproof_contract::run::Run;
use serde::de::IgnoredAny;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Work, application, cluster, identity};
use crate::api::types::Resource;
use crate::marks;

/// The built-in role "Network Contributor".
const ROLE: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";
/// What stands between a scope and the name of an assignment in it, in lower case.
const BETWEEN: &str = "/providers/microsoft.authorization/roleassignments/";

/// The name of a run's assignment.
pub(crate) fn name(run: &Run, scope: &str, principal: &str, role: &str) -> String {
    let parts = [run.id.as_str(), scope, principal, role].map(str::to_lowercase);
    let digest = Sha256::digest(parts.join(" ").as_bytes());
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

/// The role of a principal at a scope, made.
pub(super) async fn ensure(work: &Work, scope: &str, principal: &str) -> Result<(), CallError> {
    let name = name(work.run(), scope, principal, ROLE);
    let parameters = [scope, name.as_str()];
    let known = work
        .api
        .find::<Resource>("roleAssignments.get", &parameters)
        .await?;
    if let Some(known) = known {
        work.session().record("roleAssignment", &known.key());
        return Ok(());
    }
    let role = format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}",
        work.subscription()
    );
    let body = json!({"properties": {
        "roleDefinitionId": role, "principalId": principal,
        // With its type, a principal that is not known everywhere yet is accepted.
        "principalType": "ServicePrincipal",
        // It has no tags.
        "description": marks::description(work.run()),
    }});
    let policy = RetryPolicy::propagation(|error| error.is("PrincipalNotFound"));
    let made = work
        .api
        .call::<Resource>(policy, "roleAssignments.create", &parameters, Some(&body))
        .await;
    match made {
        Ok(made) => work.session().record("roleAssignment", &made.key()),
        // Another one gives the same role: it goes with its principal's.
        Err(error) if error.cause == Cause::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The ids of the run's assignments at all scopes: those that its names tell, and those that anything gave to its
/// principals.
pub(super) async fn list(work: &Work) -> Result<Vec<String>, CallError> {
    let principals = principals(work).await?;
    let all: Vec<Resource> = work
        .api
        .list(
            "roleAssignments.listForSubscription",
            &[work.subscription()],
            None,
        )
        .await?;
    let is_ours = |one: &Resource| is_of(work.run(), &principals, one);
    let ours = all.iter().filter(|one| is_ours(one));
    Ok(ours.map(Resource::key).collect())
}

/// Whether an assignment is the run's.
fn is_of(run: &Run, principals: &[String], assignment: &Resource) -> bool {
    let properties = &assignment.properties;
    let principal = &properties.principal_id;
    let role = properties.role_definition_id.rsplit('/').next();
    let derived = name(run, &properties.scope, principal, role.unwrap_or_default());
    derived.eq_ignore_ascii_case(&assignment.name)
        || principals
            .iter()
            .any(|one| one.eq_ignore_ascii_case(principal))
}

/// The principals of the run: the control plane's, and that of the nodes.
async fn principals(work: &Work) -> Result<Vec<String>, CallError> {
    let mut all = application::principals(work).await?;
    let identity = identity::find(work).await?;
    all.extend(identity.map(|found| found.properties.principal_id));
    if let Some(cluster) = cluster::find(work).await? {
        let others = cluster.properties.identity_profile.into_values();
        all.extend(others.map(|one| one.object_id));
    }
    all.retain(|principal| !principal.is_empty());
    Ok(all)
}

/// Deletes an assignment by its id.
pub(super) async fn delete(work: &Work, id: &str, policy: RetryPolicy) -> Result<(), CallError> {
    let Some((scope, name)) = id.rsplit_once(BETWEEN) else {
        let message = format!("`{id}` is no id of a role assignment");
        return Err(CallError::state("delete a role assignment", message));
    };
    ignore_not_found(
        work.api
            .call::<IgnoredAny>(policy, "roleAssignments.delete", &[scope, name], None)
            .await,
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::api::types::Properties;

    const SCOPE: &str = "/subscriptions/s/resourceGroups/g";

    fn run(id: &str) -> Run {
        Run::new(id, "me", Timestamp::UNIX_EPOCH)
    }

    fn assignment(name: String, scope: &str, principal: &str) -> Resource {
        Resource {
            id: format!("{scope}{BETWEEN}{name}"),
            name,
            properties: Properties {
                scope: scope.to_owned(),
                principal_id: principal.to_owned(),
                role_definition_id: format!("/subscriptions/s/x/{ROLE}"),
                ..Properties::default()
            },
            ..Resource::default()
        }
    }

    #[test]
    fn a_name_is_the_same_again_and_another_for_anything_else() {
        let one = name(&run("r1"), SCOPE, "p", ROLE);
        assert_eq!(one, name(&run("r1"), &SCOPE.to_uppercase(), "P", ROLE));
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        for other in [
            name(&run("r2"), SCOPE, "p", ROLE),
            name(&run("r1"), "/subscriptions/s", "p", ROLE),
            name(&run("r1"), SCOPE, "q", ROLE),
            name(&run("r1"), SCOPE, "p", "other"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn an_assignment_is_the_runs_by_its_name_or_by_its_principal() {
        let check = |one: Resource, expected: bool| {
            let principals = ["p".to_owned()];
            assert_eq!(is_of(&run("r1"), &principals, &one), expected, "{one:?}");
        };
        let derived = |run_id: &str| name(&run(run_id), SCOPE, "gone", ROLE);
        check(assignment(derived("r1"), SCOPE, "gone"), true);
        check(
            assignment(derived("r1").to_uppercase(), SCOPE, "GONE"),
            true,
        );
        check(assignment("random".to_owned(), SCOPE, "P"), true);
        // The same name elsewhere, or for another, was chosen by someone else.
        check(assignment(derived("r1"), "/subscriptions/s", "gone"), false);
        check(assignment(derived("r1"), SCOPE, "theirs"), false);
        check(assignment(derived("r2"), SCOPE, "gone"), false);
    }
}

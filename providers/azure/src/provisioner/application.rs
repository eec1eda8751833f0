//! The application of a control plane that acts as a service principal: its principal, its secret, and the recycle bin,
//! where both lie for 30 days after they were deleted.
//!
//! Names of the directory are not unique and none of its calls has a token, so everything is looked for first, by name
//! and tag, and looked for again before a call without an answer is repeated.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt, find_or_create};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{Applied, CallError, Cause, RetryPolicy};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Work;
use crate::api::graph::{self, DirectoryObject};
use crate::spec::Identity;

/// How long the directory may not show what was made: a replica takes 10 to 60 seconds for other services, and its own
/// reads are behind by seconds.
pub(super) const SHOWN_WITHIN: Duration = Duration::from_secs(15);
/// How long a secret is valid after its run expires.
const VALID: SignedDuration = SignedDuration::from_hours(24);
/// How often a secret is asked for, when no answer shows whether there is one.
const ATTEMPTS: usize = 4;
const WINDOWS: LookupWindows = LookupWindows::DEFAULT;

/// An application with its principal.
pub(super) struct Application {
    /// Its object id.
    id: String,
    /// Its client id.
    pub(super) client: String,
    /// The object id of its principal.
    pub(super) principal: String,
}

/// A secret. `Debug` does not show it, and nothing writes it down.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Secret {
    secret_text: String,
}

impl Secret {
    /// The secret itself.
    pub(super) fn value(&self) -> &str {
        &self.secret_text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// What an application says of its secrets: never the secrets.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Secrets {
    password_credentials: Vec<Key>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Key {
    key_id: String,
}

/// The run's marks as the directory has them: words.
fn marks(work: &Work) -> Vec<String> {
    let tags: BTreeMap<String, String> = work.run().tags();
    tags.iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

/// The application with its principal, made. It has no secret yet.
pub(super) async fn ensure(work: &Work) -> Result<Application, CallError> {
    let find = || async {
        let all = list(work, "applications.list").await?;
        Ok(all.into_iter().next())
    };
    let body =
        json!({"displayName": work.name(), "signInAudience": "AzureADMyOrg", "tags": marks(work)});
    let make = || async {
        let call = RestCall::new("applications.create", &[]).with_body(&body);
        work.api.graph().call(RetryPolicy::ONCE, call).await
    };
    let made: DirectoryObject = find_or_create(work.session(), WINDOWS, find, make).await?;
    work.session().record("application", &made.id);
    let principal = principal(work, &made.app_id).await?;
    work.session().record("servicePrincipal", &principal.id);
    Ok(Application {
        id: made.id,
        client: made.app_id,
        principal: principal.id,
    })
}

/// The principal of an application: one at most has its client id.
async fn principal(work: &Work, client: &str) -> Result<DirectoryObject, CallError> {
    let find = || async {
        let filter = format!("appId eq '{client}'");
        let graph = work.api.graph();
        let all: Vec<DirectoryObject> =
            graph::list(graph, "servicePrincipals.list", Some(&filter)).await?;
        Ok(all.into_iter().next())
    };
    let body = json!({"appId": client, "tags": marks(work)});
    let make = || async {
        let call = RestCall::new("servicePrincipals.create", &[]).with_body(&body);
        let policy = RetryPolicy::propagation(is_unknown_application);
        work.api.graph().call(policy, call).await
    };
    let is_taken = |error: &CallError| error.cause == Cause::AlreadyExists;
    create_or_adopt(work.session(), WINDOWS, find, make, is_taken).await
}

/// Whether the directory does not know the application everywhere yet.
fn is_unknown_application(error: &CallError) -> bool {
    error.is("Request_BadRequest")
        && error
            .message
            .contains("does not reference a valid application")
}

/// A new secret in place of all earlier ones: no process knows those of another.
pub(super) async fn secret(work: &Work, application: &Application) -> Result<Secret, CallError> {
    let mut last = CallError::state("make a secret", "never tried");
    for _ in 0..ATTEMPTS {
        remove_secrets(work, application).await?;
        let ends = work.run().expires_at + VALID;
        let body = json!({"passwordCredential": {"displayName": work.name(), "endDateTime": ends.to_string()}});
        let parameters = [application.id.as_str()];
        let call = RestCall::new("applications.addPassword", &parameters).with_body(&body);
        last = match work.api.graph().call(RetryPolicy::ONCE, call).await {
            Ok(secret) => return Ok(secret),
            Err(error) => error,
        };
        let window = match last.applied {
            Applied::No => return Err(last),
            Applied::Unknown => WINDOWS.after_lost,
            Applied::MaybeLater => WINDOWS.after_timeout,
        };
        work.session().sleep(window).await?;
    }
    Err(last)
}

async fn remove_secrets(work: &Work, application: &Application) -> Result<(), CallError> {
    let (graph, parameters) = (work.api.graph(), [application.id.as_str()]);
    let call = RestCall::new("applications.get", &parameters);
    let known: Secrets = graph.call(RetryPolicy::LAGGING, call).await?;
    for key in known.password_credentials {
        let body = json!({"keyId": key.key_id});
        let call = RestCall::new("applications.removePassword", &parameters).with_body(&body);
        let removed = graph.call::<IgnoredAny>(RetryPolicy::IDEMPOTENT, call);
        match removed.await {
            // A repeated call finds nothing to remove.
            Err(error) if error.message.contains("No password credential found") => {}
            result => ignore_not_found(result)?,
        }
    }
    Ok(())
}

/// The run's objects in a list of the directory.
async fn list(work: &Work, operation: &'static str) -> Result<Vec<DirectoryObject>, CallError> {
    if work.spec.identity == Identity::Managed {
        return Ok(Vec::new());
    }
    let filter = format!("displayName eq '{}'", work.name());
    let mut all: Vec<DirectoryObject> =
        graph::list(work.api.graph(), operation, Some(&filter)).await?;
    all.retain(|one| work.run().owns(&one.marks()));
    Ok(all)
}

/// The object ids of the run's objects in a list of the directory.
pub(super) async fn ids(work: &Work, operation: &'static str) -> Result<Vec<String>, CallError> {
    let all = list(work, operation).await?;
    Ok(all.into_iter().map(|one| one.id).collect())
}

/// The object ids of the run's service principals.
pub(super) async fn principals(work: &Work) -> Result<Vec<String>, CallError> {
    ids(work, "servicePrincipals.list").await
}

/// Deletes an object, and takes it out of the recycle bin. What does not lie there yet is listed in the next round.
pub(super) async fn delete(
    work: &Work,
    operation: &'static str,
    id: &str,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let parameters = [id];
    let call = RestCall::new(operation, &parameters);
    ignore_not_found(work.api.graph().call::<IgnoredAny>(policy, call).await)?;
    purge(work, id, policy).await
}

/// Takes an object out of the recycle bin.
pub(super) async fn purge(work: &Work, id: &str, policy: RetryPolicy) -> Result<(), CallError> {
    let parameters = [id];
    let call = RestCall::new("deletedItems.delete", &parameters);
    ignore_not_found(work.api.graph().call::<IgnoredAny>(policy, call).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_and_never_shown() {
        let secret: Secret =
            serde_json::from_str(r#"{"secretText": "hush", "keyId": "k"}"#).unwrap();
        assert_eq!(secret.value(), "hush");
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
    }

    #[test]
    fn only_an_application_that_is_not_known_yet_is_waited_for() {
        let check = |code: &str, message: &str, expected: bool| {
            let error = CallError {
                code: code.to_owned(),
                ..CallError::state("x", message)
            };
            assert_eq!(is_unknown_application(&error), expected, "{message}");
        };
        let unknown =
            "The appId 'a' of the service principal does not reference a valid application object.";
        check("Request_BadRequest", unknown, true);
        check("Request_BadRequest", "A value is required.", false);
        check("Authorization_RequestDenied", unknown, false);
    }
}

//! What a token must be allowed to do for a scenario, by the names that Hugging Face gives its permissions.
//!
//! Sources: `../shared/reference`, api/huggingface.md section 0; huggingface.co/docs/hub/security-tokens.

mod least;

pub use least::least;

use crate::api::types::{AccessToken, Caller};
use crate::spec::HuggingFaceSpec;

/// Makes, changes and deletes endpoints. It includes to ask them.
const ENDPOINTS: &str = "inference.endpoints.write";
/// Runs and cancels jobs.
const JOBS: &str = "job.write";

/// The permissions that a trial of this scenario needs in its namespace.
pub fn needed(spec: &HuggingFaceSpec) -> Vec<&'static str> {
    let endpoint = spec.endpoint.as_ref().map(|_| ENDPOINTS);
    let job = spec.job.as_ref().map(|_| JOBS);
    endpoint.into_iter().chain(job).collect()
}

/// Why a token may not do what a scenario needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenLacks {
    #[error("the service does not say what the token may do")]
    NotSaid,
    #[error("token `{name}` may only read: make one with {}", needed.join(", "))]
    Writing {
        name: String,
        needed: Vec<&'static str>,
    },
    #[error("token `{name}` lacks {} in {namespace}", missing.join(", "))]
    Permissions {
        name: String,
        missing: Vec<&'static str>,
        namespace: String,
    },
    #[error("token `{name}` has the unknown role `{role}`")]
    UnknownRole { name: String, role: String },
}

/// What a token may do, as text. One for writing may do everything that its user may.
///
/// # Errors
/// With what it lacks.
pub fn judged(spec: &HuggingFaceSpec, caller: &Caller) -> Result<String, TokenLacks> {
    let namespace = &spec.namespace.0;
    let Some(token) = caller.token() else {
        return Err(TokenLacks::NotSaid);
    };
    let name = token.display_name.clone();
    match token.role.as_str() {
        "write" => Ok(format!("token `{name}` may write as {}", caller.name)),
        "read" => Err(TokenLacks::Writing {
            name,
            needed: needed(spec),
        }),
        "fineGrained" => {
            let missing = missing(spec, token);
            if missing.is_empty() {
                return Ok(format!(
                    "token `{name}` may {} in {namespace}",
                    needed(spec).join(", ")
                ));
            }
            Err(TokenLacks::Permissions {
                name,
                missing,
                namespace: namespace.clone(),
            })
        }
        other => Err(TokenLacks::UnknownRole {
            name,
            role: other.to_owned(),
        }),
    }
}

/// The permissions that a fine-grained token lacks in the scenario's namespace.
fn missing(spec: &HuggingFaceSpec, token: &AccessToken) -> Vec<&'static str> {
    let scoped = token.fine_grained.iter().flat_map(|fine| &fine.scoped);
    let here = scoped.filter(|scoped| scoped.entity.name == spec.namespace.0);
    let granted: Vec<&str> = here
        .flat_map(|scoped| scoped.permissions.iter().map(String::as_str))
        .collect();
    let mut needed = needed(spec);
    needed.retain(|one| !granted.contains(one));
    needed
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::tests::{CPU, JOB, spec};

    #[track_caller]
    fn check(yaml: &str, token: Value, expected: Result<&str, &str>) {
        let caller = json!({"name": "u", "auth": {"accessToken": token}});
        let caller = serde_json::from_value(caller).expect("a caller");
        let seen = judged(&spec(yaml), &caller);
        match (seen, expected) {
            (Ok(seen), Ok(part)) => assert!(seen.contains(part), "{seen}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (seen, _) => panic!("{seen:?}"),
        }
    }

    #[test]
    fn a_token_may_do_what_the_scenario_needs_in_its_namespace_and_no_other() {
        check(
            CPU,
            json!({"displayName": "t", "role": "write"}),
            Ok("may write as u"),
        );
        check(CPU, json!({"role": "read"}), Err("may only read"));
        check(CPU, json!({"role": "god"}), Err("unknown role `god`"));
        check(CPU, json!(null), Err("does not say"));
        let fine = |namespace: &str, permission: &str| {
            let scoped = json!([{"entity": {"name": namespace}, "permissions": [permission]}]);
            json!({"role": "fineGrained", "fineGrained": {"scoped": scoped}})
        };
        check(
            CPU,
            fine("acme", "inference.endpoints.write"),
            Ok("in acme"),
        );
        check(
            CPU,
            fine("other", "inference.endpoints.write"),
            Err("lacks inference.endpoints.write in acme"),
        );
        check(
            JOB,
            fine("acme", "inference.endpoints.write"),
            Err("lacks job.write"),
        );
    }
}

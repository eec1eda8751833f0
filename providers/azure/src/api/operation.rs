//! Operations: a change that was accepted names an address at which its end is asked for (Resource Manager RPC 1.0,
//! asynchronous API reference).

use http::{HeaderMap, StatusCode};
use kubeproof_cloudkit::rest::{RestAnswer, RestCall};
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::types::Reason;
use super::{Api, errors, version};
use crate::routes::{self, ARM_URL};

/// An operation that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `operations.get`, or `operationResults.get`, which has no document.
    name: &'static str,
    parameters: Vec<String>,
    /// The query of its address: more than the version of the API.
    query: Vec<(String, String)>,
}

/// How far a change is that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is made, or was not needed.
    Done,
    /// It is accepted, and only its resource tells how far it is.
    Accepted,
    /// It is accepted, and this tells how far it is.
    Begun(Operation),
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    Running,
    /// It has ended well.
    Succeeded,
    /// The address knows it no longer, or not yet: only its resource tells.
    Unknown,
}

/// The answer about an operation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    status: String,
    error: Option<Reason>,
}

impl Operation {
    /// The operation that an answer names. One at another host or of another form is not followed: a token goes to
    /// Resource Manager alone.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let named = |name: &str| headers.get(name)?.to_str().ok();
        let both = [named("azure-asyncoperation"), named("location")];
        both.into_iter().flatten().find_map(Self::at)
    }

    fn at(address: &str) -> Option<Self> {
        let rest = address.strip_prefix(ARM_URL)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = routes::canonical(path);
        let (_, found) = routes::find("GET", &path)?;
        let name = found.route.name;
        if !matches!(name, "operations.get" | "operationResults.get") {
            return None;
        }
        let parameters = found.parameters.iter().map(|one| (*one).to_owned());
        let query = form_urlencoded::parse(query.as_bytes()).into_owned();
        Some(Self {
            name,
            parameters: parameters.collect(),
            query: query.collect(),
        })
    }
}

impl Api {
    /// Asks for a change: the operation that it begins, if it is not there at once.
    ///
    /// # Errors
    /// With the last error, when the policy gives up.
    pub async fn change(
        &self,
        policy: RetryPolicy,
        operation: &'static str,
        parameters: &[&str],
        body: Option<&Value>,
    ) -> Result<Change, CallError> {
        let query = [("api-version", version(operation))];
        let call = RestCall::new(operation, parameters).with_query(&query);
        let call = match body {
            Some(body) => call.with_body(body),
            None => call,
        };
        let answer = self
            .client
            .call_with_headers::<IgnoredAny>(policy, call)
            .await?;
        Ok(match Operation::of(&answer.headers) {
            Some(operation) => Change::Begun(operation),
            None if answer.status == StatusCode::ACCEPTED => Change::Accepted,
            None => Change::Done,
        })
    }

    /// What became of an operation.
    ///
    /// # Errors
    /// With the reason, when it has failed or was cancelled; when its state cannot be read.
    pub async fn progress(&self, operation: &Operation) -> Result<Progress, CallError> {
        let parameters: Vec<&str> = operation.parameters.iter().map(String::as_str).collect();
        let query = operation.query.iter();
        let query: Vec<(&str, &str)> = query
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let call = RestCall::new(operation.name, &parameters).with_query(&query);
        let answer = self.client.call_with_headers(RetryPolicy::IDEMPOTENT, call);
        let answer: RestAnswer<Option<State>> = match answer.await {
            Err(error) if error.is_not_found() => return Ok(Progress::Unknown),
            answer => answer?,
        };
        if answer.status == StatusCode::ACCEPTED {
            return Ok(Progress::Running);
        }
        read(operation.name, answer.value.unwrap_or_default())
    }
}

/// Any word that is no end says that it goes on. An end without a word is a good one.
fn read(name: &str, state: State) -> Result<Progress, CallError> {
    match state.status.as_str() {
        "Succeeded" | "" => Ok(Progress::Succeeded),
        "Failed" | "Canceled" => {
            let reason = state.error.unwrap_or_default();
            let message = format!("{}: {}", state.status, reason.message);
            Err(errors::of_resource(
                name,
                &reason.code,
                message.trim_end_matches([':', ' ']),
            ))
        }
        _ => Ok(Progress::Running),
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_cloudkit::Cause;

    use super::*;

    #[test]
    fn only_addresses_of_resource_manager_are_followed() {
        let check = |name: &'static str, address: &str, expected: Option<&[&str]>| {
            let mut headers = HeaderMap::new();
            headers.insert(name, address.parse().unwrap());
            let found = Operation::of(&headers);
            let parameters = found.as_ref().map(|found| found.parameters.clone());
            let expected = expected.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
            assert_eq!(parameters, expected, "{address}");
            if let Some(found) = found {
                assert_eq!(found.query.last().unwrap().1, "9&8", "{address}");
            }
        };
        let operation = "/subscriptions/s/providers/Microsoft.ContainerService/locations/eastus/operations/1?api-version=2017-08-31&t=9%268";
        let parameters = ["s", "Microsoft.ContainerService", "eastus", "1"];
        check(
            "azure-asyncoperation",
            &format!("{ARM_URL}{operation}"),
            Some(&parameters),
        );
        check(
            "location",
            &format!("{ARM_URL}/subscriptions/s/operationresults/2?t=9%268"),
            Some(&["s", "2"]),
        );
        check("location", &format!("https://elsewhere{operation}"), None);
        check("location", &format!("{ARM_URL}.elsewhere{operation}"), None);
        check("location", &format!("{ARM_URL}/subscriptions/s"), None);
        check("etag", &format!("{ARM_URL}{operation}"), None);
    }

    #[test]
    fn an_operation_goes_on_until_it_says_an_end() {
        let check = |body: &str, expected: Result<Progress, Cause>| {
            let state: State = serde_json::from_str(body).unwrap();
            assert_eq!(
                read("x", state).map_err(|error| error.cause),
                expected,
                "{body}"
            );
        };
        check(r#"{"status": "InProgress"}"#, Ok(Progress::Running));
        check(r#"{"status": "Whatever"}"#, Ok(Progress::Running));
        check(r#"{"status": "Succeeded"}"#, Ok(Progress::Succeeded));
        check("{}", Ok(Progress::Succeeded));
        check(r#"{"status": "Canceled"}"#, Err(Cause::State));
        let failed =
            r#"{"status": "Failed", "error": {"code": "AllocationFailed", "message": "m"}}"#;
        check(failed, Err(Cause::NoCapacity));
    }
}

//! Questions to a model that is served, on the endpoint's own host.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::{Applied, CallError, Cause};
use serde_json::{Value, json};

use super::types::Endpoint;
use super::{Api, raw};
use crate::spec::EndpointSpec;

/// The most new words of an answer: it is the question in it that counts.
const NEW_TOKENS: u32 = 8;
/// How often an endpoint is asked that has no replica yet. It answers 503 in the meantime (`../shared/reference`,
/// api/judges.md section 5).
const EVERY: PollSchedule = PollSchedule::every(10);
const ASK: &str = "inference:Ask";

/// The body of a question.
pub(crate) fn body(spec: &EndpointSpec, text: &str) -> Value {
    if spec.generates_text() {
        let parameters = json!({"return_full_text": true, "max_new_tokens": NEW_TOKENS});
        return json!({"inputs": text, "parameters": parameters});
    }
    json!({ "inputs": text })
}

/// What an answer says: the text that was generated, or else the answer as it is.
fn said(answer: &Bytes) -> Option<String> {
    let body: Value = serde_json::from_slice(answer).ok()?;
    let item = body.get(0).unwrap_or(&body);
    let text = item["generated_text"].as_str();
    Some(text.map_or_else(|| body.to_string(), str::to_owned))
}

/// Asks once.
///
/// # Errors
/// When the endpoint has no address, refuses, or does not answer.
pub async fn ask(
    api: &Api,
    spec: &EndpointSpec,
    endpoint: &Endpoint,
    text: &str,
) -> Result<String, CallError> {
    let body = Bytes::from(body(spec, text).to_string());
    let answer = raw::send(api, (ASK, Method::POST), url(endpoint)?, body).await?;
    let unreadable = || CallError::no_answer(ASK, "the answer cannot be read", Applied::Unknown);
    said(answer.body()).ok_or_else(unreadable)
}

/// Asks until there is an answer: a replica may have to start first.
///
/// # Errors
/// When the endpoint refuses, or no replica answers in time.
pub async fn answered(
    api: &Api,
    spec: &EndpointSpec,
    endpoint: &Endpoint,
    text: &str,
    within: Duration,
) -> Result<String, CallError> {
    let check = || async {
        match ask(api, spec, endpoint, text).await {
            Ok(said) => Ok(Poll::Ready(said)),
            Err(error) if is_not_there_yet(&error) => {
                let wait = error.retry_after.unwrap_or_default();
                api.session().sleep(wait).await?;
                Ok(Poll::Pending(error.message))
            }
            Err(error) => Err(error),
        }
    };
    let what = format!("ask the model of {}", endpoint.name);
    poll_until(api.session(), EVERY, within, &what, check).await
}

/// Whether a later try may be answered.
pub fn is_not_there_yet(error: &CallError) -> bool {
    matches!(
        error.cause,
        Cause::Server | Cause::NoAnswer | Cause::Throttled
    )
}

fn url(endpoint: &Endpoint) -> Result<&str, CallError> {
    let missing = || {
        let message = format!(
            "{} has no address: it is {}",
            endpoint.name,
            endpoint.state()
        );
        CallError::state(ASK, message)
    };
    endpoint.status.url.as_deref().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_generated_text_or_what_it_is() {
        let check = |answer: &'static str, expected: Option<&str>| {
            let seen = said(&Bytes::from_static(answer.as_bytes()));
            assert_eq!(seen.as_deref(), expected, "{answer}");
        };
        check(r#"[{"generated_text":"a b"}]"#, Some("a b"));
        check(r#"{"generated_text":"a b"}"#, Some("a b"));
        check(
            r#"[{"label":"POSITIVE"}]"#,
            Some(r#"[{"label":"POSITIVE"}]"#),
        );
        check("cut", None);
    }
}

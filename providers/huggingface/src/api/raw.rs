//! Calls whose answer is no document of an API: what a model says, and what a job has printed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use kubeproof_cloudkit::{Applied, CallError};

use super::{Api, errors};
use crate::credentials::TOKEN;

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// The answer to one request, sent with the token. `call` names it in errors.
///
/// # Errors
/// When it is refused, or no answer arrives.
pub async fn send(
    api: &Api,
    (call, method): (&str, Method),
    url: &str,
    body: Bytes,
) -> Result<Response<Bytes>, CallError> {
    let connection = api.connection();
    let token = TOKEN.find(connection);
    let (token, _) = token.map_err(|error| CallError::unmade(call, error))?;
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request.body(body);
    let request = request.map_err(|error| CallError::unmade(call, error))?;
    let transport = Arc::clone(&connection.transport);
    match tokio::time::timeout(ANSWER_WITHIN, transport.send(request)).await {
        Err(_) => {
            let message = format!("no answer within {} s", ANSWER_WITHIN.as_secs());
            Err(CallError::no_answer(call, message, Applied::MaybeLater))
        }
        Ok(Err(error)) => Err(CallError::of_transport(call, error)),
        Ok(Ok(answer)) if answer.status().is_success() => Ok(answer),
        Ok(Ok(answer)) => Err(refused(call, &answer)),
    }
}

fn refused(call: &str, answer: &Response<Bytes>) -> CallError {
    let status = answer.status().as_u16();
    let said = errors::read(answer);
    let (cause, applied) = errors::classify(status, &said.code, &said.message);
    let message = if said.message.is_empty() {
        format!("status {status}")
    } else {
        said.message
    };
    CallError {
        code: said.code,
        cause,
        applied,
        retry_after: said.retry_after,
        ..CallError::state(call, message)
    }
}

//! Reading of EKS requests: JSON members, path segments, pages and idempotency tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_simkit::idempotency::{Repeat, Token};
use kubeproof_simkit::injected::AsyncFault;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::failure::{invalid_parameter, no_cluster};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};

/// A text member of a JSON body.
pub fn text<'a>(body: &'a Value, member: &str) -> Option<&'a str> {
    body.get(member)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// A text member that must be there.
///
/// # Errors
/// `InvalidParameterException`.
pub fn need_text<'a>(body: &'a Value, member: &str) -> Result<&'a str, AwsError> {
    text(body, member).ok_or_else(|| {
        invalid_parameter(format!(
            "Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// A list of texts; absent is empty.
pub fn texts(body: &Value, member: &str) -> Vec<String> {
    let values = body.get(member).and_then(Value::as_array);
    values
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// A map of texts, such as tags or labels; absent is empty.
pub fn map(body: &Value, member: &str) -> BTreeMap<String, String> {
    let members = body.get(member).and_then(Value::as_object);
    members
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// A small number; absent is `None`.
pub fn number(body: &Value, member: &str) -> Option<u32> {
    body.get(member)
        .and_then(Value::as_u64)
        .and_then(|number| u32::try_from(number).ok())
}

/// A segment of the path, counted from 0.
pub fn segment(call: &Call, index: usize) -> &str {
    call.path.get(index).map_or("", String::as_str)
}

/// The cluster that the path names.
///
/// # Errors
/// `ResourceNotFoundException`.
pub fn cluster<'a>(state: &'a State, call: &Call) -> Result<&'a Cluster, AwsError> {
    let name = segment(call, 1);
    state.eks.clusters.get(name).ok_or_else(|| no_cluster(name))
}

/// The cluster that the path names, mutable.
///
/// # Errors
/// `ResourceNotFoundException`.
pub fn cluster_mut<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Cluster, AwsError> {
    let name = segment(call, 1);
    state
        .eks
        .clusters
        .get_mut(name)
        .ok_or_else(|| no_cluster(name))
}

/// The values of a query parameter that may be repeated: `tagKeys=a&tagKeys=b`.
pub fn query_list(call: &Call, name: &str) -> Vec<String> {
    let first = call.params.get(name).map(str::to_owned);
    first.into_iter().chain(call.params.list(name)).collect()
}

/// One page of a list under `member`, with `nextToken`.
///
/// # Errors
/// `InvalidParameterException` for a token that is not one of this list.
pub fn paged(state: &State, call: &Call, member: &str, all: Vec<Value>) -> Outcome {
    let asked = call
        .params
        .number("maxResults")?
        .unwrap_or(100)
        .clamp(1, 100);
    let size = usize::try_from(asked)
        .unwrap_or(100)
        .min(state.setup.page_size_max);
    let list = format!("{}:{}", call.action, segment(call, 1));
    let page = page(&list, all, call.params.get("nextToken"), size)
        .map_err(|error| invalid_parameter(error.message))?;
    let mut body = json!({ member: page.items });
    if let Some(next) = page.next {
        body["nextToken"] = json!(next);
    }
    Ok(Answer::Json(body))
}

/// A date as EKS writes it: seconds since the epoch, with fractions.
pub fn epoch(at: Timestamp) -> Value {
    // Milliseconds since the epoch are far below the limit of exact floats.
    #[expect(
        clippy::cast_precision_loss,
        reason = "below 2^53 for the next 280 000 years"
    )]
    let seconds = at.as_millisecond() as f64 / 1000.0;
    json!(seconds)
}

/// The idempotency token of a request body.
pub fn token(body: &Value) -> Token {
    let mut rest = body.clone();
    let token = text(body, "clientRequestToken").map(str::to_owned);
    if let Some(members) = rest.as_object_mut() {
        members.remove("clientRequestToken");
    }
    Token {
        token,
        rest: rest.to_string(),
    }
}

/// Whether `later` repeats the request `earlier`: same token and same content.
///
/// # Errors
/// `InvalidParameterException` when only the token is the same.
pub fn is_repeated(earlier: &Token, later: &Token) -> Result<bool, AwsError> {
    match earlier.repeated_by(later) {
        Repeat::No => Ok(false),
        Repeat::Same(()) => Ok(true),
        Repeat::Mismatch => Err(invalid_parameter(
            "The client request token was used before with different parameters",
        )),
    }
}

/// How an asynchronous operation ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It succeeds after this time.
    Well(Duration),
    /// It fails with this code or the usual one.
    Badly(Option<String>),
    /// It never ends.
    Never,
}

/// How an operation that takes `usually` ends under the call's injected fault.
pub fn ending(call: &Call, usually: Duration) -> Ending {
    match call.injected.take_async() {
        None => Ending::Well(usually),
        Some(AsyncFault::Late(times)) => Ending::Well(usually * (*times).max(1)),
        Some(AsyncFault::Fail(code)) => Ending::Badly(code.clone()),
        Some(AsyncFault::Stuck) => Ending::Never,
    }
}

//! Who may call: the holder of a known access token.

use bytes::Bytes;
use http::{Request, header};

use crate::state::State;
use crate::token;
use crate::wire::ApiError;

/// The account of a request's access token.
pub(crate) fn caller(state: &State, request: &Request<Bytes>) -> Result<String, ApiError> {
    if request.uri().path() == token::PATH {
        return Ok(String::new());
    }
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default();
    if given == state.setup.access_token {
        return Ok(state.setup.caller.clone());
    }
    token::holder(state, request, given).ok_or_else(ApiError::unauthenticated)
}

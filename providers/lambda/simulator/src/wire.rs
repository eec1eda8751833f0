//! The envelope of every answer: `{"data": …}`, or `{"error": {code, message, suggestion}}`.

use bytes::Bytes;
use http::Response;
use kubeproof_simkit::rest::{self, ApiError};
use kubeproof_simkit::router::Call;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The outcome of a call: the data, or an error.
pub(crate) type Outcome = Result<Value, ApiError>;

/// 400: a parameter is wrong.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "global/invalid-parameters", message)
        .suggest("Check the request parameters against the API documentation.")
}

/// 404.
pub(crate) fn absent(what: &str, id: &str) -> ApiError {
    let message = format!("Specified {what} does not exist: {id}");
    ApiError::new(404, "global/object-does-not-exist", message)
}

/// A name that is taken. The status differs from resource to resource.
pub(crate) fn duplicate(status: u16, what: &str, name: &str) -> ApiError {
    let message = format!("{what} with the name {name} already exists.");
    ApiError::new(status, "global/duplicate", message)
}

pub(crate) fn body<T: DeserializeOwned>(call: &Call<'_>) -> Result<T, ApiError> {
    rest::body(call.request).map_err(|error| invalid(format!("Invalid request body: {error}")))
}

/// The answer on the wire.
pub(crate) fn write(outcome: Outcome) -> Response<Bytes> {
    match outcome {
        Ok(data) => rest::answer(200, &json!({ "data": data }), None),
        Err(error) => {
            let mut fields = json!({"code": error.code, "message": error.message});
            if let Some(suggestion) = error.suggestion {
                fields["suggestion"] = json!(suggestion);
            }
            rest::answer(error.status, &json!({ "error": fields }), error.retry_after)
        }
    }
}

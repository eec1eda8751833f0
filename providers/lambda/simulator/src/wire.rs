//! The envelope of every answer: `{"data": …}`, or `{"error": {code, message, suggestion}}`.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: u16,
    code: String,
    message: String,
    suggestion: Option<String>,
    retry_after: Option<u64>,
}

/// The outcome of a call: the data, or an error.
pub(crate) type Outcome = Result<Value, ApiError>;

impl ApiError {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            suggestion: None,
            retry_after: None,
        }
    }

    pub(crate) fn suggest(mut self, suggestion: &str) -> Self {
        self.suggestion = Some(suggestion.to_owned());
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// 400: a parameter is wrong.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "global/invalid-parameters", message)
            .suggest("Check the request parameters against the API documentation.")
    }

    /// 404.
    pub(crate) fn absent(what: &str, id: &str) -> Self {
        let message = format!("Specified {what} does not exist: {id}");
        Self::new(404, "global/object-does-not-exist", message)
    }

    /// 501: something that the real cloud may support and the simulator does not.
    pub(crate) fn not_simulated(what: &str) -> Self {
        Self::new(
            501,
            "kubeproof/not-simulated",
            format!("not simulated: {what}"),
        )
    }
}

/// The body of a request.
pub(crate) fn body<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, ApiError> {
    serde_json::from_slice(request.body())
        .map_err(|error| ApiError::invalid(format!("Invalid request body: {error}")))
}

/// The answer on the wire.
pub(crate) fn write(outcome: Outcome) -> Response<Bytes> {
    let (status, document, retry_after) = match outcome {
        Ok(data) => (200, json!({ "data": data }), None),
        Err(error) => {
            let mut fields = json!({"code": error.code, "message": error.message});
            if let Some(suggestion) = error.suggestion {
                fields["suggestion"] = json!(suggestion);
            }
            (error.status, json!({ "error": fields }), error.retry_after)
        }
    };
    let mut response = Response::new(Bytes::from(document.to_string()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

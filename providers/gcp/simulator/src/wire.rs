//! What every answer looks like: a document, or an error in the shape of `google.rpc.Status` with the reasons that
//! the older services give.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use jiff::Timestamp;
use kubeproof_simkit::page::{Page, page};
use serde_json::{Map, Value, json};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;
/// The outcome of a call: the document (null where the answer has no body), or an error.
pub(crate) type Outcome = Result<Value, ApiError>;

/// How the errors of a service are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorShape {
    /// `google.rpc.Status`: a status word, and details.
    Status,
    /// As Compute Engine and `BigQuery`: a list of errors with reasons, and no status word.
    Reasons,
    /// As the OAuth standard has it: a code and a description.
    OAuth,
}

/// One page of a list under its name, for the services that leave an empty list and the last token out.
pub(crate) fn listed(
    name: &'static str,
    all: impl IntoIterator<Item = Value>,
    token: Option<&str>,
    size: usize,
) -> Outcome {
    let page = page(name, all, token, size)
        .map_err(|_| ApiError::invalid("The page token is invalid."))?;
    Ok(with_page(json!({}), name, page))
}

/// A list with a page of items under their name, which is left out when there are none, and the token of the next page.
pub(crate) fn with_page(mut list: Value, name: &str, page: Page<Value>) -> Value {
    if !page.items.is_empty() {
        list[name] = json!(page.items);
    }
    with_next(list, page.next)
}

/// A list with the token of the next page, if there is one.
pub(crate) fn with_next(mut list: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        list["nextPageToken"] = json!(next);
    }
    list
}

/// An error of the API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    code: u16,
    /// `NOT_FOUND`.
    status: &'static str,
    /// `notFound`.
    reason: String,
    message: String,
    details: Vec<Value>,
}

impl ApiError {
    pub(crate) fn new(
        code: u16,
        status: &'static str,
        reason: &str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            status,
            reason: reason.to_owned(),
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// With a `google.rpc.ErrorInfo`.
    pub(crate) fn info(mut self, reason: &str, metadata: &Value) -> Self {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason, "domain": "googleapis.com", "metadata": metadata,
        }));
        self
    }

    /// 400: a parameter is wrong.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", "invalid", message)
    }

    /// 400: a member of the body has a wrong value.
    pub(crate) fn bad_member(member: &str, value: &Value, why: &str) -> Self {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Self::invalid(format!(
            "Invalid value for field 'resource.{member}': '{value}'. {why}"
        ))
    }

    /// 400: a member of the body, or a parameter, is missing.
    pub(crate) fn required(what: &str) -> Self {
        Self::new(
            400,
            "INVALID_ARGUMENT",
            "required",
            format!("Required field '{what}' not specified"),
        )
    }

    /// 401.
    pub(crate) fn unauthenticated() -> Self {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                       other valid authentication credential.";
        Self::new(401, "UNAUTHENTICATED", "authError", message)
    }

    /// 403: the service is not enabled.
    pub(crate) fn service_disabled(service: &str, project: &str, number: u64) -> Self {
        let message = format!(
            "{service} has not been used in project {project} before or it is disabled. Enable it by visiting \
             https://console.developers.google.com/apis/api/{service}/overview?project={project} then retry. If you \
             enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
        );
        Self::new(403, "PERMISSION_DENIED", "accessNotConfigured", message).info(
            "SERVICE_DISABLED",
            &json!({"service": service, "consumer": format!("projects/{number}")}),
        )
    }

    /// 403: the caller may not, or the thing does not exist: the answer does not tell which.
    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "PERMISSION_DENIED", "forbidden", message)
    }

    /// 404.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NOT_FOUND", "notFound", message)
    }

    /// 409: the name is taken.
    pub(crate) fn exists(message: impl Into<String>) -> Self {
        Self::new(409, "ALREADY_EXISTS", "alreadyExists", message)
    }

    /// 501: something that the real cloud may support and the simulator does not.
    pub(crate) fn not_simulated(what: &str) -> Self {
        Self::new(
            501,
            "UNIMPLEMENTED",
            "notImplemented",
            format!("not simulated: {what}"),
        )
    }

    fn document(&self, shape: ErrorShape) -> Value {
        if shape == ErrorShape::OAuth {
            return json!({"error": self.reason, "error_description": self.message});
        }
        let one = json!({"message": self.message, "domain": "global", "reason": self.reason});
        let mut error = json!({"code": self.code, "message": self.message, "errors": [one]});
        if shape == ErrorShape::Status || self.code == 401 {
            error["status"] = json!(self.status);
        }
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        json!({ "error": error })
    }
}

/// The JSON object in the body of a request. No body is an empty object.
pub(crate) fn body(request: &Request<Bytes>) -> Result<Object, ApiError> {
    if request.body().is_empty() {
        return Ok(Object::new());
    }
    match serde_json::from_slice(request.body()) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(ApiError::invalid(
            "Invalid JSON payload received. Root element must be a message.",
        )),
        Err(error) => Err(ApiError::new(
            400,
            "INVALID_ARGUMENT",
            "parseError",
            format!("Invalid JSON payload received. {error}"),
        )),
    }
}

/// The labels of a document.
pub(crate) fn labels(document: &Object) -> BTreeMap<String, String> {
    let labels = document.get("labels").and_then(Value::as_object);
    let texts = labels.into_iter().flatten();
    texts
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// A time as it is written in answers.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_string()
}

/// The answer on the wire.
pub(crate) fn write(outcome: &Outcome, shape: ErrorShape) -> Response<Bytes> {
    let (status, text) = match outcome {
        Ok(Value::Null) => (204, String::new()),
        Ok(document) => (200, document.to_string()),
        Err(error) => (error.code, error.document(shape).to_string()),
    };
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    response
}

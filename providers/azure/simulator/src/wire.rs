//! What every answer looks like: a document with its status and headers, or an error in the shape of the service.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;
/// The outcome of a call: the answer, or an error.
pub(crate) type Outcome = Result<Answer, ApiError>;

/// How the errors of a service are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorShape {
    /// As Resource Manager: a code and a message inside `error`.
    Arm,
    /// As Microsoft Graph: the same, with an inner error.
    Graph,
    /// As the OAuth standard has it: a code and a description.
    OAuth,
}

/// A successful answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// No body when it is null.
    pub(crate) body: Value,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
        }
    }

    /// 200 with a document.
    pub(crate) fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, Value::Null)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An error of the API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    /// `ResourceNotFound`.
    pub(crate) code: String,
    pub(crate) message: String,
    /// How many seconds the caller is asked to wait.
    pub(crate) retry_after: Option<u64>,
    /// What else the headers say.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            retry_after: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// 400: a value is wrong.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameter", message)
    }

    /// 404 for a resource, by its type, name and group.
    pub(crate) fn not_found(path: &str, group: &str) -> Self {
        Self::new(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{path}' under resource group '{group}' was not found. For more details please go to \
                 https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    /// 409: something else is being done.
    pub(crate) fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::new(409, code, message)
    }

    /// 501: something that the real cloud may support and the simulator does not.
    pub(crate) fn not_simulated(what: impl std::fmt::Display) -> Self {
        Self::new(501, "NotImplemented", format!("not simulated: {what}"))
    }

    fn document(&self, shape: ErrorShape) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        match shape {
            ErrorShape::OAuth => {
                return json!({"error": self.code, "error_description": self.message, "error_codes": []});
            }
            ErrorShape::Graph => error["innerError"] = json!({}),
            ErrorShape::Arm => {}
        }
        json!({ "error": error })
    }
}

/// The JSON object in the body of a request. No body is an empty object.
pub(crate) fn body(request: &Request<Bytes>) -> Result<Object, ApiError> {
    if request.body().is_empty() {
        return Ok(Object::new());
    }
    let refused = |why: String| {
        let message =
            format!("The request content was invalid and could not be deserialized: '{why}'.");
        ApiError::new(400, "InvalidRequestContent", message)
    };
    match serde_json::from_slice(request.body()) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(refused("an object is expected".to_owned())),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// A text in an object; empty if there is none.
pub(crate) fn text<'o>(object: &'o Object, member: &str) -> &'o str {
    object
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Sets a member of a value that ought to be an object; any other is left as it is.
pub(crate) fn insert(value: &mut Value, member: &str, new: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(member.to_owned(), new);
    }
}

/// A time as it is written in answers.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_string()
}

/// The answer on the wire.
pub(crate) fn write(outcome: &Outcome, shape: ErrorShape) -> Response<Bytes> {
    let (status, body, headers) = match outcome {
        Ok(answer) => (answer.status, answer.body.clone(), answer.headers.clone()),
        Err(error) => {
            let wait = error
                .retry_after
                .map(|wait| ("retry-after", wait.to_string()));
            (
                error.status,
                error.document(shape),
                wait.into_iter().chain(error.headers.clone()).collect(),
            )
        }
    };
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let has_body = !text.is_empty();
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let map = response.headers_mut();
    if has_body {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        map.insert(header::CONTENT_TYPE, json);
    }
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            map.insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_writes_errors_in_its_own_shape() {
        let check = |shape: ErrorShape, pointer: &str| {
            let refused = ApiError::new(401, "invalid_client", "No.");
            let answer = write(&Err(refused), shape);
            let body: Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(body.pointer(pointer), Some(&json!("invalid_client")));
            assert_eq!(answer.status().as_u16(), 401);
        };
        check(ErrorShape::Arm, "/error/code");
        check(ErrorShape::Graph, "/error/code");
        check(ErrorShape::OAuth, "/error");
    }

    #[test]
    fn an_answer_without_a_document_has_no_body() {
        let answer = Answer::empty(202)
            .header("Location", "https://x/y")
            .header("Retry-After", "1");
        let answer = write(&Ok(answer), ErrorShape::Arm);
        assert!(answer.body().is_empty());
        assert_eq!(answer.headers()["location"], "https://x/y");
        assert_eq!(answer.headers()["retry-after"], "1");
    }
}

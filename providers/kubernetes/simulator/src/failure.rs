//! Error answers: `Status` objects with the codes, reasons and messages of a real API server.
//!
//! Source of the forms: the Kubernetes API conventions ("Response Status Kind").

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

use crate::types::Type;

/// An error answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    code: u16,
    reason: &'static str,
    message: String,
    details: Value,
}

impl Failure {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Value::Null,
        }
    }

    fn about(mut self, of: &Type, name: &str, causes: Vec<Value>) -> Self {
        self.details = json!({"name": name, "group": of.group, "kind": of.plural});
        if !causes.is_empty() {
            self.details["causes"] = causes.into();
        }
        self
    }

    /// 404: there is no such object.
    pub(crate) fn not_found(of: &Type, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", of.id);
        Self::new(404, "NotFound", message).about(of, name, Vec::new())
    }

    /// 409: there is one of this name.
    pub(crate) fn already_exists(of: &Type, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", of.id);
        Self::new(409, "AlreadyExists", message).about(of, name, Vec::new())
    }

    /// 409: the caller's view is stale.
    pub(crate) fn conflict(of: &Type, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            of.id
        );
        Self::new(409, "Conflict", message).about(of, name, Vec::new())
    }

    /// 422: a field has a wrong value. Each problem is a field and a message.
    pub(crate) fn invalid(of: &Type, name: &str, problems: &[(String, String)]) -> Self {
        let words: Vec<_> = problems
            .iter()
            .map(|(field, what)| format!("{field}: {what}"))
            .collect();
        let words = match words.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes = problems
            .iter()
            .map(|(field, what)| {
                json!({"reason": "FieldValueInvalid", "message": what, "field": field})
            })
            .collect();
        let kind = if of.group.is_empty() {
            of.kind.to_owned()
        } else {
            format!("{}.{}", of.kind, of.group)
        };
        let mut failure = Self::new(
            422,
            "Invalid",
            format!("{kind} \"{name}\" is invalid: {words}"),
        );
        failure = failure.about(of, name, causes);
        failure.details["kind"] = of.kind.into();
        failure
    }

    /// 403: this user may not do this.
    pub(crate) fn forbidden(user: &str, verb: &str, of: &str, namespace: Option<&str>) -> Self {
        let (plural, group) = of.split_once('.').unwrap_or((of, ""));
        let place = match namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let message = format!(
            "{of} is forbidden: User \"{user}\" cannot {verb} resource \"{plural}\" \
             in API group \"{group}\" {place}"
        );
        let mut failure = Self::new(403, "Forbidden", message);
        failure.details = json!({"group": group, "kind": plural});
        failure
    }

    /// 403: this user may not get this path, which is no resource's.
    pub(crate) fn forbidden_path(user: &str, verb: &str, path: &str) -> Self {
        let message = format!("forbidden: User \"{user}\" cannot {verb} path \"{path}\"");
        Self::new(403, "Forbidden", message)
    }

    /// 403: an admission rule says no.
    pub(crate) fn refused(of: &Type, name: &str, why: &str, cause: Option<&str>) -> Self {
        let causes = cause
            .map(|reason| json!({"reason": reason, "message": why, "field": "metadata.namespace"}));
        let message = format!("{} \"{name}\" is forbidden: {why}", of.id);
        Self::new(403, "Forbidden", message).about(of, name, causes.into_iter().collect())
    }

    /// 401: nobody knows the caller.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 400: the request makes no sense.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 410: the resource version is too old.
    pub(crate) fn expired(wanted: u64, oldest: u64) -> Self {
        Self::new(
            410,
            "Expired",
            format!("too old resource version: {wanted} ({oldest})"),
        )
    }

    /// 405: this resource type does not have this verb.
    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message)
    }

    /// 415: a body in a format that is not read here.
    pub(crate) fn media_type(given: &str, read: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             {read}; the simulated API server does not read `{given}`"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 501: a real server has this operation, the simulated one does not.
    pub(crate) fn not_simulated(operation: &str) -> Self {
        let message = format!("the simulated API server does not have `{operation}`");
        Self::new(501, "NotImplemented", message)
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }

    /// The answer.
    pub(crate) fn response(&self) -> Response<Bytes> {
        json_response(self.code, &self.status())
    }
}

/// An answer with a JSON body.
pub(crate) fn json_response(code: u16, body: &Value) -> Response<Bytes> {
    response(code, "application/json", body.to_string())
}

/// An answer with a body of a media type.
pub(crate) fn response(code: u16, media_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::IM_A_TEAPOT);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(media_type),
    );
    response
}

/// What a real server says to a path that it does not have.
pub(crate) fn no_such_path() -> Response<Bytes> {
    response(
        404,
        "text/plain; charset=utf-8",
        "404 page not found\n".to_owned(),
    )
}

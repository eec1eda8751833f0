//! Error answers: `Status` objects with the codes, reasons and messages of a real API server.
//!
//! Source of the forms: the Kubernetes API conventions ("Response Status Kind").

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

use crate::api::field_managers::Conflict;
use crate::store::types::Type;

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

    fn about(self, of: &Type, name: &str, causes: Vec<Value>) -> Self {
        self.with_details(name, of.group, of.plural, causes)
    }

    fn with_details(mut self, name: &str, group: &str, kind: &str, causes: Vec<Value>) -> Self {
        let mut details = json!({});
        for (field, value) in [("name", name), ("group", group), ("kind", kind)] {
            if !value.is_empty() {
                details[field] = value.into();
            }
        }
        if !causes.is_empty() {
            details["causes"] = causes.into();
        }
        self.details = details;
        self
    }

    /// 404: the object does not exist.
    pub(crate) fn not_found(of: &Type, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", of.id);
        Self::new(404, "NotFound", message).about(of, name, Vec::new())
    }

    /// 409: an object of this name exists.
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

    /// 409: it is not the object that the preconditions name.
    pub(crate) fn precondition(of: &Type, name: &str, why: &str) -> Self {
        let kind = of.kind;
        let message = format!("Operation cannot be fulfilled on {kind} \"{name}\": {why}");
        Self::new(409, "Conflict", message).with_details(name, of.group, kind, Vec::new())
    }

    /// 409: an object of this name exists and is being deleted.
    pub(crate) fn still_going(of: &Type, name: &str) -> Self {
        let message = format!(
            "object is being deleted: {} \"{name}\" already exists",
            of.id
        );
        Self::new(409, "AlreadyExists", message).about(of, name, Vec::new())
    }

    /// 409: other managers own the fields that are applied.
    pub(crate) fn apply_conflict(conflicts: &[Conflict]) -> Self {
        let mut by_manager: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for conflict in conflicts {
            by_manager
                .entry(&conflict.with)
                .or_default()
                .push(&conflict.field);
        }
        let words: Vec<String> = by_manager
            .iter()
            .map(|(manager, fields)| match fields.as_slice() {
                [one] => format!("conflict with {manager}: {one}"),
                many => format!("conflicts with {manager}:\n- {}", many.join("\n- ")),
            })
            .collect();
        let causes = conflicts
            .iter()
            .map(|conflict| {
                json!({
                    "reason": "FieldManagerConflict", "field": conflict.field,
                    "message": format!("conflict with {}", conflict.with),
                })
            })
            .collect();
        let count = conflicts.len();
        let plural = if count == 1 { "" } else { "s" };
        let message = format!(
            "Apply failed with {count} conflict{plural}: {}",
            words.join("\n")
        );
        Self::new(409, "Conflict", message).with_details("", "", "", causes)
    }

    /// 429: an eviction would violate a disruption budget.
    pub(crate) fn disrupts(why: &str) -> Self {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let causes = vec![json!({"reason": "DisruptionBudget", "message": why})];
        Self::new(429, "TooManyRequests", message).with_details("", "", "", causes)
    }

    /// 422: a field has a wrong value. Each error is a field and a message.
    pub(crate) fn invalid(of: &Type, name: &str, errors: &[(String, String)]) -> Self {
        Self::invalid_kind(of.kind, of.group, name, errors)
    }

    /// 422: an object of this kind, which is not stored, has a field with a wrong value.
    pub(crate) fn invalid_kind(
        kind: &str,
        group: &str,
        name: &str,
        errors: &[(String, String)],
    ) -> Self {
        let words: Vec<_> = errors
            .iter()
            .map(|(field, what)| format!("{field}: {what}"))
            .collect();
        let words = match words.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes = errors
            .iter()
            .map(|(field, what)| json!({"reason": cause(what), "message": what, "field": field}))
            .collect();
        let dot = if group.is_empty() { "" } else { "." };
        let message = format!("{kind}{dot}{group} \"{name}\" is invalid: {words}");
        Self::new(422, "Invalid", message).with_details(name, group, kind, causes)
    }

    /// 422: an option of a request is wrong.
    pub(crate) fn invalid_options(kind: &str, errors: &[(String, String)]) -> Self {
        Self::invalid_kind(kind, "meta.k8s.io", "", errors)
    }

    /// 422: a patched object cannot be decoded.
    pub(crate) fn invalid_patch(patch: &Value, why: &str) -> Self {
        let what = format!("Invalid value: {}: {why}", Value::from(patch.to_string()));
        Self::invalid_kind("", "", "", &[("patch".to_owned(), what)])
    }

    /// 422: a JSON patch does not fit.
    pub(crate) fn patch_does_not_apply() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message).with_details("", "", "", Vec::new())
    }

    /// 403: this user may not do this.
    pub(crate) fn forbidden(user: &str, asked: &RequestAttributes<'_>) -> Self {
        let place = match asked.namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let dot = if asked.group.is_empty() { "" } else { "." };
        let name = match asked.name {
            "" => String::new(),
            name => format!(" \"{name}\""),
        };
        let slash = if asked.subresource.is_empty() {
            ""
        } else {
            "/"
        };
        let message = format!(
            "{plural}{dot}{group}{name} is forbidden: User \"{user}\" cannot {verb} resource \
             \"{plural}{slash}{subresource}\" in API group \"{group}\" {place}",
            plural = asked.plural,
            group = asked.group,
            verb = asked.verb,
            subresource = asked.subresource,
        );
        Self::new(403, "Forbidden", message).with_details(
            asked.name,
            asked.group,
            asked.plural,
            Vec::new(),
        )
    }

    /// 403: this user may not get this path, which is not a resource.
    pub(crate) fn forbidden_path(user: &str, verb: &str, path: &str) -> Self {
        let message = format!("forbidden: User \"{user}\" cannot {verb} path \"{path}\"");
        Self::new(403, "Forbidden", message).with_details("", "", "", Vec::new())
    }

    /// 403: an admission rule rejects it.
    pub(crate) fn refused(of: &Type, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", of.id);
        Self::new(403, "Forbidden", message).about(of, name, Vec::new())
    }

    /// 403: nothing can be created in a namespace that is being deleted.
    pub(crate) fn terminating(of: &Type, name: &str, namespace: &str) -> Self {
        let message = format!(
            "{} \"{name}\" is forbidden: unable to create new content in namespace {namespace} \
             because it is being terminated",
            of.id
        );
        let cause = json!({
            "reason": "NamespaceTerminating", "field": "metadata.namespace",
            "message": format!("namespace {namespace} is being terminated"),
        });
        Self::new(403, "Forbidden", message).about(of, name, vec![cause])
    }

    /// 401: unknown caller.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 400: the request is malformed.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 410: a watch asks for changes that are forgotten.
    pub(crate) fn expired(wanted: u64, oldest: u64) -> Self {
        let message = format!("too old resource version: {wanted} ({oldest})");
        Self::new(410, "Expired", message)
    }

    /// 410: a list asks for a version that is forgotten.
    pub(crate) fn expired_list() -> Self {
        let message = "The resourceVersion for the provided list is too old.";
        Self::new(410, "Expired", message)
    }

    /// 504: the requested version of a list does not exist yet.
    pub(crate) fn too_large_version(wanted: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
        let cause = json!({
            "reason": "ResourceVersionTooLarge", "message": "Too large resource version",
        });
        let mut failure = Self::new(504, "Timeout", message).with_details("", "", "", vec![cause]);
        failure.details["retryAfterSeconds"] = 1.into();
        failure
    }

    /// 404: the API has no such resource.
    pub(crate) fn no_such_resource() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, "NotFound", message).with_details("", "", "", Vec::new())
    }

    /// 405: this resource type does not have this verb.
    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).with_details("", "", "", Vec::new())
    }

    /// 406: the client accepts none of the available forms.
    pub(crate) fn not_acceptable() -> Self {
        let message = "only the following media types are accepted: application/json";
        Self::new(406, "NotAcceptable", message)
    }

    /// 415: a body in a format that is not read here.
    pub(crate) fn media_type(given: &str, read: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             {read}; the simulated API server does not read `{given}`"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 500: what a real server reports as an internal error.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
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
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }

    /// The answer.
    pub(crate) fn response(&self) -> Response<Bytes> {
        let mut response = json_response(self.code, &self.status());
        if let Some(seconds) = self
            .details
            .get("retryAfterSeconds")
            .and_then(Value::as_u64)
        {
            let seconds = header::HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// What a user asks to do with a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestAttributes<'a> {
    /// `list`, `deletecollection`, …
    pub(crate) verb: &'a str,
    /// The API group, empty for the core one.
    pub(crate) group: &'a str,
    /// `pods`.
    pub(crate) plural: &'a str,
    /// Empty for none.
    pub(crate) subresource: &'a str,
    /// Empty for all.
    pub(crate) namespace: &'a str,
    /// Empty for none.
    pub(crate) name: &'a str,
}

/// The machine-readable cause of a field error, from how its message begins.
fn cause(what: &str) -> &'static str {
    match what.split(':').next().unwrap_or_default() {
        "Required value" => "FieldValueRequired",
        "Unsupported value" => "FieldValueNotSupported",
        "Forbidden" => "FieldValueForbidden",
        "Too long" => "FieldValueTooLong",
        _ => "FieldValueInvalid",
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

/// A real server's answer to an unknown path.
pub(crate) fn no_such_path() -> Response<Bytes> {
    response(
        404,
        "text/plain; charset=utf-8",
        "404 page not found\n".to_owned(),
    )
}

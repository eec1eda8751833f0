//! The dialect of a cloud with a JSON REST API: names from its table of routes, errors in its own wording.
//!
//! Requests that are none of the cloud's are those to a cluster's API server.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use kubeproof_contract::call::{Dialect, ErrorKind, Signature, Targets};
use kubeproof_contract::route::{self, Route};
use kubeproof_kubernetes::dialect as kubernetes;
use serde_json::Value;

/// An error answer, as the cloud would word it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The cloud's error code.
    pub code: &'a str,
    /// The cloud's message.
    pub message: &'a str,
    /// What the cloud suggests to do; empty when it suggests nothing.
    pub suggestion: &'a str,
}

impl<'a> Refusal<'a> {
    /// With this status, code, message and suggestion.
    pub const fn new(status: u16, code: &'a str, message: &'a str, suggestion: &'a str) -> Self {
        Self {
            status,
            code,
            message,
            suggestion,
        }
    }
}

/// What differs between the dialects of two clouds.
#[derive(Clone, Copy, Debug)]
pub struct RestDialect {
    /// The service in call signatures.
    pub service: &'static str,
    /// The path of the API, such as `/api/v1`.
    pub base: &'static str,
    /// The operations.
    pub routes: &'static [Route],
    /// The port of clusters' API servers, whose paths may begin like the cloud's own.
    pub api_server_port: u16,
    /// The operations whose body names what they act on.
    pub names_in_body: &'static [&'static str],
    /// The operations whose answer says what they made.
    pub makes: &'static [&'static str],
    /// Where the data of an answer are (a JSON pointer; empty for the whole answer).
    pub data: &'static str,
    /// The ids in a body, or in an answer's data.
    pub ids: fn(&Value) -> Vec<String>,
    /// The answer to an operation that fails in this way.
    pub refusal: for<'a> fn(&str, &'a ErrorKind) -> Refusal<'a>,
    /// The body of an error answer.
    pub write: fn(&Refusal<'_>) -> Value,
    /// Where the code is in it (a JSON pointer).
    pub code: &'static str,
}

impl RestDialect {
    /// The operation of a request to the cloud's API; method and path of one that no route knows.
    fn operation(&self, request: &Request<Bytes>) -> Option<String> {
        if request.uri().port_u16() == Some(self.api_server_port) {
            return None;
        }
        let path = request.uri().path().strip_prefix(self.base)?;
        let path = path.starts_with('/').then_some(path)?;
        let method = request.method().as_str();
        Some(match route::find(self.routes, method, path) {
            Some(found) => found.route.name.to_owned(),
            None => format!("{method} {path}"),
        })
    }

    fn error_response(&self, operation: &str, kind: &ErrorKind) -> Response<Bytes> {
        let refusal = (self.refusal)(operation, kind);
        let body = (self.write)(&refusal).to_string();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() =
            StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        if let ErrorKind::Throttled {
            retry_after_seconds: Some(seconds),
        } = kind
        {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        response
    }
}

/// A unit type for a cloud's [`RestDialect`], so that the dialect has a name. The crate that uses it needs bytes,
/// http and the contract.
#[macro_export]
macro_rules! rest_dialect {
    ($(#[$about:meta])* $name:ident, $dialect:expr) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name;

        impl ::kubeproof_contract::call::Dialect for $name {
            fn signature(
                &self,
                request: &::http::Request<::bytes::Bytes>,
            ) -> ::kubeproof_contract::call::Signature {
                $dialect.signature(request)
            }

            fn error(
                &self,
                request: &::http::Request<::bytes::Bytes>,
                kind: &::kubeproof_contract::call::ErrorKind,
            ) -> ::http::Response<::bytes::Bytes> {
                $dialect.error(request, kind)
            }

            fn targets(
                &self,
                request: &::http::Request<::bytes::Bytes>,
                response: Option<&::http::Response<::bytes::Bytes>>,
            ) -> ::kubeproof_contract::call::Targets {
                $dialect.targets(request, response)
            }

            fn error_code(
                &self,
                response: &::http::Response<::bytes::Bytes>,
            ) -> Option<String> {
                $dialect.error_code(response)
            }
        }
    };
}

fn json(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

impl Dialect for RestDialect {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        if let Some(operation) = self.operation(request) {
            return Signature {
                service: self.service.to_owned(),
                operation,
                mutating: request.method() != Method::GET,
            };
        }
        kubernetes::signature(request).unwrap_or_else(|| Signature {
            service: "unknown".to_owned(),
            operation: format!("{} {}", request.method(), request.uri().path()),
            mutating: true,
        })
    }

    fn error(&self, request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
        match self.operation(request) {
            Some(operation) => self.error_response(&operation, kind),
            None => kubernetes::error(request, kind),
        }
    }

    fn targets(&self, request: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
        let operation = self.operation(request).unwrap_or_default();
        let has = |operations: &[&str]| operations.contains(&operation.as_str());
        let mut targets = Targets::default();
        if has(self.names_in_body) {
            targets.names = (self.ids)(&json(request.body()));
        }
        if let Some(response) = response.filter(|_| has(self.makes)) {
            let answer = json(response.body());
            let data = answer.pointer(self.data);
            targets.made = data.map_or_else(Vec::new, self.ids);
        }
        targets
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        if !response.status().is_client_error() && !response.status().is_server_error() {
            return None;
        }
        let body = json(response.body());
        let code = body.pointer(self.code).and_then(Value::as_str);
        code.map(str::to_owned)
            .or_else(|| kubernetes::error_code(response))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SKY: RestDialect = RestDialect {
        service: "sky",
        base: "/v1",
        routes: &[
            Route::new("GET", "/boxes/{id}", "GetBox"),
            Route::new("POST", "/boxes", "MakeBox"),
            Route::new("POST", "/boxes/open", "OpenBoxes"),
        ],
        api_server_port: 6443,
        names_in_body: &["OpenBoxes"],
        makes: &["MakeBox"],
        data: "/data",
        ids: |value| {
            let ids = value["ids"].as_array().into_iter().flatten();
            let ids = ids.filter_map(Value::as_str);
            ids.map(str::to_owned).collect()
        },
        refusal: |operation, kind| Refusal {
            status: if operation == "MakeBox" { 409 } else { 400 },
            code: match kind {
                ErrorKind::Rejected(Some(code)) => code,
                _ => "no",
            },
            message: "No.",
            suggestion: "",
        },
        write: |refusal| json!({"error": {"code": refusal.code}}),
        code: "/error/code",
    };

    fn request(method: &str, uri: &str, body: &str) -> Request<Bytes> {
        let request = Request::builder().method(method).uri(uri);
        request.body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn a_request_is_named_by_its_route_and_on_the_port_of_api_servers_by_kubernetes() {
        let check = |method: &str, uri: &str, expected: &str, mutating: bool| {
            let seen = SKY.signature(&request(method, uri, ""));
            assert_eq!(
                (seen.to_string().as_str(), seen.mutating),
                (expected, mutating)
            );
        };
        check("GET", "https://sky/v1/boxes/7", "sky:GetBox", false);
        check("PUT", "https://sky/v1/moon", "sky:PUT /moon", true);
        check(
            "GET",
            "https://sky/v10/boxes/7",
            "unknown:GET /v10/boxes/7",
            true,
        );
        let nodes = "https://203.0.113.9:6443/api/v1/nodes";
        check("GET", nodes, "kubernetes:list-nodes", false);
    }

    #[test]
    fn what_a_body_names_and_an_answer_made_are_targets() {
        let check = |uri: &str, body: &str, answer: Option<&str>, expected: (&[&str], &[&str])| {
            let answer = answer.map(|text| Response::new(Bytes::from(text.to_owned())));
            let seen = SKY.targets(&request("POST", uri, body), answer.as_ref());
            assert_eq!((seen.names, seen.made), owned(expected), "{uri}");
        };
        let ids = "{\"ids\": [\"a\"]}";
        let made = "{\"data\": {\"ids\": [\"b\"]}}";
        check("https://sky/v1/boxes/open", ids, Some(made), (&["a"], &[]));
        check("https://sky/v1/boxes", ids, Some(made), (&[], &["b"]));
        check("https://sky/v1/boxes", ids, Some("{}"), (&[], &[]));
        check("https://sky/v1/boxes", ids, None, (&[], &[]));
        check("https://sky/elsewhere", ids, Some(made), (&[], &[]));
    }

    fn owned((names, made): (&[&str], &[&str])) -> (Vec<String>, Vec<String>) {
        let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        (all(names), all(made))
    }

    #[test]
    fn an_error_is_worded_by_the_cloud_and_its_code_read_back() {
        let make = request("POST", "https://sky/v1/boxes", "");
        let own = ErrorKind::Rejected(Some("own".to_owned()));
        let answer = SKY.error(&make, &own);
        assert_eq!(answer.status().as_u16(), 409);
        assert_eq!(SKY.error_code(&answer).as_deref(), Some("own"));
        let slow = ErrorKind::Throttled {
            retry_after_seconds: Some(7),
        };
        assert_eq!(SKY.error(&make, &slow).headers()[header::RETRY_AFTER], "7");
        assert_eq!(SKY.error_code(&Response::new(Bytes::from("{}"))), None);
        let pods = request("GET", "https://a:6443/api/v1/nodes", "");
        let answer = SKY.error(&pods, &ErrorKind::Server);
        assert_eq!(SKY.error_code(&answer).as_deref(), Some("InternalError"));
    }
}

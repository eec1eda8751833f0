//! The names of requests to Hugging Face and to a cluster, and what they act on.
//!
//! Journal and faults need only this, and the form of errors in `error_bodies`.

mod error_bodies;

use bytes::Bytes;
use http::{Method, Request, Response};
use kubeproof_contract::call::{Dialect, ErrorKind, FURTHER_PAGE, Signature, Targets};
use kubeproof_contract::route::Found;
use serde_json::{Value, json};

use crate::api::errors;
use crate::routes::{self, Service};

/// The dialect of Hugging Face.
#[derive(Clone, Copy, Debug, Default)]
pub struct HuggingFaceDialect;

fn found(request: &Request<Bytes>) -> Option<(&'static Service, Option<Found<'static, '_>>)> {
    routes::find(request.uri(), request.method().as_str())
}

fn read(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

impl Dialect for HuggingFaceDialect {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        if let Some((service, found)) = found(request) {
            let unknown = || format!("{} {}", request.method(), request.uri().path());
            let is_read = request.method() == Method::GET;
            return Signature {
                service: service.name.to_owned(),
                mutating: found.as_ref().map_or(!is_read, |it| it.route.is_mutating()),
                operation: found.map_or_else(unknown, |it| it.route.name.to_owned()),
            };
        }
        kubeproof_kubernetes::dialect::signature(request).unwrap_or_else(|| Signature {
            service: "unknown".to_owned(),
            operation: format!("{} {}", request.method(), request.uri().path()),
            mutating: true,
        })
    }

    fn error(&self, request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
        match found(request) {
            Some((service, _)) => error_bodies::response(service, kind),
            None => kubeproof_kubernetes::dialect::error(request, kind),
        }
    }

    /// The list of endpoints alone names its next page in its body.
    fn with_further_page(
        &self,
        request: &Request<Bytes>,
        response: &Response<Bytes>,
    ) -> Option<Response<Bytes>> {
        let (_, route) = found(request)?;
        route.filter(|it| it.route.name == "ListEndpoints")?;
        let mut body = read(response.body());
        body.as_object_mut()?
            .insert("nextCursor".to_owned(), json!(FURTHER_PAGE));
        let mut further = response.clone();
        *further.body_mut() = Bytes::from(body.to_string());
        further.headers_mut().remove(http::header::CONTENT_LENGTH);
        Some(further)
    }

    fn targets(&self, request: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
        let Some((_, Some(found))) = found(request) else {
            return Targets::default();
        };
        if !found.route.is_mutating() {
            return Targets::default();
        }
        let body = read(request.body());
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match found.route.name {
            "CreateEndpoint" => made(text(&body["name"]), response),
            "CreateRepository" => made(repository(&body), response),
            "RunJob" | "CreateScheduledJob" => {
                let answer = response.map(|response| read(response.body()));
                made(answer.and_then(|answer| text(&answer["id"])), response)
            }
            "CreateWebhook" => {
                let answer = response.map(|response| read(response.body()));
                made(
                    answer.and_then(|answer| text(&answer["webhook"]["id"])),
                    response,
                )
            }
            "DeleteRepository" => named(repository(&body)),
            // A Space is named with its namespace, all else without.
            name if name.ends_with("Space") => named(with_owner(&found.parameters.join("/"))),
            _ => named(found.parameters.last().map(|last| (*last).to_owned())),
        }
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return None;
        }
        // An API server words its errors as objects of its own.
        kubeproof_kubernetes::dialect::error_code(response)
            .filter(|_| read(response.body())["kind"] == "Status")
            .or_else(|| Some(errors::read(response).code))
            .filter(|code| !code.is_empty())
    }
}

/// The names of a repository, as the bodies of its calls have it: with its owner, and as an inventory shows it.
fn repository(body: &Value) -> Vec<String> {
    let name = body["name"].as_str().unwrap_or_default();
    match body["organization"].as_str() {
        Some(owner) => with_owner(&format!("{owner}/{name}")),
        None => with_owner(name),
    }
}

/// A name with its owner, and without.
fn with_owner(name: &str) -> Vec<String> {
    let alone = name.rsplit('/').next().filter(|alone| *alone != name);
    let whole = Some(name).filter(|name| !name.is_empty());
    whole.into_iter().chain(alone).map(str::to_owned).collect()
}

fn named(names: impl IntoIterator<Item = String>) -> Targets {
    Targets {
        names: names.into_iter().collect(),
        made: Vec::new(),
    }
}

fn made(ids: impl IntoIterator<Item = String>, response: Option<&Response<Bytes>>) -> Targets {
    let ids = ids.into_iter().filter(|_| response.is_some());
    Targets {
        names: Vec::new(),
        made: ids.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str, body: &str) -> Request<Bytes> {
        let (method, uri) = line.split_once(' ').unwrap();
        let body = Bytes::from(body.to_owned());
        Request::builder()
            .method(method)
            .uri(uri)
            .body(body)
            .unwrap()
    }

    #[test]
    fn requests_are_named_by_host_and_path() {
        let check = |line: &str, expected: &str, mutating: bool| {
            let seen = HuggingFaceDialect.signature(&request(line, ""));
            let seen = (seen.to_string(), seen.mutating);
            assert_eq!(seen, (expected.to_owned(), mutating), "{line}");
        };
        let endpoints = "https://api.endpoints.huggingface.cloud/v2";
        check(
            &format!("GET {endpoints}/endpoint/acme"),
            "endpoints:ListEndpoints",
            false,
        );
        check(
            &format!("POST {endpoints}/endpoint/acme/a/pause"),
            "endpoints:PauseEndpoint",
            true,
        );
        check(
            &format!("GET {endpoints}/provider/quotas/acme"),
            "endpoints:ListQuotas",
            false,
        );
        check(
            &format!("PUT {endpoints}/moon"),
            "endpoints:PUT /v2/moon",
            true,
        );
        let hub = "https://huggingface.co/api";
        check(&format!("GET {hub}/whoami-v2"), "hub:WhoAmI", false);
        check(
            &format!("GET {hub}/jobs/hardware"),
            "hub:ListJobHardware",
            false,
        );
        check(
            &format!("GET {hub}/jobs/acme?stage=RUNNING"),
            "hub:ListJobs",
            false,
        );
        check(
            &format!("POST {hub}/jobs/acme/1/cancel"),
            "hub:CancelJob",
            true,
        );
        let model = "https://x1.us-east-1.aws.endpoints.huggingface.cloud";
        check(&format!("POST {model}/"), "inference:Ask", false);
        check(
            &format!("POST {model}/v1/chat/completions"),
            "inference:Ask",
            false,
        );
        check(&format!("GET {model}/health"), "inference:Health", false);
        check(
            "GET http://127.0.0.1:9/v2/endpoint/acme",
            "endpoints:ListEndpoints",
            false,
        );
        check("GET http://127.0.0.1:9/api/whoami-v2", "hub:WhoAmI", false);
        check(
            "GET https://10.0.0.1:6443/api/v1/nodes",
            "kubernetes:list-nodes",
            false,
        );
        check(
            "GET https://example.com/elsewhere",
            "unknown:GET /elsewhere",
            true,
        );
    }

    #[test]
    fn what_a_call_makes_or_changes_is_in_its_body_answer_or_path() {
        let check = |line: &str, body: &str, answer: Option<&str>, expected: (&[&str], &[&str])| {
            let response = answer.map(|answer| Response::new(Bytes::from(answer.to_owned())));
            let seen = HuggingFaceDialect.targets(&request(line, body), response.as_ref());
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
            let expected = Targets {
                names: owned(expected.0),
                made: owned(expected.1),
            };
            assert_eq!(seen, expected, "{line}");
        };
        let endpoints = "https://api.endpoints.huggingface.cloud/v2/endpoint/acme";
        check(
            &format!("POST {endpoints}"),
            r#"{"name":"a"}"#,
            Some("{}"),
            (&[], &["a"]),
        );
        check(
            &format!("POST {endpoints}"),
            r#"{"name":"a"}"#,
            None,
            (&[], &[]),
        );
        check(
            &format!("POST {endpoints}/a/pause"),
            "",
            Some("{}"),
            (&["a"], &[]),
        );
        check(&format!("DELETE {endpoints}/a"), "", None, (&["a"], &[]));
        check(&format!("GET {endpoints}/a"), "", Some("{}"), (&[], &[]));
        let jobs = "https://huggingface.co/api/jobs/acme";
        check(
            &format!("POST {jobs}"),
            "{}",
            Some(r#"{"id":"j"}"#),
            (&[], &["j"]),
        );
        check(
            &format!("POST {jobs}/j/cancel"),
            "",
            Some("{}"),
            (&["j"], &[]),
        );
        let repositories = "https://huggingface.co/api/repos";
        let space = r#"{"name":"s","organization":"acme","type":"space"}"#;
        check(
            &format!("POST {repositories}/create"),
            space,
            Some("{}"),
            (&[], &["acme/s", "s"]),
        );
        check(
            &format!("DELETE {repositories}/delete"),
            space,
            None,
            (&["acme/s", "s"], &[]),
        );
        let pause = "POST https://huggingface.co/api/spaces/acme/s/pause";
        check(pause, "", None, (&["acme/s", "s"], &[]));
        check(
            "POST https://huggingface.co/api/settings/webhooks",
            "{}",
            Some(r#"{"webhook":{"id":"w"}}"#),
            (&[], &["w"]),
        );
    }

    #[test]
    fn only_the_list_of_endpoints_gets_a_further_page() {
        let check = |line: &str, expected: bool| {
            let answer = Response::new(Bytes::from_static(br#"{"items":[]}"#));
            let further = HuggingFaceDialect.with_further_page(&request(line, ""), &answer);
            let token = further.map(|further| read(further.body())["nextCursor"].clone());
            assert_eq!(token, expected.then(|| json!(FURTHER_PAGE)), "{line}");
        };
        let endpoints = "https://api.endpoints.huggingface.cloud/v2/endpoint/acme";
        check(&format!("GET {endpoints}"), true);
        check(&format!("GET {endpoints}/a"), false);
        check("GET https://huggingface.co/api/jobs/acme", false);
    }
}

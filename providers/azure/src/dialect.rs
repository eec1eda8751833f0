//! The names of requests to Azure and to its clusters, and what they act on.
//!
//! Journal and faults need only this, and the form of errors in `error_bodies`.

mod error_bodies;

use bytes::Bytes;
use http::{Method, Request, Response};
use kubeproof_contract::call::{Dialect, ErrorKind, FURTHER_PAGE, Signature, Targets};
use kubeproof_contract::fault::Effect;
use serde_json::{Value, json};

use crate::api::errors;
use crate::routes::{self, ARM, AUTHORITY, GRAPH};

/// The dialect of Azure.
#[derive(Clone, Copy, Debug, Default)]
pub struct AzureDialect;

/// A request to Azure.
struct Named {
    service: &'static str,
    operation: String,
    mutating: bool,
    /// What its path ends in.
    last: Option<String>,
}

fn named(request: &Request<Bytes>) -> Option<Named> {
    let method = request.method().as_str();
    let path = routes::canonical(request.uri().path());
    if let Some((service, found)) = routes::find(method, &path) {
        return Some(Named {
            service,
            operation: found.route.name.to_owned(),
            mutating: found.route.is_mutating(),
            last: found.parameters.last().map(|last| (*last).to_owned()),
        });
    }
    let service = match path.split('/').nth(1)? {
        "subscriptions" | "providers" | "metadata" => ARM,
        "v1.0" => GRAPH,
        _ if path.contains("/oauth2/") => AUTHORITY,
        _ => return None,
    };
    let last = path.rsplit('/').next().map(str::to_owned);
    Some(Named {
        service,
        operation: format!("{method} {path}"),
        mutating: !matches!(*request.method(), Method::GET | Method::HEAD),
        last,
    })
}

fn read(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

impl Dialect for AzureDialect {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        if let Some(named) = named(request) {
            return Signature {
                service: named.service.to_owned(),
                operation: named.operation,
                mutating: named.mutating,
            };
        }
        kubeproof_kubernetes::dialect::signature(request).unwrap_or_else(|| Signature {
            service: "unknown".to_owned(),
            operation: format!("{} {}", request.method(), request.uri().path()),
            mutating: true,
        })
    }

    fn error(&self, request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
        match named(request) {
            Some(named) => error_bodies::response(named.service, &named.operation, kind),
            None => kubeproof_kubernetes::dialect::error(request, kind),
        }
    }

    /// That there are no machines shows in the operation that makes them.
    fn shows_later(&self, call: &Signature, effect: &Effect) -> bool {
        effect.is_delayed() || (*effect == Effect::Capacity && crate::calls::makes_nodes(call))
    }

    fn with_further_page(
        &self,
        request: &Request<Bytes>,
        response: &Response<Bytes>,
    ) -> Option<Response<Bytes>> {
        let named =
            named(request).filter(|named| !named.mutating && named.operation.contains(".list"))?;
        let mut body = read(response.body());
        body["value"].as_array()?;
        let (base, member) = match named.service {
            ARM => (routes::ARM_URL, "nextLink"),
            GRAPH => (routes::GRAPH_URL, "@odata.nextLink"),
            _ => return None,
        };
        let path = request.uri().path();
        let link = format!("{base}{path}?$skiptoken={FURTHER_PAGE}");
        body.as_object_mut()?.insert(member.to_owned(), json!(link));
        let mut further = response.clone();
        *further.body_mut() = Bytes::from(body.to_string());
        further.headers_mut().remove(http::header::CONTENT_LENGTH);
        Some(further)
    }

    /// A PUT makes what its path names, or changes it; an answer of the directory tells what was made there.
    fn targets(&self, request: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
        let Some(named) = named(request).filter(|named| named.mutating) else {
            return Targets::default();
        };
        if named.service == GRAPH && named.operation.ends_with(".create") {
            let made = response.map(|response| read(response.body()));
            let id = made.and_then(|made| made["id"].as_str().map(str::to_owned));
            return Targets {
                names: Vec::new(),
                made: id.into_iter().collect(),
            };
        }
        let last: Vec<String> = named.last.into_iter().collect();
        let makes = request.method() == Method::PUT
            && response.is_none_or(|response| response.status() == http::StatusCode::CREATED);
        if makes {
            return Targets {
                names: Vec::new(),
                made: if response.is_some() { last } else { Vec::new() },
            };
        }
        Targets {
            names: last,
            made: Vec::new(),
        }
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return None;
        }
        let code = errors::read(response).code;
        let of_token = || read(response.body())["error"].as_str().map(str::to_owned);
        Some(code)
            .filter(|code| !code.is_empty())
            .or_else(of_token)
            .or_else(|| kubeproof_kubernetes::dialect::error_code(response))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str) -> Request<Bytes> {
        let (method, url) = line.split_once(' ').unwrap();
        Request::builder()
            .method(method)
            .uri(url)
            .body(Bytes::new())
            .unwrap()
    }

    const GROUP: &str = "https://management.azure.com/subscriptions/s/resourceGroups/g";

    #[test]
    fn requests_are_named_as_in_microsofts_clients() {
        let check = |line: &str, expected: &str, mutating: bool| {
            let seen = AzureDialect.signature(&request(line));
            assert_eq!(
                (seen.to_string().as_str(), seen.mutating),
                (expected, mutating),
                "{line}"
            );
        };
        check(
            &format!("PUT {}", GROUP.to_lowercase()),
            "arm:resourceGroups.createOrUpdate",
            true,
        );
        let cluster = format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters/c");
        check(&format!("GET {cluster}"), "arm:managedClusters.get", false);
        check(
            &format!("POST {cluster}/listClusterUserCredential"),
            "arm:managedClusters.listClusterUserCredentials",
            false,
        );
        check(
            "PUT https://127.0.0.1:9/subscriptions/s/moon",
            "arm:PUT /subscriptions/s/moon",
            true,
        );
        check(
            "POST https://login.microsoftonline.com/t/oauth2/v2.0/token",
            "authority:token",
            false,
        );
        check(
            "GET https://graph.microsoft.com/v1.0/applications",
            "graph:applications.list",
            false,
        );
        check(
            "POST https://graph.microsoft.com/v1.0/moons",
            "graph:POST /v1.0/moons",
            true,
        );
        check(
            "GET https://c-1.hcp.eastus.azmk8s.io:443/api/v1/nodes",
            "kubernetes:list-nodes",
            false,
        );
    }

    #[test]
    fn a_put_makes_what_its_path_names_or_changes_it() {
        let check = |line: &str, status: Option<u16>, names: &[&str], made: &[&str]| {
            let response = status.map(|status| {
                Response::builder()
                    .status(status)
                    .body(Bytes::new())
                    .unwrap()
            });
            let seen = AzureDialect.targets(&request(line), response.as_ref());
            assert_eq!(
                (seen.names, seen.made),
                (owned(names), owned(made)),
                "{line}"
            );
        };
        check(&format!("PUT {GROUP}"), Some(201), &[], &["g"]);
        check(&format!("PUT {GROUP}"), Some(200), &["g"], &[]);
        check(&format!("PUT {GROUP}"), None, &[], &[]);
        check(&format!("DELETE {GROUP}"), Some(202), &["g"], &[]);
        check(&format!("GET {GROUP}"), Some(200), &[], &[]);
        let graph = "https://graph.microsoft.com/v1.0/applications";
        check(&format!("DELETE {graph}/7"), Some(204), &["7"], &[]);
        check(
            &format!("POST {graph}/7/addPassword"),
            Some(200),
            &["7"],
            &[],
        );
        let answer = Response::new(Bytes::from_static(b"{\"id\": \"8\"}"));
        let seen = AzureDialect.targets(&request(&format!("POST {graph}")), Some(&answer));
        assert_eq!((seen.names, seen.made), (owned(&[]), owned(&["8"])));
    }

    fn owned(all: &[&str]) -> Vec<String> {
        all.iter().map(|one| (*one).to_owned()).collect()
    }

    #[test]
    fn only_lists_get_a_further_page() {
        let check = |line: &str, expected: bool| {
            let answer = Response::new(Bytes::from_static(b"{\"value\":[]}"));
            let further = AzureDialect.with_further_page(&request(line), &answer);
            assert_eq!(further.is_some(), expected, "{line}");
        };
        check(
            "GET https://management.azure.com/subscriptions/s/resourceGroups",
            true,
        );
        check("GET https://graph.microsoft.com/v1.0/applications", true);
        check(&format!("GET {GROUP}"), false);
    }
}

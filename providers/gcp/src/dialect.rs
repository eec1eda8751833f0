//! The names of requests to Google Cloud and to its clusters, and what they act on.
//!
//! Journal and faults need only this, and the form of errors in `error_bodies`.

mod error_bodies;

use bytes::Bytes;
use http::{Method, Request, Response};
use kubeproof_contract::call::{Dialect, ErrorKind, FURTHER_PAGE, Signature, Targets};
use kubeproof_contract::fault::Effect;
use serde_json::{Value, json};

use crate::api::{errors, types};
use crate::routes::{self, Service, container};

/// The dialect of Google Cloud.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcpDialect;

/// A request to one of Google's services.
struct Named {
    service: &'static Service,
    operation: String,
    mutating: bool,
    /// The parameters of its path, decoded.
    parameters: Vec<String>,
}

fn named(request: &Request<Bytes>) -> Option<Named> {
    let host = request.uri().host().unwrap_or_default();
    let (method, path) = (request.method().as_str(), request.uri().path());
    if let Some((service, found)) = routes::find(host, method, path) {
        return Some(Named {
            service,
            operation: found.route.name.to_owned(),
            mutating: found.route.is_mutating(),
            parameters: found.parameters.into_iter().map(decoded).collect(),
        });
    }
    let service = routes::service_of(host, path)?;
    Some(Named {
        service,
        operation: format!("{method} {path}"),
        mutating: request.method() != Method::GET,
        parameters: Vec::new(),
    })
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

fn read(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// The member of a list's answer that holds the token of the next page. The lists of Kubernetes Engine have no pages, and
/// the rows of a query are no list (bigquery.v2, `GetQueryResultsResponse.pageToken`).
fn next_page(named: &Named) -> Option<&'static str> {
    let lists = [".list", ".aggregatedList", ".searchAllResources"];
    let is_list = lists.iter().any(|end| named.operation.ends_with(end));
    match (named.service.name, named.operation.as_str()) {
        ("bigquery", "jobs.getQueryResults") => Some("pageToken"),
        (service, _) if is_list && service != container::SERVICE.name => Some("nextPageToken"),
        _ => None,
    }
}

/// What is created in a call, by the name that its body gives it.
fn made(operation: &str, body: &Value) -> Option<String> {
    let name = match operation {
        "projects.locations.clusters.create" => &body["cluster"]["name"],
        "projects.locations.clusters.nodePools.create" => &body["nodePool"]["name"],
        "projects.serviceAccounts.create" => &body["accountId"],
        insert if insert.ends_with(".insert") => &body["name"],
        _ => return None,
    };
    name.as_str().map(str::to_owned)
}

impl Dialect for GcpDialect {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        if let Some(named) = named(request) {
            return Signature {
                service: named.service.name.to_owned(),
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
            Some(named) => error_bodies::response(named.service.name, &named.operation, kind),
            None => kubeproof_kubernetes::dialect::error(request, kind),
        }
    }

    /// A stock-out shows in the operation that makes the nodes.
    fn shows_later(&self, call: &Signature, effect: &Effect) -> bool {
        let late = call.service == container::SERVICE.name && *effect == Effect::Capacity;
        effect.is_delayed() || late
    }

    fn with_further_page(
        &self,
        request: &Request<Bytes>,
        response: &Response<Bytes>,
    ) -> Option<Response<Bytes>> {
        let member = next_page(&named(request)?)?;
        let mut body = read(response.body());
        body.as_object_mut()?
            .insert(member.to_owned(), json!(FURTHER_PAGE));
        let mut further = response.clone();
        *further.body_mut() = Bytes::from(body.to_string());
        further.headers_mut().remove(http::header::CONTENT_LENGTH);
        Some(further)
    }

    fn targets(&self, request: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
        let Some(named) = named(request).filter(|named| named.mutating) else {
            return Targets::default();
        };
        let body = read(request.body());
        if let Some(name) = made(&named.operation, &body) {
            let answer = response.map(|response| read(response.body()));
            let link = answer.as_ref().and_then(|answer| {
                let link = answer["targetLink"].as_str().or(answer["email"].as_str())?;
                types::last(link).map(str::to_owned)
            });
            let mut made = vec![name];
            made.extend(link.filter(|link| !made.contains(link)));
            return Targets {
                names: Vec::new(),
                made: if answer.is_some() { made } else { Vec::new() },
            };
        }
        let services = body["serviceIds"].as_array().into_iter().flatten();
        let services = services.filter_map(Value::as_str).map(str::to_owned);
        // What the path ends in: its project is not what a call changes.
        let last = named.parameters.into_iter().skip(1).last();
        Targets {
            names: services.chain(last).collect(),
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

    fn request(line: &str, body: &str) -> Request<Bytes> {
        let (method, url) = line.split_once(' ').unwrap();
        let body = Bytes::from(body.to_owned());
        Request::builder()
            .method(method)
            .uri(url)
            .body(body)
            .unwrap()
    }

    #[test]
    fn requests_are_named_as_in_the_discovery_documents() {
        let check = |line: &str, expected: &str, mutating: bool| {
            let seen = GcpDialect.signature(&request(line, ""));
            let seen = (seen.to_string(), seen.mutating);
            assert_eq!(seen, (expected.to_owned(), mutating), "{line}");
        };
        let compute = "https://compute.googleapis.com/compute/v1/projects/p";
        check(
            &format!("POST {compute}/global/networks"),
            "compute:networks.insert",
            true,
        );
        check(
            &format!("GET {compute}/aggregated/disks"),
            "compute:disks.aggregatedList",
            false,
        );
        check(
            &format!("GET {compute}/global/moons"),
            "compute:GET /compute/v1/projects/p/global/moons",
            false,
        );
        let container = "https://container.googleapis.com/v1/projects/p/locations/l";
        check(
            &format!("DELETE {container}/clusters/c"),
            "container:projects.locations.clusters.delete",
            true,
        );
        check(
            &format!("PUT {container}/moon"),
            "container:PUT /v1/projects/p/locations/l/moon",
            true,
        );
        check(
            "POST http://127.0.0.1:9/v1/projects/p:getIamPolicy",
            "cloudresourcemanager:projects.getIamPolicy",
            false,
        );
        check(
            "GET https://34.1.2.3/api/v1/nodes",
            "kubernetes:list-nodes",
            false,
        );
        check(
            "POST https://34.1.2.3/apis/batch/v1/namespaces/a/jobs",
            "kubernetes:create-jobs",
            true,
        );
        check(
            "GET https://example.com/elsewhere",
            "unknown:GET /elsewhere",
            true,
        );
    }

    #[test]
    fn what_a_call_makes_is_in_its_body_and_what_it_changes_in_its_path() {
        let check =
            |line: &str, body: &str, answer: Option<&str>, names: &[&str], made: &[&str]| {
                let response = answer.map(|answer| Response::new(Bytes::from(answer.to_owned())));
                let targets = GcpDialect.targets(&request(line, body), response.as_ref());
                let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
                let expected = Targets {
                    names: owned(names),
                    made: owned(made),
                };
                assert_eq!(targets, expected, "{line}");
            };
        let networks = "https://compute.googleapis.com/compute/v1/projects/p/global/networks";
        let answer = "{\"targetLink\":\"https://x/projects/p/global/networks/n\"}";
        check(
            &format!("POST {networks}"),
            "{\"name\":\"n\"}",
            Some(answer),
            &[],
            &["n"],
        );
        check(
            &format!("POST {networks}"),
            "{\"name\":\"n\"}",
            None,
            &[],
            &[],
        );
        check(&format!("DELETE {networks}/n"), "", Some("{}"), &["n"], &[]);
        check(&format!("GET {networks}/n"), "", Some("{}"), &[], &[]);
        let clusters = "https://container.googleapis.com/v1/projects/p/locations/l/clusters";
        check(
            &format!("POST {clusters}"),
            "{\"cluster\":{\"name\":\"c\"}}",
            Some("{}"),
            &[],
            &["c"],
        );
        let accounts = "https://iam.googleapis.com/v1/projects/p/serviceAccounts";
        let answer = "{\"email\":\"a@p.iam.gserviceaccount.com\"}";
        let both = ["a", "a@p.iam.gserviceaccount.com"];
        check(
            &format!("POST {accounts}"),
            "{\"accountId\":\"a\"}",
            Some(answer),
            &[],
            &both,
        );
        check(
            &format!("DELETE {accounts}/a%40p"),
            "",
            Some("{}"),
            &["a@p"],
            &[],
        );
        let enable = "POST https://serviceusage.googleapis.com/v1/projects/p/services:batchEnable";
        check(
            enable,
            "{\"serviceIds\":[\"a\",\"b\"]}",
            Some("{}"),
            &["a", "b"],
            &[],
        );
    }

    #[test]
    fn only_lists_with_pages_get_a_further_one() {
        let check_member = |line: &str, member: Option<&str>| {
            let answer = Response::new(Bytes::from_static(b"{\"items\":[]}"));
            let further = GcpDialect.with_further_page(&request(line, ""), &answer);
            let body = further.map(|further| read(further.body()));
            let expected = member.map(|member| json!({"items": [], member: FURTHER_PAGE}));
            assert_eq!(body, expected, "{line}");
        };
        let check = |line: &str, expected: bool| {
            check_member(line, expected.then_some("nextPageToken"));
        };
        let compute = "GET https://compute.googleapis.com/compute/v1/projects/p";
        check(&format!("{compute}/aggregated/disks"), true);
        check(&format!("{compute}/global/networks"), true);
        check(&format!("{compute}/global/networks/n"), false);
        check(
            "GET https://container.googleapis.com/v1/projects/p/locations/-/clusters",
            false,
        );
        let bigquery = "https://bigquery.googleapis.com/bigquery/v2/projects/p";
        check(&format!("GET {bigquery}/datasets"), true);
        check(&format!("GET {bigquery}/jobs/j"), false);
        check(&format!("POST {bigquery}/queries"), false);
        check_member(&format!("GET {bigquery}/queries/j"), Some("pageToken"));
        check(
            "GET https://cloudasset.googleapis.com/v1/projects/p:searchAllResources",
            true,
        );
    }
}

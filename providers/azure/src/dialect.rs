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
    path: String,
}

fn named(request: &Request<Bytes>) -> Option<Named> {
    let method = request.method().as_str();
    let path = routes::canonical(request.uri().path());
    let found = routes::find(method, &path);
    let found = found.map(|(service, found)| (service, *found.route));
    // What any resource can have is named by the type that it is of.
    let found = found.filter(|(_, route)| !route.name.ends_with("ById"));
    if let Some((service, route)) = found {
        return Some(Named {
            service,
            operation: route.name.to_owned(),
            mutating: route.is_mutating(),
            path,
        });
    }
    let service = match path.split('/').nth(1)? {
        "subscriptions" | "providers" | "metadata" => ARM,
        "v1.0" => GRAPH,
        _ if path.contains("/oauth2/") => AUTHORITY,
        _ => return None,
    };
    let derived = routes::derived(method, &path).filter(|_| service == ARM);
    Some(Named {
        service,
        operation: derived.unwrap_or_else(|| format!("{method} {path}")),
        mutating: !matches!(*request.method(), Method::GET | Method::HEAD),
        path,
    })
}

impl Named {
    /// The ids of what the call changes, as the inventory has them: in lower case, and with the resource that it is a
    /// part of.
    fn ids(&self, method: &Method) -> Vec<String> {
        let lower = self.path.to_ascii_lowercase();
        if self.service == GRAPH {
            let mut parts = lower.split('/').skip(2);
            let (kind, id) = (parts.next(), parts.next());
            // A deleted item stands one level lower.
            let id = if kind == Some("directory") {
                parts.next()
            } else {
                id
            };
            return id.map(str::to_owned).into_iter().collect();
        }
        let whole = match *method {
            // The last part of an action is its name.
            Method::POST => lower.rsplit_once('/').map_or("", |(rest, _)| rest),
            _ => &lower,
        };
        let mut ids = vec![whole.to_owned()];
        let (scope, below) = whole.rsplit_once("/providers/").unwrap_or(("", ""));
        let parts: Vec<&str> = below.split('/').collect();
        if parts.len() > 3 {
            let outer = parts[..parts.len() - 2].join("/");
            ids.push(format!("{scope}/providers/{outer}"));
        }
        ids
    }
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
        let named = named(request).filter(|named| !named.mutating)?;
        let mut body = read(response.body());
        // Cost data are a table, whose next page is named inside.
        let list = match named.operation.as_str() {
            "query.usage" => body.get_mut("properties")?,
            _ if named.operation.contains(".list") => &mut body,
            _ => return None,
        };
        list.get("value").or_else(|| list.get("rows"))?.as_array()?;
        let link = format!(
            "{}{}?$skiptoken={FURTHER_PAGE}",
            if named.service == GRAPH {
                routes::GRAPH_URL
            } else {
                routes::ARM_URL
            },
            request.uri().path()
        );
        let member = if named.service == GRAPH {
            "@odata.nextLink"
        } else {
            "nextLink"
        };
        list.as_object_mut()?.insert(member.to_owned(), json!(link));
        let mut further = response.clone();
        *further.body_mut() = Bytes::from(body.to_string());
        further.headers_mut().remove(http::header::CONTENT_LENGTH);
        Some(further)
    }

    /// A PUT makes what its path names, or changes it; a POST of the directory makes what its answer names.
    fn targets(&self, request: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
        let Some(named) = named(request).filter(|named| named.mutating) else {
            return Targets::default();
        };
        let names = named.ids(request.method());
        let creates = match named.service {
            GRAPH => request.method() == Method::POST && names.is_empty(),
            _ => request.method() == Method::PUT,
        };
        let is_made = |response: &Response<Bytes>| response.status() == http::StatusCode::CREATED;
        if !creates || response.is_some_and(|response| !is_made(response)) {
            return Targets {
                names,
                made: Vec::new(),
            };
        }
        let made = match response {
            None => Vec::new(),
            Some(response) if named.service == GRAPH => {
                let id = read(response.body())["id"].as_str().map(str::to_owned);
                id.into_iter().collect()
            }
            Some(_) => names.first().cloned().into_iter().collect(),
        };
        // What a new part is a part of is changed.
        Targets {
            names: names.into_iter().skip(1).collect(),
            made,
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
            "PATCH https://graph.microsoft.com/v1.0/applications/7",
            "graph:PATCH /v1.0/applications/7",
            true,
        );
        let disk = format!("{GROUP}/providers/Microsoft.Compute/disks/d");
        check(&format!("DELETE {disk}"), "arm:disks.delete", true);
        check(&format!("GET {disk}"), "arm:disks.get", false);
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
        let group = "/subscriptions/s/resourcegroups/g";
        check(&format!("PUT {GROUP}"), Some(201), &[], &[group]);
        check(&format!("PUT {GROUP}"), Some(200), &[group], &[]);
        check(&format!("PUT {GROUP}"), None, &[], &[]);
        check(&format!("DELETE {GROUP}"), Some(202), &[group], &[]);
        check(&format!("GET {GROUP}"), Some(200), &[], &[]);
        let network = format!("{group}/providers/microsoft.network/virtualnetworks/v");
        let subnet = format!("{network}/subnets/n");
        let url = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/V/subnets/N");
        check(&format!("PUT {url}"), Some(201), &[&network], &[&subnet]);
        check(
            &format!("DELETE {url}"),
            Some(202),
            &[&subnet, &network],
            &[],
        );
        let stop = format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters/c/stop");
        let cluster = format!("{group}/providers/microsoft.containerservice/managedclusters/c");
        check(&format!("POST {stop}"), Some(202), &[&cluster], &[]);
        let role = format!("{url}/providers/Microsoft.Authorization/roleAssignments/A");
        let id = format!("{subnet}/providers/microsoft.authorization/roleassignments/a");
        check(&format!("PUT {role}"), Some(201), &[], &[&id]);
    }

    #[test]
    fn an_object_of_the_directory_is_named_by_its_id() {
        let graph = "https://graph.microsoft.com/v1.0";
        let check = |line: &str, names: &[&str], made: &[&str]| {
            let body = Bytes::from_static(b"{\"id\":\"7\"}");
            let response = Response::builder().status(201).body(body).unwrap();
            let seen = AzureDialect.targets(&request(line), Some(&response));
            assert_eq!(
                (seen.names, seen.made),
                (owned(names), owned(made)),
                "{line}"
            );
        };
        check(&format!("POST {graph}/applications"), &[], &["7"]);
        check(
            &format!("POST {graph}/applications/8/addPassword"),
            &["8"],
            &[],
        );
        check(&format!("DELETE {graph}/servicePrincipals/9"), &["9"], &[]);
        check(
            &format!("DELETE {graph}/directory/deletedItems/9"),
            &["9"],
            &[],
        );
        check(&format!("GET {graph}/applications/8"), &[], &[]);
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
        check(&format!("GET {GROUP}"), false);
    }
}

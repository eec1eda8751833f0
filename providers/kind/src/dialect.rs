//! The dialect of the Docker Engine API: the names of requests, and the bodies of the engine's errors.
//!
//! It is all that journal and faults need to know of Docker. Operations have the ids of Docker's own `OpenAPI` document
//! (Engine API 1.41). Requests to any other host go to a cluster's API server.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use kubeproof_contract::call::{Dialect, ErrorKind, Signature, Targets};
use kubeproof_kubernetes::dialect as kubernetes;
use serde_json::{Value, json};

use crate::engine::transport::HOST;

/// The service that calls to the engine belong to.
pub const SERVICE: &str = "docker";

/// The dialect of this provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct KindDialect;

impl Dialect for KindDialect {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        let of_engine = request.uri().host() == Some(HOST);
        let named = if of_engine {
            operation(request.method(), request.uri().path()).map(|name| Signature {
                service: SERVICE.to_owned(),
                operation: name.to_owned(),
                mutating: is_mutating(request.method(), name),
            })
        } else {
            kubernetes::signature(request)
        };
        named.unwrap_or_else(|| Signature {
            service: "unknown".to_owned(),
            operation: format!("{} {}", request.method(), request.uri().path()),
            mutating: true,
        })
    }

    fn error(&self, request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
        if request.uri().host() != Some(HOST) {
            return kubernetes::error(request, kind);
        }
        let (status, message) = words(kind);
        let body = json!({"message": message}).to_string();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    fn targets(&self, request: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
        if request.uri().host() != Some(HOST) {
            return Targets::default();
        }
        let read = |body: &Bytes| serde_json::from_slice::<Value>(body).unwrap_or_default();
        let operation = operation(request.method(), request.uri().path());
        match (operation, response) {
            (Some("ContainerCreate"), Some(response)) => {
                let mut made = texts(&read(response.body()), &["Id"]);
                made.extend(volumes_of(&read(request.body())));
                Targets {
                    names: Vec::new(),
                    made,
                }
            }
            (Some("NetworkCreate" | "VolumeCreate"), Some(response)) => Targets {
                names: Vec::new(),
                made: texts(&read(response.body()), &["Id", "Name"]),
            },
            // Only the answer says what a call with a filter removed.
            (Some("ContainerPrune" | "NetworkPrune" | "VolumePrune"), Some(response)) => Targets {
                names: texts(
                    &read(response.body()),
                    &["ContainersDeleted", "NetworksDeleted", "VolumesDeleted"],
                ),
                made: Vec::new(),
            },
            _ => Targets::default(),
        }
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        if let Some(code) = kubernetes::error_code(response) {
            return Some(code);
        }
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return None;
        }
        let body: Option<Value> = serde_json::from_slice(response.body()).ok();
        let message = body.and_then(|body| Some(body.get("message")?.as_str()?.to_owned()));
        Some(message.unwrap_or_else(|| status.to_string()))
    }
}

/// The texts in these members; each member is one text or a list.
fn texts(value: &Value, members: &[&str]) -> Vec<String> {
    let found = members.iter().filter_map(|member| value.get(*member));
    let all = found.flat_map(|member| match member {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect::<Vec<_>>(),
    });
    all.map(str::to_owned).collect()
}

/// The named volumes of a new container, which are made with it.
fn volumes_of(request: &Value) -> Vec<String> {
    let host = &request["HostConfig"];
    let binds = texts(host, &["Binds"]);
    let binds = binds
        .iter()
        .filter_map(|bind| bind.split_once(':'))
        .map(|(from, _)| from.to_owned())
        .filter(|from| !from.starts_with('/'));
    let mounts = host["Mounts"].as_array().into_iter().flatten();
    let mounts = mounts
        .filter(|mount| mount["Type"] == "volume")
        .flat_map(|mount| texts(mount, &["Source"]));
    binds.chain(mounts).collect()
}

/// Status and message of an error, as the engine gives them; it has no error codes.
fn words(kind: &ErrorKind) -> (StatusCode, String) {
    let word = |status, message: &str| (status, message.to_owned());
    match kind {
        ErrorKind::Rejected(None) | ErrorKind::PermissionLag => word(
            StatusCode::FORBIDDEN,
            "authorization denied by plugin: not allowed",
        ),
        ErrorKind::Rejected(Some(message)) => (StatusCode::CONFLICT, message.clone()),
        ErrorKind::Throttled { .. } => word(StatusCode::TOO_MANY_REQUESTS, "too many requests"),
        ErrorKind::Server => word(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        ErrorKind::Quota | ErrorKind::Capacity => {
            word(StatusCode::INTERNAL_SERVER_ERROR, "no space left on device")
        }
        ErrorKind::Dependency => word(StatusCode::CONFLICT, "it is still in use"),
        ErrorKind::CredentialsExpired => word(StatusCode::UNAUTHORIZED, "unauthorized"),
    }
}

/// Whether a call can change anything. Waiting and opening a read-only stream do not.
fn is_mutating(method: &Method, operation: &str) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
        && !matches!(operation, "ContainerWait" | "ContainerAttach")
}

/// The id of an operation in Docker's `OpenAPI` document.
pub fn operation(method: &Method, path: &str) -> Option<&'static str> {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let versioned = parts.first().is_some_and(|part| {
        part.strip_prefix('v')
            .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    });
    if versioned {
        parts.remove(0);
    }
    let (kind, rest) = parts.split_first()?;
    match *kind {
        "_ping" => Some("SystemPing"),
        "version" => Some("SystemVersion"),
        "info" => Some("SystemInfo"),
        "events" => Some("SystemEvents"),
        "build" => Some("ImageBuild"),
        "distribution" => Some("DistributionInspect"),
        "containers" => container(method, rest),
        "exec" => exec(rest),
        "images" => image(method, rest),
        "networks" => network(method, rest),
        "volumes" => volume(method, rest),
        _ => None,
    }
}

fn container(method: &Method, rest: &[&str]) -> Option<&'static str> {
    Some(match (method.as_str(), rest) {
        ("GET", ["json"]) => "ContainerList",
        ("POST", ["create"]) => "ContainerCreate",
        ("POST", ["prune"]) => "ContainerPrune",
        ("GET", [_, "json"]) => "ContainerInspect",
        ("GET", [_, "logs"]) => "ContainerLogs",
        ("GET", [_, "stats"]) => "ContainerStats",
        ("GET", [_, "top"]) => "ContainerTop",
        ("GET" | "HEAD", [_, "archive"]) => "ContainerArchive",
        ("PUT", [_, "archive"]) => "PutContainerArchive",
        ("POST", [_, "start"]) => "ContainerStart",
        ("POST", [_, "stop"]) => "ContainerStop",
        ("POST", [_, "restart"]) => "ContainerRestart",
        ("POST", [_, "kill"]) => "ContainerKill",
        ("POST", [_, "pause"]) => "ContainerPause",
        ("POST", [_, "unpause"]) => "ContainerUnpause",
        ("POST", [_, "wait"]) => "ContainerWait",
        ("POST", [_, "attach"]) => "ContainerAttach",
        ("POST", [_, "resize"]) => "ContainerResize",
        ("POST", [_, "rename"]) => "ContainerRename",
        ("POST", [_, "update"]) => "ContainerUpdate",
        ("POST", [_, "exec"]) => "ContainerExec",
        ("DELETE", [_]) => "ContainerDelete",
        _ => return None,
    })
}

fn exec(rest: &[&str]) -> Option<&'static str> {
    Some(match rest {
        [_, "start"] => "ExecStart",
        [_, "json"] => "ExecInspect",
        [_, "resize"] => "ExecResize",
        _ => return None,
    })
}

/// Image names contain slashes, so only the end of the path counts.
fn image(method: &Method, rest: &[&str]) -> Option<&'static str> {
    Some(match (method.as_str(), rest) {
        ("GET", ["json"]) => "ImageList",
        ("POST", ["create"]) => "ImageCreate",
        ("POST", ["load"]) => "ImageLoad",
        ("POST", ["prune"]) => "ImagePrune",
        ("GET", [.., "json"]) => "ImageInspect",
        ("GET", [.., "history"]) => "ImageHistory",
        ("GET", [.., "get"]) => "ImageGet",
        ("POST", [.., "tag"]) => "ImageTag",
        ("POST", [.., "push"]) => "ImagePush",
        ("DELETE", [_, ..]) => "ImageDelete",
        _ => return None,
    })
}

fn network(method: &Method, rest: &[&str]) -> Option<&'static str> {
    Some(match (method.as_str(), rest) {
        ("GET", []) => "NetworkList",
        ("POST", ["create"]) => "NetworkCreate",
        ("POST", ["prune"]) => "NetworkPrune",
        ("POST", [_, "connect"]) => "NetworkConnect",
        ("POST", [_, "disconnect"]) => "NetworkDisconnect",
        ("GET", [_]) => "NetworkInspect",
        ("DELETE", [_]) => "NetworkDelete",
        _ => return None,
    })
}

fn volume(method: &Method, rest: &[&str]) -> Option<&'static str> {
    Some(match (method.as_str(), rest) {
        ("GET", []) => "VolumeList",
        ("POST", ["create"]) => "VolumeCreate",
        ("POST", ["prune"]) => "VolumePrune",
        ("GET", [_]) => "VolumeInspect",
        ("DELETE", [_]) => "VolumeDelete",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str, mutating: bool) {
        let (method, path) = line.split_once(' ').expect("method and path");
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{HOST}{path}"))
            .body(Bytes::new())
            .expect("a request");
        let signature = KindDialect.signature(&request);
        assert_eq!(
            (signature.to_string().as_str(), signature.mutating),
            (expected, mutating),
            "{line}"
        );
    }

    #[test]
    fn requests_have_the_names_of_dockers_own_document() {
        check(
            "GET /v1.41/containers/json?all=1",
            "docker:ContainerList",
            false,
        );
        check(
            "POST /v1.41/containers/create?name=a",
            "docker:ContainerCreate",
            true,
        );
        check(
            "DELETE /v1.41/containers/a?force=1",
            "docker:ContainerDelete",
            true,
        );
        check("POST /containers/a/wait", "docker:ContainerWait", false);
        check(
            "GET /images/localhost/a/b:1/json",
            "docker:ImageInspect",
            false,
        );
        check("POST /exec/1/start", "docker:ExecStart", true);
        check("HEAD /_ping", "docker:SystemPing", false);
        check("GET /networks", "docker:NetworkList", false);
        check("DELETE /v1.41/volumes/v", "docker:VolumeDelete", true);
    }

    #[test]
    fn an_unknown_request_is_named_and_taken_for_one_that_changes() {
        check("GET /v1.41/swarm", "unknown:GET /v1.41/swarm", true);
    }

    #[test]
    fn what_a_call_made_and_what_a_filter_removed_is_read_from_the_answer() {
        let check = |line: &str, body: &Value, answer: &Value, names: &[&str], made: &[&str]| {
            let request = Request::post(format!("http://{HOST}{line}"))
                .body(Bytes::from(body.to_string()))
                .expect("a request");
            let response = Response::new(Bytes::from(answer.to_string()));
            let targets = KindDialect.targets(&request, Some(&response));
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
            let expected = Targets {
                names: owned(names),
                made: owned(made),
            };
            assert_eq!(targets, expected, "{line}");
        };
        let volumes = json!({"HostConfig": {
            "Binds": ["reg:/var/lib/registry", "/etc:/etc:ro"],
            "Mounts": [{"Type": "volume", "Source": "more"}, {"Type": "bind", "Source": "/tmp"}],
        }});
        let made = &["c1", "reg", "more"];
        check(
            "/v1.41/containers/create?name=a",
            &volumes,
            &json!({"Id": "c1"}),
            &[],
            made,
        );
        check(
            "/networks/create",
            &json!({}),
            &json!({"Id": "n1"}),
            &[],
            &["n1"],
        );
        check(
            "/volumes/create",
            &json!({}),
            &json!({"Name": "v1"}),
            &[],
            &["v1"],
        );
        let removed = json!({"VolumesDeleted": ["v1", "v2"], "SpaceReclaimed": 1});
        check("/volumes/prune", &json!({}), &removed, &["v1", "v2"], &[]);
        let none = json!({"ContainersDeleted": null});
        check("/containers/prune", &json!({}), &none, &[], &[]);
    }

    #[test]
    fn other_hosts_are_api_servers() {
        let request = Request::get("https://127.0.0.1:6443/api/v1/nodes")
            .body(Bytes::new())
            .expect("a request");
        let signature = KindDialect.signature(&request);
        assert_eq!(signature.to_string(), "kubernetes:list-nodes");
    }

    #[test]
    fn an_injected_error_looks_like_the_engines_own() {
        let request = Request::delete(format!("http://{HOST}/v1.41/containers/a"))
            .body(Bytes::new())
            .expect("a request");
        let response = KindDialect.error(&request, &ErrorKind::Dependency);
        assert_eq!(response.status(), 409);
        assert_eq!(
            KindDialect.error_code(&response).as_deref(),
            Some("it is still in use")
        );
    }
}

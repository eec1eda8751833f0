//! The API server of one cluster: requests in, answers out.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use jiff::Timestamp;
use kubeproof_simkit::cloud::Reply;
use serde_json::{Value, json};

use crate::api::create::WriteResponse;
use crate::api::delete::Options as DeleteOptions;
use crate::api::field_managers::Writer;
use crate::api::options::{self, Options};
use crate::api::route::{Route, Target, query, route};
use crate::api::selectors::Selector;
use crate::api::watch;
use crate::api::watch::HeldWatches;
use crate::api::{access, access_review, change, create, delete, eviction, list, scale, tokens};
use crate::cluster::Cluster;
use crate::controllers::{namespaces, volumes};
use crate::kubectl::openapi;
use crate::node::{logs, nodes, remote};
use crate::store::Key;
use crate::store::types::Type;
use crate::wire::status::{Failure, json_response, no_such_path, response};
use crate::wire::{body, discovery};

mod cloud_side;

pub use cloud_side::IssuedToken;

/// The warning to a client that deletes a job without a propagation policy.
const ORPHANS: &str = "child pods are preserved by default when jobs are deleted; set \
                       propagationPolicy=Background to remove them or set \
                       propagationPolicy=Orphan to suppress this warning";

/// Who a request comes from, as the cloud's authenticator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// No credentials, or unknown ones: 401.
    Unauthenticated,
    /// A known user.
    User {
        /// User name.
        name: String,
        /// Groups, `system:masters` among them for administrators.
        groups: Vec<String>,
    },
}

/// One cluster's API server.
#[derive(Clone)]
pub struct ApiServer {
    cluster: Cluster,
    held: HeldWatches,
}

impl fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiServer")
            .field("cluster", &self.cluster.name)
            .finish_non_exhaustive()
    }
}

impl ApiServer {
    /// A fresh cluster with its default namespaces, of this Kubernetes version (`1.34`).
    pub fn new(cluster: &str, version: &str, seed: u64, now: Timestamp) -> Self {
        let mut cluster = Cluster::new(cluster, version, seed, now);
        for name in ["default", "kube-system", "kube-public", nodes::LEASES] {
            namespaces::make(&mut cluster, name);
        }
        let kubernetes = json!({
            "metadata": {
                "name": "kubernetes",
                "labels": {"component": "apiserver", "provider": "kubernetes"},
            },
            "spec": {
                "type": "ClusterIP", "clusterIP": "172.20.0.1", "clusterIPs": ["172.20.0.1"],
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}],
            },
            "status": {"loadBalancer": {}},
        });
        cluster.add(Type::of("services"), "default", kubernetes);
        let class = Type::of("storageclasses.storage.k8s.io");
        cluster.add(class, "", volumes::default_class());
        cluster.settle();
        // What made the cluster is history, as after a real server's first compaction.
        cluster.store.forget();
        Self {
            cluster,
            held: HeldWatches::default(),
        }
    }

    /// Runs everything that is due until `to`.
    pub fn advance(&mut self, to: Timestamp) {
        self.cluster.advance(to);
    }

    /// A number that grows with each change of an object.
    pub fn changes(&self) -> u64 {
        self.cluster.store.version()
    }

    /// Answers a request of an identity.
    pub fn answer(&mut self, identity: &Identity, request: &Request<Bytes>) -> Reply {
        self.dispatch(identity, request)
            .unwrap_or_else(|failure| Reply::Now(failure.response()))
    }

    fn dispatch(
        &mut self,
        identity: &Identity,
        request: &Request<Bytes>,
    ) -> Result<Reply, Failure> {
        // A caller that the cloud does not know may hold a token of the cluster.
        let own = tokens::caller(&self.cluster, request);
        let identity = own.as_ref().unwrap_or(identity);
        let Identity::User { name, groups } = identity else {
            return Err(Failure::unauthorized());
        };
        let query = query(request);
        access::check(name, groups, request, &query)?;
        let path = request.uri().path();
        let accept = request
            .headers()
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let reply = match route(path) {
            Route::Discovery(parts) => discovery::answer(&parts, accept),
            Route::OpenApi2 => openapi::v2(accept),
            Route::OpenApi(rest) => openapi::answer(&rest),
            Route::Version => self.version(),
            Route::Health => response(200, "text/plain; charset=utf-8", "ok".to_owned()),
            Route::Review(kind) if request.method() == Method::POST => {
                let options = Options::read("CreateOptions", request, &query)?;
                answered(access_review::answer(kind, identity, request, &options)?)
            }
            Route::Review(_) => return Err(Failure::method_not_allowed()),
            Route::OnlyReal(what) => {
                return Err(Failure::not_simulated(&format!(
                    "{} {what}",
                    request.method()
                )));
            }
            Route::Unknown => no_such_path(),
            Route::NoResource => return Err(Failure::no_such_resource()),
            Route::Resource(target) => {
                let verb = verb(request.method(), &target, &query)?;
                return self.serve(verb, &target, request, &query);
            }
        };
        Ok(Reply::Now(reply))
    }

    fn version(&self) -> Response<Bytes> {
        let version = &self.cluster.version;
        let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
        let body = json!({
            "major": major, "minor": minor, "gitVersion": format!("v{version}.0"),
            "gitCommit": "0000000000000000000000000000000000000000", "gitTreeState": "clean",
            "buildDate": "2025-08-27T00:00:00Z", "goVersion": "go1.24", "compiler": "gc",
            "platform": "linux/amd64",
        });
        json_response(200, &body)
    }

    fn serve(
        &mut self,
        verb: &str,
        target: &Target,
        request: &Request<Bytes>,
        query: &BTreeMap<String, String>,
    ) -> Result<Reply, Failure> {
        let subresource = target.subresource.as_deref();
        let reads = subresource != Some("token") && ["get", "watch", "list"].contains(&verb);
        match (subresource, verb) {
            (None, _) | (Some("status" | "scale"), "get" | "update" | "patch") => {}
            (Some("log"), "get") => {
                return logs::log(&self.cluster, target, query, request.extensions().get());
            }
            (Some("attach" | "exec"), "create" | "get") => {
                let answer = remote::answer(&self.cluster, target, request)?;
                return Ok(Reply::Now(answer));
            }
            (Some("finalize"), "update") | (Some("eviction" | "token"), "create") => {}
            _ => return Err(Failure::method_not_allowed()),
        }
        if reads {
            return self.read(verb, target, request, query);
        }
        let cluster = &mut self.cluster;
        let key = key(target);
        let kind = match verb {
            "create" => "CreateOptions",
            "update" => "UpdateOptions",
            "patch" => "PatchOptions",
            "delete" => {
                let options = DeleteOptions::of_request(&body::json(request)?, query)?;
                let (body, warn) = delete::delete(cluster, target.of, &key, &options)?;
                create::after_change(cluster, target.of);
                let warnings = warn.then(|| ORPHANS.to_owned()).into_iter().collect();
                let done = WriteResponse {
                    warnings,
                    ..WriteResponse::new(200, body)
                };
                return Ok(Reply::Now(answered(done)));
            }
            _ => {
                let body = self.delete_all(target, request, query)?;
                return Ok(Reply::Now(answered(WriteResponse::new(200, body))));
            }
        };
        let options = Options::read(kind, request, query)?;
        let now = cluster.stamp();
        let writer = Writer {
            manager: &options.manager,
            applies: options::media_type(request) == options::APPLY,
            subresource,
            now: &now,
        };
        let done = match (verb, subresource) {
            ("create", Some("token")) => tokens::request(cluster, &key, request, &options)?,
            ("create", Some("eviction")) => {
                eviction::evict(cluster, target, &key, request, &options)?
            }
            (_, Some("scale")) => {
                scale::write(cluster, target, key, verb, request, &writer, &options)?
            }
            ("create", _) => {
                let (kind, version) = (target.of.kind, target.of.api_version());
                let (object, warnings) = body::object(kind, &version, request, options.validation)?;
                let body = create::create(cluster, target, object, &writer, &options)?;
                WriteResponse {
                    warnings,
                    ..WriteResponse::new(201, body)
                }
            }
            ("update", _) => change::replace(cluster, target, request, &writer, &options)?,
            _ => change::patch(cluster, target, request, &writer, &options)?,
        };
        Ok(Reply::Now(answered(done)))
    }

    fn read(
        &mut self,
        verb: &str,
        target: &Target,
        request: &Request<Bytes>,
        query: &BTreeMap<String, String>,
    ) -> Result<Reply, Failure> {
        let cluster = &self.cluster;
        let form = list::form(request, query)?;
        let key = key(target);
        let body = match verb {
            "watch" => return watch::watch(cluster, &mut self.held, target, request, query),
            "list" => return list::list(cluster, target, form, query).map(Reply::Now),
            _ if target.subresource.as_deref() == Some("scale") => {
                scale::read(cluster, target, &key)?
            }
            _ => {
                let object = cluster.store.get(&key);
                let object = object.ok_or_else(|| Failure::not_found(target.of, &key.name))?;
                list::shown(cluster, target, form, object)
            }
        };
        Ok(Reply::Now(json_response(200, &body)))
    }

    fn delete_all(
        &mut self,
        target: &Target,
        request: &Request<Bytes>,
        query: &BTreeMap<String, String>,
    ) -> Result<Value, Failure> {
        if target.of.id == "namespaces" {
            return Err(Failure::method_not_allowed());
        }
        let options = DeleteOptions::of_request(&body::json(request)?, query)?;
        let selector = Selector::of_query(target.of, query)?;
        let chosen: Vec<(Key, Value)> = self
            .cluster
            .store
            .of_type(target.of.id, target.namespace.as_deref())
            .filter(|(_, object)| selector.selects(object))
            .map(|(key, object)| (key.clone(), object.clone()))
            .collect();
        let mut items = Vec::new();
        for (key, object) in chosen {
            delete::delete(&mut self.cluster, target.of, &key, &options)?;
            items.push(object);
        }
        create::after_change(&mut self.cluster, target.of);
        Ok(json!({
            "kind": format!("{}List", target.of.kind), "apiVersion": target.of.api_version(),
            "metadata": {"resourceVersion": self.cluster.store.version().to_string()},
            "items": items,
        }))
    }
}

fn key(target: &Target) -> Key {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    Key::new(
        target.of.id,
        namespace,
        target.name.as_deref().unwrap_or_default(),
    )
}

/// The API verb of a request: `list`, `deletecollection`, …
fn verb(
    method: &Method,
    target: &Target,
    query: &BTreeMap<String, String>,
) -> Result<&'static str, Failure> {
    let watching = query
        .get("watch")
        .is_some_and(|value| value == "true" || value == "1");
    Ok(match (method.as_str(), target.name.is_some()) {
        ("GET", false) if watching => "watch",
        ("GET", false) => "list",
        ("GET" | "HEAD", true) => "get",
        ("POST", false) if target.namespace.is_some() == target.of.namespaced => "create",
        ("POST", true) if target.subresource.is_some() => "create",
        ("PUT", true) => "update",
        ("PATCH", true) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) if target.namespace.is_some() == target.of.namespaced => {
            "deletecollection"
        }
        _ => return Err(Failure::method_not_allowed()),
    })
}

/// The answer to a write, with its warnings.
fn answered(done: WriteResponse) -> Response<Bytes> {
    let mut response = json_response(done.code, &done.body);
    for warning in done.warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = header::HeaderValue::try_from(format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

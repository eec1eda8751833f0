//! Compares the simulator's schema with the `OpenAPI` description of a real server. The same code rewrites the file
//! for another version of Kubernetes.

use std::collections::BTreeMap;

use http::Request;
use kube::client::Body;
use serde_json::{Map, Value};

/// Names a file that the condensed description is written to.
const WRITE: &str = "KUBEPROOF_CONFORMANCE_WRITE_SCHEMA";
const SCHEMA: &str = include_str!("../../../simulator/src/store/schema.txt");

/// The groups that the types are in.
const GROUPS: [&str; 10] = [
    "api/v1",
    "apis/apps/v1",
    "apis/authentication.k8s.io/v1",
    "apis/authorization.k8s.io/v1",
    "apis/autoscaling/v1",
    "apis/batch/v1",
    "apis/coordination.k8s.io/v1",
    "apis/networking.k8s.io/v1",
    "apis/policy/v1",
    "apis/storage.k8s.io/v1",
];

/// The types that the simulator stores or reads.
const ROOTS: [&str; 32] = [
    "io.k8s.api.apps.v1.ControllerRevision",
    "io.k8s.api.apps.v1.DaemonSet",
    "io.k8s.api.apps.v1.Deployment",
    "io.k8s.api.apps.v1.ReplicaSet",
    "io.k8s.api.apps.v1.StatefulSet",
    "io.k8s.api.authentication.v1.SelfSubjectReview",
    "io.k8s.api.authentication.v1.TokenRequest",
    "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
    "io.k8s.api.autoscaling.v1.Scale",
    "io.k8s.api.batch.v1.CronJob",
    "io.k8s.api.batch.v1.Job",
    "io.k8s.api.coordination.v1.Lease",
    "io.k8s.api.core.v1.ConfigMap",
    "io.k8s.api.core.v1.Endpoints",
    "io.k8s.api.core.v1.Event",
    "io.k8s.api.core.v1.Namespace",
    "io.k8s.api.core.v1.Node",
    "io.k8s.api.core.v1.PersistentVolume",
    "io.k8s.api.core.v1.PersistentVolumeClaim",
    "io.k8s.api.core.v1.Pod",
    "io.k8s.api.core.v1.Secret",
    "io.k8s.api.core.v1.Service",
    "io.k8s.api.core.v1.ServiceAccount",
    "io.k8s.api.networking.v1.Ingress",
    "io.k8s.api.networking.v1.IngressClass",
    "io.k8s.api.networking.v1.NetworkPolicy",
    "io.k8s.api.policy.v1.Eviction",
    "io.k8s.api.policy.v1.PodDisruptionBudget",
    "io.k8s.api.storage.v1.CSIDriver",
    "io.k8s.api.storage.v1.CSINode",
    "io.k8s.api.storage.v1.StorageClass",
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
];

async fn get(client: &kube::Client, path: &str) -> Result<Value, String> {
    let request = Request::get(path)
        .body(Body::empty())
        .map_err(|error| error.to_string())?;
    let response = client
        .send(request)
        .await
        .map_err(|error| error.to_string())?;
    let bytes = response.into_body().collect_bytes().await;
    let bytes = bytes.map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{path}: {error}"))
}

/// Compares the schema with the server's. A server of another version is skipped, with the reason.
pub async fn check(client: &kube::Client) -> Result<(), String> {
    let version = get(client, "/version").await?;
    let version = format!(
        "v{}.{}",
        version["major"].as_str().unwrap_or_default(),
        version["minor"].as_str().unwrap_or_default()
    );
    let mut types = Map::new();
    for group in GROUPS {
        let document = get(client, &format!("/openapi/v3/{group}")).await?;
        let schemas = document["components"]["schemas"].as_object().cloned();
        types.extend(schemas.ok_or_else(|| format!("/openapi/v3/{group} has no schemas"))?);
    }
    let condensed = Condenser::default().condense(&types, &version)?;
    if let Ok(path) = std::env::var(WRITE) {
        return std::fs::write(&path, condensed).map_err(|error| format!("{path}: {error}"));
    }
    if SCHEMA.lines().next() != condensed.lines().next() {
        let ours = SCHEMA.lines().next().unwrap_or_default();
        eprintln!("the schema is of another version, nothing was compared: {ours}");
        return Ok(());
    }
    let both = SCHEMA.lines().zip(condensed.lines());
    if let Some((ours, theirs)) = both.clone().find(|(ours, theirs)| ours != theirs) {
        return Err(format!(
            "the schema says `{ours}`, the server says `{theirs}`; write it anew with {WRITE}"
        ));
    }
    if SCHEMA.lines().count() == condensed.lines().count() {
        Ok(())
    } else {
        Err(format!(
            "the schema and the server's differ in length; write it anew with {WRITE}"
        ))
    }
}

/// Condenses `OpenAPI`: a line per type, and one per field.
#[derive(Default)]
struct Condenser {
    lines: BTreeMap<String, (String, Vec<String>)>,
    ids: BTreeMap<String, String>,
    left: Vec<String>,
}

impl Condenser {
    fn condense(mut self, types: &Map<String, Value>, version: &str) -> Result<String, String> {
        for root in ROOTS {
            self.want(root)?;
        }
        while let Some(id) = self.left.pop() {
            let name = short(&id).to_owned();
            if self.lines.contains_key(&name) {
                continue;
            }
            let described = types
                .get(&id)
                .ok_or_else(|| format!("{id} is not described"))?;
            let atomic = described["x-kubernetes-map-type"] == "atomic";
            let head = if atomic {
                format!("{name} atomic")
            } else {
                name.clone()
            };
            let mut fields = Vec::new();
            let properties = described["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            let sorted: BTreeMap<_, _> = properties.iter().collect();
            for (field, schema) in sorted {
                let shape = self.shape(schema, types)?;
                fields.push(format!("  {field} {shape}{}", marks(schema)));
            }
            self.lines.insert(name, (head, fields));
        }
        let mut text = format!(
            "# The fields of the API types of Kubernetes {version}, from the OpenAPI description of \
             its API server.\n"
        );
        for (head, fields) in self.lines.values() {
            text += &format!("{head}\n{}\n", fields.join("\n"));
        }
        Ok(text)
    }

    fn want(&mut self, id: &str) -> Result<String, String> {
        let name = short(id).to_owned();
        let known = self
            .ids
            .entry(name.clone())
            .or_insert_with(|| id.to_owned());
        if known != id {
            return Err(format!("two types are named {name}: {known} and {id}"));
        }
        self.left.push(id.to_owned());
        Ok(name)
    }

    fn shape(&mut self, schema: &Value, types: &Map<String, Value>) -> Result<String, String> {
        if let Some(id) = reference(schema) {
            // Its name is that of a type of another group.
            if id == "io.k8s.api.storage.v1.TokenRequest" {
                return Ok("any".to_owned());
            }
            let described = types
                .get(id)
                .ok_or_else(|| format!("{id} is not described"))?;
            if described.get("properties").is_some() {
                return self.want(id);
            }
            let plain = match short(id) {
                "Quantity" => "quantity",
                "IntOrString" => "intstr",
                _ if described["format"] == "date-time" => "time",
                _ => "any",
            };
            return Ok(plain.to_owned());
        }
        Ok(match schema["type"].as_str().unwrap_or_default() {
            "array" => format!("[{}]", self.shape(&schema["items"], types)?),
            "object" if schema["additionalProperties"].is_object() => {
                format!(
                    "{{{}}}",
                    self.shape(&schema["additionalProperties"], types)?
                )
            }
            "object" => "any".to_owned(),
            "string" if schema["format"] == "byte" => "bytes".to_owned(),
            plain @ ("string" | "integer" | "number" | "boolean") => plain.to_owned(),
            other => return Err(format!("a schema of type `{other}`: {schema}")),
        })
    }
}

fn short(id: &str) -> &str {
    id.rsplit('.').next().unwrap_or(id)
}

fn reference(schema: &Value) -> Option<&str> {
    let whole = schema
        .get("$ref")
        .or_else(|| schema["allOf"][0].get("$ref"))?;
    whole.as_str()?.rsplit('/').next()
}

/// How a field merges, and its default.
fn marks(schema: &Value) -> String {
    let of = |name: &str| schema.get(format!("x-kubernetes-{name}"));
    let text = |name: &str| of(name).and_then(Value::as_str).unwrap_or_default();
    let mut marks = String::new();
    match text("list-type") {
        "set" => marks += " set",
        "map" => {
            let keys: Vec<&str> = of("list-map-keys")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            marks += &format!(" keys={}", keys.join(","));
        }
        _ => {}
    }
    if ["atomic", "granular"].contains(&text("map-type")) {
        marks += &format!(" {}", text("map-type"));
    }
    let strategies: Vec<&str> = text("patch-strategy").split(',').collect();
    if strategies.contains(&"merge") {
        marks += &format!(" merge={}", text("patch-merge-key"));
    }
    if strategies.contains(&"retainKeys") {
        marks += " retain";
    }
    match &schema["default"] {
        Value::String(default) if !default.is_empty() => marks += &format!(" default={default}"),
        Value::Bool(true) => marks += " default=true",
        Value::Number(default) if default.as_i64() != Some(0) => {
            marks += &format!(" default={default}");
        }
        _ => {}
    }
    marks
}

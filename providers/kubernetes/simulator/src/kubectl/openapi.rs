//! `OpenAPI`: in version 3 the fields of all types and how they merge, without their descriptions.
//!
//! kubectl explains types by it, computes patches by it, and refuses to apply without it. kubectl 1.27 reads version 2,
//! in protobuf, and accepts a type that is not described there: that one is a stub.

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json};

use crate::store::schema::{self, Field, Shape};
use crate::store::types::{GROUPS, TYPES, Type};
use crate::wire::status::{json_response, no_such_path, response};

/// The media types of version 2 in protobuf: as kubectl 1.27 asks for it, and as a server names what it
/// gives (kube-openapi's handler: an `@` is no character of a media type).
const V2_PROTOBUF_ASKED: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// gnostic's `Document` of nothing: `swagger` (field 1) "2.0", `info` (2) with `title` (1) and `version`
/// (2), empty `paths` (8) and `definitions` (9).
const V2_DOCUMENT: &[u8] =
    b"\x0a\x032.0\x12\x19\x0a\x0aKubernetes\x12\x0bunversioned\x42\x00\x4a\x00";

/// Answers `/openapi/v2`.
pub(crate) fn v2(accept: &str) -> Response<Bytes> {
    if !accept.contains(V2_PROTOBUF) && !accept.contains(V2_PROTOBUF_ASKED) {
        let info = json!({"title": "Kubernetes", "version": "unversioned"});
        let document = json!({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}});
        return json_response(200, &document);
    }
    let mut response = response(200, V2_PROTOBUF, String::new());
    *response.body_mut() = Bytes::from_static(V2_DOCUMENT);
    response
}

/// Answers a path below `/openapi/v3`.
pub(crate) fn answer(rest: &[String]) -> Response<Bytes> {
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => {
            let mut paths = Map::new();
            for path in std::iter::once("api/v1".to_owned())
                .chain(GROUPS.iter().map(|group| format!("apis/{group}/v1")))
            {
                let url = format!("/openapi/v3/{path}?hash=1");
                paths.insert(path, json!({"serverRelativeURL": url}));
            }
            json_response(200, &json!({"paths": paths}))
        }
        ["api", "v1"] => json_response(200, &document("")),
        ["apis", group, "v1"] if GROUPS.contains(group) => json_response(200, &document(group)),
        _ => no_such_path(),
    }
}

fn document(group: &str) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for known in TYPES.iter().filter(|known| known.group == group) {
        let kind = json!({"group": group, "version": "v1", "kind": known.kind});
        let validation = json!([{"name": "fieldValidation", "in": "query"}]);
        let operation = json!({"parameters": validation, "x-kubernetes-group-version-kind": kind});
        paths.insert(path(known), json!({"patch": operation}));
        describe(group, known.kind, &mut schemas);
        if let Some(schema) = schemas.get_mut(&id(group, known.kind)) {
            schema["x-kubernetes-group-version-kind"] = json!([kind]);
        }
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths, "components": {"schemas": schemas},
    })
}

/// The name of a type in a document. Parts of other groups are described under the group of the document too.
fn id(group: &str, name: &str) -> String {
    format!("io.k8s.api.{}.v1.{name}", group_word(group))
}

/// Describes a type, and all that it consists of.
fn describe(group: &str, name: &'static str, schemas: &mut Map<String, Value>) {
    let Some(of) = schema::find(name).filter(|_| !schemas.contains_key(&id(group, name))) else {
        return;
    };
    // The place is taken first: some types contain themselves.
    schemas.insert(id(group, name), Value::Null);
    let mut properties = Map::new();
    for (field, what) in of.fields() {
        properties.insert(field.to_owned(), property(group, what, schemas));
    }
    let mut described = json!({"type": "object", "properties": properties});
    if of.is_atomic() {
        described["x-kubernetes-map-type"] = "atomic".into();
    }
    schemas.insert(id(group, name), described);
}

/// A field: its type, and how lists and objects in it merge.
fn property(group: &str, field: &Field, schemas: &mut Map<String, Value>) -> Value {
    let mut property = shape(group, &field.shape, schemas);
    let mut strategies = Vec::new();
    if !field.keys.is_empty() {
        property["x-kubernetes-list-type"] = "map".into();
        property["x-kubernetes-list-map-keys"] = json!(field.keys);
    } else if field.is_set {
        property["x-kubernetes-list-type"] = "set".into();
    }
    if let Some(key) = field.merge_key {
        strategies.push("merge");
        if !key.is_empty() {
            property["x-kubernetes-patch-merge-key"] = key.into();
        }
    }
    if field.retains_keys {
        strategies.push("retainKeys");
    }
    if !strategies.is_empty() {
        property["x-kubernetes-patch-strategy"] = strategies.join(",").into();
    }
    property
}

fn shape(group: &str, shape_: &Shape, schemas: &mut Map<String, Value>) -> Value {
    match shape_ {
        Shape::Text | Shape::Quantity => json!({"type": "string"}),
        Shape::Bytes => json!({"type": "string", "format": "byte"}),
        Shape::Integer => json!({"type": "integer"}),
        Shape::Number => json!({"type": "number"}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::IntegerOrText => json!({
            "format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}],
        }),
        Shape::Any => json!({"type": "object"}),
        Shape::Object(name) => {
            describe(group, name, schemas);
            let reference = format!("#/components/schemas/{}", id(group, name));
            json!({"allOf": [{"$ref": reference}]})
        }
        Shape::List(inner) => json!({"type": "array", "items": shape(group, inner, schemas)}),
        Shape::Map(inner) => {
            json!({"type": "object", "additionalProperties": shape(group, inner, schemas)})
        }
    }
}

fn group_word(group: &str) -> &str {
    if group.is_empty() {
        "core"
    } else {
        group.split('.').next().unwrap_or(group)
    }
}

fn path(known: &Type) -> String {
    let base = if known.group.is_empty() {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{}/v1", known.group)
    };
    let place = if known.namespaced {
        "/namespaces/{namespace}"
    } else {
        ""
    };
    format!("{base}{place}/{}/{{name}}", known.plural)
}

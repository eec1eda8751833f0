//! Listing: selection, pages, and the forms in which clients ask for objects.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response, header};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::failure::{Failure, json_response};
use crate::json::{set, text};
use crate::nodes;
use crate::route::Target;
use crate::selectors::Selector;
use crate::store::Key;
use crate::tables;

/// The form in which a client wants an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Whole,
    /// As a table for people.
    Table,
    /// Only its metadata.
    Metadata,
}

/// The form that a request asks for.
pub(crate) fn form(request: &Request<Bytes>) -> Form {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if accept.contains("as=Table") {
        Form::Table
    } else if accept.contains("as=PartialObjectMetadata") {
        Form::Metadata
    } else {
        Form::Whole
    }
}

/// Lists a type, one page at a time when a limit is given.
pub(crate) fn list(
    cluster: &Cluster,
    target: &Target,
    form: Form,
    query: &BTreeMap<String, String>,
) -> Result<Response<Bytes>, Failure> {
    let selector = Selector::of_query(target.of, query)?;
    let limit = match query.get("limit") {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| Failure::bad_request(format!("limit `{text}` is not a number")))?,
    };
    let (version, after) = match query.get("continue").filter(|token| !token.is_empty()) {
        None => (cluster.store.version().to_string(), None),
        Some(token) => read_token(token)?,
    };
    let mut selected: Vec<(&Key, &Value)> = cluster
        .store
        .of_type(target.of.id, target.namespace.as_deref())
        .filter(|(key, _)| {
            after
                .as_ref()
                .is_none_or(|last| (&key.namespace, &key.name) > (&last.0, &last.1))
        })
        .filter(|(_, object)| selector.selects(object))
        .collect();
    let remaining = if limit > 0 {
        selected.len().saturating_sub(limit)
    } else {
        0
    };
    selected.truncate(selected.len() - remaining);
    let mut metadata = json!({"resourceVersion": version});
    if remaining > 0
        && let Some((key, _)) = selected.last()
    {
        set(&mut metadata, "/continue", write_token(&version, key));
        // A real server cannot count what a selector would leave over, and leaves the number out.
        if selector.is_empty() {
            set(&mut metadata, "/remainingItemCount", remaining);
        }
    }
    let objects: Vec<Value> = selected
        .into_iter()
        .map(|(key, object)| presented(cluster, key, object))
        .collect();
    let body = match form {
        Form::Table => tables::table(target.of, &objects, metadata, cluster.now),
        Form::Metadata => json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": objects.iter().map(tables::partial).collect::<Vec<_>>(),
        }),
        Form::Whole => json!({
            "kind": format!("{}List", target.of.kind), "apiVersion": target.of.api_version(),
            "metadata": metadata, "items": objects,
        }),
    };
    Ok(json_response(200, &body))
}

/// One object, in the form that is asked for.
pub(crate) fn shown(cluster: &Cluster, target: &Target, form: Form, object: &Value) -> Value {
    let key = Key::new(
        target.of.id,
        text(object, "/metadata/namespace"),
        text(object, "/metadata/name"),
    );
    let object = presented(cluster, &key, object);
    match form {
        Form::Whole => object,
        Form::Metadata => tables::partial(&object),
        Form::Table => {
            let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
            tables::table(target.of, &[object], metadata, cluster.now)
        }
    }
}

fn presented(cluster: &Cluster, key: &Key, object: &Value) -> Value {
    if key.resource == "leases.coordination.k8s.io" {
        nodes::renewed(cluster, key, object)
    } else {
        object.clone()
    }
}

fn write_token(version: &str, last: &Key) -> String {
    let token = json!({"rv": version, "namespace": last.namespace, "name": last.name});
    URL_SAFE_NO_PAD.encode(token.to_string())
}

fn read_token(token: &str) -> Result<(String, Option<(String, String)>), Failure> {
    let wrong = || Failure::bad_request("continue key is not valid");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    let version = text(&value, "/rv").to_owned();
    let last = (
        text(&value, "/namespace").to_owned(),
        text(&value, "/name").to_owned(),
    );
    if last.1.is_empty() {
        Err(wrong())
    } else {
        Ok((version, Some(last)))
    }
}

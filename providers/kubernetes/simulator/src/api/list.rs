//! Lists: selection, consistent pages, and the forms in which clients ask for objects.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response, header};
use serde_json::{Value, json};

use crate::api::route::Target;
use crate::api::selectors::Selector;
use crate::cluster::Cluster;
use crate::json::{remove, set, text};
use crate::kubectl::tables::{self, Include};
use crate::node::nodes;
use crate::store::Key;
use crate::wire::status::{Failure, json_response};

/// The form in which a client wants an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Whole,
    /// As a table, with this much of each object.
    Table(Include),
    /// Only its metadata.
    Metadata,
}

/// The form that a request asks for: the first acceptable one that exists.
pub(crate) fn form(
    request: &Request<Bytes>,
    query: &BTreeMap<String, String>,
) -> Result<Form, Failure> {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if accept.trim().is_empty() {
        return Ok(Form::Whole);
    }
    let include = match query.get("includeObject").map(String::as_str) {
        Some("None") => Include::Nothing,
        Some("Object") => Include::Object,
        _ => Include::Metadata,
    };
    let forms = accept.split(',').filter_map(|clause| {
        let mut words = clause.split(';').map(str::trim);
        let json = matches!(words.next()?, "application/json" | "*/*");
        match words.find_map(|word| word.strip_prefix("as=")) {
            _ if !json => None,
            None => Some(Form::Whole),
            Some("Table") => Some(Form::Table(include)),
            Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(Form::Metadata),
            Some(_) => None,
        }
    });
    forms.into_iter().next().ok_or_else(Failure::not_acceptable)
}

/// Where a page begins, and which version it shows.
struct Page {
    version: u64,
    after: Option<(String, String)>,
    limit: usize,
}

/// Lists a type, page by page if a limit is given. All pages show the version of the first.
pub(crate) fn list(
    cluster: &Cluster,
    target: &Target,
    form: Form,
    query: &BTreeMap<String, String>,
) -> Result<Response<Bytes>, Failure> {
    let selector = Selector::of_query(target.of, query)?;
    let page = page(cluster, query)?;
    let mut selected: Vec<(Key, Value)> = cluster
        .store
        .of_type_at(target.of.id, target.namespace.as_deref(), page.version)
        .into_iter()
        .filter(|(key, _)| {
            page.after
                .as_ref()
                .is_none_or(|last| (&key.namespace, &key.name) > (&last.0, &last.1))
        })
        .filter(|(_, object)| selector.selects(object))
        .collect();
    let remaining = if page.limit > 0 {
        selected.len().saturating_sub(page.limit)
    } else {
        0
    };
    selected.truncate(selected.len() - remaining);
    let version = page.version.to_string();
    let mut metadata = json!({"resourceVersion": version});
    if remaining > 0
        && let Some((key, _)) = selected.last()
    {
        set(&mut metadata, "/continue", write_token(&version, key));
        // A real server cannot count what a selector leaves, and omits the number.
        if selector.is_empty() {
            set(&mut metadata, "/remainingItemCount", remaining);
        }
    }
    let objects: Vec<Value> = selected
        .iter()
        .map(|(key, object)| presented(cluster, key, object))
        .collect();
    let body = match form {
        Form::Table(include) => tables::table(target.of, &objects, metadata, cluster.now, include),
        Form::Metadata => json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": objects.iter().map(tables::partial).collect::<Vec<_>>(),
        }),
        Form::Whole => json!({
            "kind": format!("{}List", target.of.kind), "apiVersion": target.of.api_version(),
            "metadata": metadata, "items": objects.into_iter().map(untyped).collect::<Vec<_>>(),
        }),
    };
    Ok(json_response(200, &body))
}

/// An object in a list, without kind and version: the list has them.
fn untyped(mut object: Value) -> Value {
    remove(&mut object, "/kind");
    remove(&mut object, "/apiVersion");
    object
}

fn page(cluster: &Cluster, query: &BTreeMap<String, String>) -> Result<Page, Failure> {
    let of = |name: &str| query.get(name).map_or("", String::as_str);
    let limit: i64 = match of("limit") {
        "" => 0,
        text => text.parse().map_err(|_| {
            Failure::bad_request(format!(
                "strconv.ParseInt: parsing \"{text}\": invalid syntax"
            ))
        })?,
    };
    let limit = usize::try_from(limit).unwrap_or(0);
    let now = cluster.store.version();
    let (version, after) = match of("continue") {
        "" => (
            asked_version(of("resourceVersion"), of("resourceVersionMatch"), now)?,
            None,
        ),
        token => read_token(token)?,
    };
    if version < cluster.store.forgotten() {
        return Err(Failure::expired_list());
    }
    Ok(Page {
        version,
        after,
        limit,
    })
}

/// The version that a list must show: only an exact match asks for one in the past.
fn asked_version(asked: &str, matching: &str, now: u64) -> Result<u64, Failure> {
    if !matching.is_empty() && asked.is_empty() {
        let what =
            "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided";
        let errors = [("resourceVersionMatch".to_owned(), what.to_owned())];
        return Err(Failure::invalid_options("ListOptions", &errors));
    }
    if asked.is_empty() || asked == "0" {
        return Ok(now);
    }
    let version: u64 = asked.parse().map_err(|_| {
        Failure::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: \"{asked}\": \
             strconv.ParseUint: parsing \"{asked}\": invalid syntax"
        ))
    })?;
    if version > now {
        return Err(Failure::too_large_version(version, now));
    }
    Ok(if matching == "Exact" { version } else { now })
}

/// One object, in the requested form.
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
        Form::Table(include) => {
            let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
            tables::table(target.of, &[object], metadata, cluster.now, include)
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

fn read_token(token: &str) -> Result<(u64, Option<(String, String)>), Failure> {
    let wrong = || Failure::bad_request("invalid continue token: continue key is not valid");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    let version = text(&value, "/rv").parse().map_err(|_| wrong())?;
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

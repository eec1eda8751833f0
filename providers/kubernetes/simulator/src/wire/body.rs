//! Reads the bodies of requests: JSON or protobuf, of the type that the path names, without unknown fields.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::api::options::{APPLY, Validation, media_type};
use crate::json::text;
use crate::kubectl::protobuf::{self, Unread};
use crate::store::types::Type;
use crate::wire::decode;
use crate::wire::status::Failure;

/// The media type that the message of a 415 names.
const READ: &str = "application/json";

/// The body of a request as JSON; null if it is empty.
pub(crate) fn json(request: &Request<Bytes>) -> Result<Value, Failure> {
    let media = media_type(request);
    if request.body().is_empty() {
        return Ok(Value::Null);
    }
    if media == protobuf::MEDIA {
        return from_protobuf(request);
    }
    // YAML is not simulated.
    if !media.is_empty() && !media.contains("json") && media != APPLY {
        return Err(Failure::media_type(media, READ));
    }
    serde_json::from_slice(request.body()).map_err(|error| {
        if media == APPLY {
            Failure::media_type(
                "YAML in an apply patch",
                "JSON in application/apply-patch+yaml",
            )
        } else {
            Failure::bad_request(format!("the body is not JSON: {error}"))
        }
    })
}

/// A body in protobuf, which clients of Kubernetes 1.32 and later send for typed commands.
fn from_protobuf(request: &Request<Bytes>) -> Result<Value, Failure> {
    protobuf::read(request.body()).map_err(|unread| match unread {
        Unread::Broken(why) => Failure::bad_request(format!("the body is not protobuf: {why}")),
        Unread::Unknown(what) => Failure::not_simulated(&format!("{what} in protobuf")),
    })
}

/// The object of a kind that a request sends, and the warnings about it.
pub(crate) fn object(
    kind: &'static str,
    version: &str,
    request: &Request<Bytes>,
    validation: Validation,
) -> Result<(Value, Vec<String>), Failure> {
    let media = media_type(request);
    let binary = media == protobuf::MEDIA;
    if !media.is_empty() && !media.contains("json") && !binary {
        return Err(Failure::media_type(media, READ));
    }
    let unrecognized = |why: String| {
        Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get \
             version/kind; json parse error: {why}"
        ))
    };
    let mut object: Value = if binary {
        from_protobuf(request)?
    } else {
        serde_json::from_slice(request.body()).map_err(|error| unrecognized(error.to_string()))?
    };
    if !object.is_object() {
        return Err(unrecognized("it is not an object".to_owned()));
    }
    check_type(kind, version, &object)?;
    let unfit = |why: String| {
        let words = format!("{kind} in version \"v1\" cannot be handled as a {kind}: {why}");
        Failure::bad_request(words)
    };
    let mut findings: Vec<String> = decode::prune(kind, &mut object)
        .map_err(|error| unfit(error.to_string()))?
        .into_iter()
        .map(|path| format!("unknown field \"{path}\""))
        .collect();
    if validation != Validation::Ignore && !binary {
        let twice = decode::duplicates(request.body());
        findings.extend(
            twice
                .into_iter()
                .map(|path| format!("duplicate field \"{path}\"")),
        );
    }
    match validation {
        Validation::Ignore => Ok((object, Vec::new())),
        Validation::Warn => Ok((object, findings)),
        Validation::Strict if findings.is_empty() => Ok((object, findings)),
        Validation::Strict => Err(unfit(format!(
            "strict decoding error: {}",
            findings.join(", ")
        ))),
    }
}

/// Whether a body is of the kind that the path names. Some clients leave out kind and version: the path has
/// them.
fn check_type(kind: &str, version: &str, object: &Value) -> Result<(), Failure> {
    let (given_version, given) = (text(object, "/apiVersion"), text(object, "/kind"));
    let refuse = |why: String| {
        let short = |version: &str| version.rsplit('/').next().unwrap_or_default().to_owned();
        let (given_version, of) = (short(given_version), short(version));
        let name = if given.is_empty() { kind } else { given };
        let shown = if given_version.is_empty() {
            of
        } else {
            given_version
        };
        Err(Failure::bad_request(format!(
            "{name} in version \"{shown}\" cannot be handled as a {kind}: {why}"
        )))
    };
    if !given_version.is_empty() && given_version != version {
        let why = format!("no kind \"{given}\" is registered for version \"{given_version}\"");
        return refuse(why);
    }
    if !given.is_empty() && given != kind {
        return refuse(format!(
            "converting (v1.{given}) to ({kind}): unknown conversion"
        ));
    }
    Ok(())
}

/// The object of an apply patch, checked in the order of a real server.
pub(crate) fn applied(of: &'static Type, request: &Request<Bytes>) -> Result<Value, Failure> {
    let mut wanted = json(request)?;
    let (version, kind) = (text(&wanted, "/apiVersion"), text(&wanted, "/kind"));
    if version != of.api_version() || kind != of.kind {
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        return Err(Failure::bad_request(format!(
            "invalid object type: {group}/{version}, Kind={kind}"
        )));
    }
    if wanted.pointer("/metadata/managedFields").is_some() {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    let unfit = |why: String| {
        let group = of.group;
        Failure::internal(format!(
            "failed to create typed patch object (/; {group}/v1, Kind={}): {why}",
            of.kind
        ))
    };
    let unknown = decode::prune(of.kind, &mut wanted).map_err(|error| unfit(error.to_string()))?;
    match unknown.first() {
        Some(path) => Err(unfit(format!(".{path}: field not declared in schema"))),
        None => Ok(wanted),
    }
}

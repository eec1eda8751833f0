//! Where log entries go: sinks, and the buckets that keep them. A deleted bucket goes after seven days.

use jiff::SignedDuration;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::named::{self, Collection, Named};
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Outcome, time};

/// An operation on buckets.
macro_rules! bucket {
    ($method:literal, $path:literal, $name:literal, $handler:expr) => {
        on(
            $method,
            concat!("/projects/{project}/locations/{location}/buckets", $path),
            concat!("logging.projects.locations.buckets.", $name),
            $handler,
        )
    };
}

#[rustfmt::skip]
pub(super) const TABLE: Table = table(&[
    on("GET", "/projects/{project}/sinks", "logging.projects.sinks.list", |state, call| named::list(state, call, &SINKS)),
    on("POST", "/projects/{project}/sinks", "logging.projects.sinks.create", create_sink),
    on("GET", "/projects/{project}/sinks/{sink}", "logging.projects.sinks.get", |state, call| named::get(state, call, &SINKS)),
    on("DELETE", "/projects/{project}/sinks/{sink}", "logging.projects.sinks.delete", delete_sink),
    bucket!("GET", "", "list", |state, call| named::list(state, call, &BUCKETS)),
    bucket!("POST", "", "create", create_bucket),
    bucket!("GET", "/{bucket}", "get", |state, call| named::get(state, call, &BUCKETS)),
    bucket!("DELETE", "/{bucket}", "delete", delete_bucket),
]);

const SINKS: Collection = Collection {
    member: "sinks",
    id: "",
    members: &["description", "destination", "disabled", "filter"],
    required: &["destination"],
    page: (1000, 100),
    shown: shown_sink,
};
const BUCKETS: Collection = Collection {
    member: "buckets",
    id: "bucketId",
    members: &["description", "retentionDays"],
    required: &[],
    page: (1000, 100),
    shown: shown_bucket,
};

const ACTIVE: &str = "ACTIVE";
const DELETE_REQUESTED: &str = "DELETE_REQUESTED";
/// A deleted bucket can be restored for so many days (discovery document of logging.v2).
const RESTORED_FOR: i64 = 7;
/// Logs are kept for so many days by default.
const RETENTION: u32 = 30;
/// The sinks and buckets that every project has, and that cannot be deleted.
const DEFAULTS: [&str; 2] = ["_Default", "_Required"];

/// Adds what every project has.
pub(crate) fn add_defaults(state: &mut State) {
    for name in DEFAULTS {
        let path = format!("locations/global/buckets/{name}");
        let destination = format!("logging.googleapis.com/{}", named::full(state, &path));
        let days = if name == "_Required" { 400 } else { RETENTION };
        let bucket = json!({"retentionDays": days});
        let sink = json!({"destination": destination});
        for (path, members) in [(path, bucket), (format!("sinks/{name}"), sink)] {
            let members = members.as_object().cloned().unwrap_or_default();
            named::add(state, path, ACTIVE, members);
        }
    }
}

fn is_default(one: &Named) -> bool {
    DEFAULTS.contains(&one.name())
}

/// Writes the times of creation and change, which defaults do not tell.
fn dated(one: &Named, document: &mut Value) {
    if !is_default(one) {
        document["createTime"] = json!(time(one.created));
        document["updateTime"] = json!(time(one.created));
    }
}

fn shown_sink(state: &State, one: &Named) -> Value {
    let mut document = one.document(state);
    document["resourceName"] = document["name"].take();
    document["name"] = json!(one.name());
    let number = state.setup.project_number;
    let writer = format!("service-{number}@gcp-sa-logging.iam.gserviceaccount.com");
    document["writerIdentity"] = json!(format!("serviceAccount:{writer}"));
    dated(one, &mut document);
    document
}

fn shown_bucket(state: &State, one: &Named) -> Value {
    let mut document = one.document(state);
    document["lifecycleState"] = json!(one.state);
    dated(one, &mut document);
    document
}

fn create_sink(state: &mut State, call: &Call<'_>) -> Outcome {
    let sink = named::create(state, call, &SINKS, ACTIVE)?;
    Ok(shown_sink(state, &sink))
}

fn create_bucket(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut bucket = named::create(state, call, &BUCKETS, ACTIVE)?;
    let days = json!(RETENTION);
    bucket.members.entry("retentionDays").or_insert(days);
    named::changed(state, &bucket.path)?.members = bucket.members.clone();
    // What is kept longer than 30 days is billed, and the export of it was never seen.
    state.unpriced.insert("Logging bucket".to_owned());
    Ok(shown_bucket(state, &bucket))
}

fn refuse_default(one: &Named) -> Result<(), ApiError> {
    if !is_default(one) {
        return Ok(());
    }
    let name = one.name();
    Err(ApiError::invalid(format!("{name} cannot be deleted.")))
}

fn delete_sink(state: &mut State, call: &Call<'_>) -> Outcome {
    let path = named::path(call);
    refuse_default(named::at(state, &path)?)?;
    named::remove(state, &path)?;
    Ok(json!({}))
}

fn delete_bucket(state: &mut State, call: &Call<'_>) -> Outcome {
    let path = named::path(call);
    refuse_default(named::at(state, &path)?)?;
    let ends = state.now + SignedDuration::from_hours(24 * RESTORED_FOR);
    let bucket = named::changed(state, &path)?;
    if bucket.state == ACTIVE {
        bucket.state = DELETE_REQUESTED;
        bucket.ends = Some(ends);
    }
    Ok(json!({}))
}

/// Sinks and buckets as an auditor sees them.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    let sinks = named::of(state, "sinks").map(sink);
    sinks
        .chain(named::of(state, "buckets").map(bucket))
        .collect()
}

fn sink(one: &Named) -> Resource {
    let is_disabled = one.members.get("disabled") == Some(&json!(true));
    let resource = one
        .resource("log_sink", one.name(), "global")
        .in_state(if is_disabled { "DISABLED" } else { "" }, Lifetime::Alive)
        .with("destination", one.text("destination"));
    if is_default(one) {
        resource
    } else {
        one.dated(resource)
    }
}

fn bucket(one: &Named) -> Resource {
    let lifetime = Lifetime::of_state(one.state, &[DELETE_REQUESTED], &[]);
    let id = format!("{}/{}", one.part(1), one.name());
    let resource = one
        .resource("log_bucket", &id, "global")
        .in_state(one.state, lifetime);
    if is_default(one) {
        resource
    } else {
        one.dated(resource)
    }
}

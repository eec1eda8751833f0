//! Cloud KMS, version 1: key rings, keys and their versions. What is destroyed is so a month later, and its key stays.

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::compute::zones;
use crate::named::{self, Collection, Named};
use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Object, Outcome, listed, time};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "cloudkms",
    host: "cloudkms.googleapis.com",
    base: "/v1",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[TABLE],
};

/// An operation on key rings and what is in them.
macro_rules! ring {
    ($method:literal, $path:literal, $name:literal, $handler:expr) => {
        on(
            $method,
            concat!("/projects/{project}/locations/{location}/keyRings", $path),
            concat!("cloudkms.projects.locations.keyRings.", $name),
            $handler,
        )
    };
}

/// An operation on keys and their versions.
macro_rules! key {
    ($method:literal, $path:literal, $name:literal, $handler:expr) => {
        on(
            $method,
            concat!(
                "/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys",
                $path
            ),
            concat!("cloudkms.projects.locations.keyRings.cryptoKeys.", $name),
            $handler,
        )
    };
}

#[rustfmt::skip]
const TABLE: Table = table(&[
    on("GET", "/projects/{project}/locations", "cloudkms.projects.locations.list", locations),
    ring!("GET", "", "list", |state, call| named::list(state, call, &RINGS)),
    ring!("POST", "", "create", create_ring),
    ring!("GET", "/{ring}", "get", |state, call| named::get(state, call, &RINGS)),
    key!("GET", "", "list", |state, call| named::list(state, call, &KEYS)),
    key!("POST", "", "create", create_key),
    key!("GET", "/{key}", "get", |state, call| named::get(state, call, &KEYS)),
    key!("GET", "/{key}/cryptoKeyVersions", "cryptoKeyVersions.list", |state, call| named::list(state, call, &VERSIONS)),
    key!("POST", "/{key}/cryptoKeyVersions", "cryptoKeyVersions.create", create_version),
    key!("GET", "/{key}/cryptoKeyVersions/{version}", "cryptoKeyVersions.get", |state, call| named::get(state, call, &VERSIONS)),
    key!("POST", "/{key}/cryptoKeyVersions/{version}:destroy", "cryptoKeyVersions.destroy", destroy),
]);

const RINGS: Collection = Collection {
    member: "keyRings",
    id: "keyRingId",
    members: &[],
    required: &[],
    page: (1000, 100),
    shown: shown_ring,
};
const KEYS: Collection = Collection {
    member: "cryptoKeys",
    id: "cryptoKeyId",
    members: &["labels", "purpose", "versionTemplate"],
    required: &["purpose"],
    page: (1000, 100),
    shown: shown_key,
};
const VERSIONS: Collection = Collection {
    member: "cryptoKeyVersions",
    id: "",
    members: &[],
    required: &[],
    page: (1000, 100),
    shown: shown_version,
};

/// The type of a key in inventories.
const RESOURCE_TYPE: &str = "kms_crypto_key";
/// The one purpose that is simulated, its usual level of protection, and its algorithm.
const PURPOSE: &str = "ENCRYPT_DECRYPT";
const LEVEL: &str = "SOFTWARE";
const ALGORITHM: &str = "GOOGLE_SYMMETRIC_ENCRYPTION";
const ENABLED: &str = "ENABLED";
const DESTROY_SCHEDULED: &str = "DESTROY_SCHEDULED";
const DESTROYED: &str = "DESTROYED";
/// Days between the call and the destruction, where the key does not say (discovery document of cloudkms.v1).
const SCHEDULED_FOR: i64 = 30;
/// Locations beside the regions.
const MORE_LOCATIONS: [&str; 2] = ["global", "us"];

fn locations(state: &mut State, call: &Call<'_>) -> Outcome {
    let regions = zones::regions().chain(MORE_LOCATIONS.map(str::to_owned));
    let shown = regions.map(|id| {
        let name = named::full(state, &format!("locations/{id}"));
        json!({"name": name, "locationId": id, "displayName": id})
    });
    listed("locations", shown, call.query("pageToken"), 1000)
}

fn shown_ring(state: &State, one: &Named) -> Value {
    let mut document = one.document(state);
    document["createTime"] = json!(time(one.created));
    document
}

fn level(one: &Named) -> &str {
    let template = one.members.get("versionTemplate");
    let level = template.and_then(|template| template["protectionLevel"].as_str());
    level.unwrap_or(LEVEL)
}

/// The versions of a key.
fn versions<'s>(state: &'s State, key: &Named) -> impl Iterator<Item = &'s Named> {
    let below = format!("{}/cryptoKeyVersions/", key.path);
    named::all(state).filter(move |one| one.path.starts_with(&below))
}

/// When the material of a version is destroyed, if that was asked for.
fn destroyed_at(version: &Named) -> Option<Timestamp> {
    version.text("destroyTime").parse().ok()
}

fn state_of(version: &Named, now: Timestamp) -> &'static str {
    match destroyed_at(version) {
        Some(at) if at <= now => DESTROYED,
        Some(_) => DESTROY_SCHEDULED,
        None => ENABLED,
    }
}

fn shown_key(state: &State, one: &Named) -> Value {
    let mut document = shown_ring(state, one);
    document["versionTemplate"] = json!({"protectionLevel": level(one), "algorithm": ALGORITHM});
    if let Some(first) = versions(state, one).next() {
        document["primary"] = shown_version(state, first);
    }
    document
}

fn shown_version(state: &State, one: &Named) -> Value {
    let word = state_of(one, state.now);
    let mut document = shown_ring(state, one);
    document["state"] = json!(word);
    document["generateTime"] = json!(time(one.created));
    document["algorithm"] = json!(ALGORITHM);
    if word == DESTROYED {
        document["destroyEventTime"] = document["destroyTime"].take();
        if let Some(members) = document.as_object_mut() {
            members.remove("destroyTime");
        }
    }
    document
}

fn create_ring(state: &mut State, call: &Call<'_>) -> Outcome {
    let ring = named::create(state, call, &RINGS, "")?;
    Ok(shown_ring(state, &ring))
}

fn create_key(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = named::create(state, call, &KEYS, "")?;
    if key.text("purpose") != PURPOSE {
        named::remove(state, &key.path)?;
        let what = format!("{} with purpose {}", call.name, key.text("purpose"));
        return Err(ApiError::not_simulated(&what));
    }
    if call.query("skipInitialVersionCreation") != Some("true") {
        make_version(state, &key);
    }
    Ok(shown_key(state, &key))
}

/// Makes the next version of a key.
fn make_version(state: &mut State, key: &Named) -> Named {
    // It is billed by the month, and the export of it was never seen.
    state.unpriced.insert("Cloud KMS key version".to_owned());
    add_version(state, key)
}

fn add_version(state: &mut State, key: &Named) -> Named {
    let number = versions(state, key).count() + 1;
    let path = format!("{}/cryptoKeyVersions/{number}", key.path);
    let members = json!({"protectionLevel": level(key)});
    let members = members.as_object().cloned().unwrap_or_default();
    named::add(state, path, "", members)
}

fn create_version(state: &mut State, call: &Call<'_>) -> Outcome {
    let path = named::path(call);
    let key = path.rsplit_once('/').map_or("", |(key, _)| key);
    let key = named::at(state, key)?.clone();
    let version = make_version(state, &key);
    Ok(shown_version(state, &version))
}

fn destroy(state: &mut State, call: &Call<'_>) -> Outcome {
    let path = named::path(call);
    let at = state.now + SignedDuration::from_hours(24 * SCHEDULED_FOR);
    let version = named::changed(state, &path)?;
    if destroyed_at(version).is_some() {
        let message = "The version is scheduled for destruction or destroyed already.";
        return Err(ApiError::new(
            400,
            "FAILED_PRECONDITION",
            "failedPrecondition",
            message,
        ));
    }
    version
        .members
        .insert("destroyTime".to_owned(), json!(time(at)));
    let version = version.clone();
    Ok(shown_version(state, &version))
}

/// Adds a key with one version, which an owner made.
pub(crate) fn add(state: &mut State, ring: &str, name: &str) {
    let ring = format!("locations/us-central1/keyRings/{ring}");
    named::add(state, ring.clone(), "", Object::new());
    let members = json!({"purpose": PURPOSE, "labels": {"team": "research"}});
    let members = members.as_object().cloned().unwrap_or_default();
    let key = named::add(state, format!("{ring}/cryptoKeys/{name}"), "", members);
    add_version(state, &key);
}

/// The keys as an auditor sees them.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    let keys = named::of(state, "cryptoKeys");
    keys.map(|one| resource(state, one)).collect()
}

fn resource(state: &State, one: &Named) -> Resource {
    let location = one.part(1);
    // Several regions together are none.
    let scope = if location.contains('-') {
        location
    } else {
        "global"
    };
    let id = format!("{location}/{}/{}", one.part(3), one.name());
    let count = |word: &str| {
        let versions = versions(state, one);
        versions
            .filter(|one| state_of(one, state.now) == word)
            .count()
    };
    let resource = one
        .resource(RESOURCE_TYPE, &id, scope)
        .with("protection_level", level(one))
        .with("versions", count(ENABLED))
        .with("scheduled", count(DESTROY_SCHEDULED));
    one.dated(resource)
}

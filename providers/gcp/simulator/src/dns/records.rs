//! The records of a zone: one by one, or many in a change.

use std::collections::BTreeMap;

use kubeproof_contract::resource::Resource;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::{Zone, absent, found, found_mut, page_size};
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body, listed, time};

#[rustfmt::skip]
pub(super) const TABLE: Table = table(&[
    on("GET", "/projects/{project}/managedZones/{zone}/rrsets", "dns.resourceRecordSets.list", list),
    on("POST", "/projects/{project}/managedZones/{zone}/rrsets", "dns.resourceRecordSets.create", create),
    on("GET", "/projects/{project}/managedZones/{zone}/rrsets/{name}/{type}", "dns.resourceRecordSets.get", get),
    on("DELETE", "/projects/{project}/managedZones/{zone}/rrsets/{name}/{type}", "dns.resourceRecordSets.delete", delete),
    on("POST", "/projects/{project}/managedZones/{zone}/changes", "dns.changes.create", change),
]);

/// The type of a record in inventories.
const RESOURCE_TYPE: &str = "dns_record";

/// The records of one name and type.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Every zone has it, and it goes with the zone.
    pub(super) is_of_apex: bool,
    document: Object,
}

type Key = (String, String);

/// What every zone has: who serves it, and where it begins.
pub(super) fn of_apex(zone: &Object) -> BTreeMap<Key, Record> {
    let name = zone["dnsName"].as_str().unwrap_or_default();
    let servers = zone
        .get("nameServers")
        .cloned()
        .unwrap_or_else(|| json!(["ns-gcp-private.googledomains.com."]));
    let start =
        "ns-cloud-a1.googledomains.com. cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300";
    let records = [("NS", servers), ("SOA", json!([start]))];
    let made = records.map(|(kind, data)| {
        let document = json!({"name": name, "type": kind, "ttl": 21600, "rrdatas": data});
        let record = Record {
            is_of_apex: true,
            document: document.as_object().cloned().unwrap_or_default(),
        };
        ((name.to_owned(), kind.to_owned()), record)
    });
    made.into_iter().collect()
}

impl Record {
    fn shown(&self) -> Value {
        let mut shown = self.document.clone();
        shown.insert("kind".to_owned(), json!("dns#resourceRecordSet"));
        Value::Object(shown)
    }
}

/// A record from a body.
pub(super) fn read(zone: &Zone, body: &Value) -> Result<(Key, Record), ApiError> {
    let text = |member: &str| {
        let given = body[member].as_str();
        given
            .map(str::to_owned)
            .ok_or_else(|| ApiError::required(member))
    };
    let (name, kind) = (text("name")?, text("type")?);
    if !name.ends_with(zone.text("dnsName")) {
        let message = format!("Invalid value for 'entity.rrset.name': '{name}'");
        return Err(ApiError::invalid(message));
    }
    if !body["rrdatas"].is_array() {
        return Err(ApiError::not_simulated(
            "dns.resourceRecordSets without rrdatas",
        ));
    }
    let mut document = body.as_object().cloned().unwrap_or_default();
    document.remove("kind");
    let record = Record {
        is_of_apex: false,
        document,
    };
    Ok(((name, kind), record))
}

fn taken((name, kind): &Key) -> ApiError {
    let message = format!("The resource 'entity.rrset' named '{name} ({kind})' already exists");
    ApiError::exists(message)
}

fn absent_record((name, kind): &Key) -> ApiError {
    let message =
        format!("The 'parameters.rrset' resource named '{name} ({kind})' does not exist.");
    ApiError::not_found(message)
}

fn key(call: &Call<'_>) -> Key {
    (call.parameter(2).to_owned(), call.parameter(3).to_owned())
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    for unknown in ["filter", "name", "type"] {
        if call.query(unknown).is_some() {
            return Err(ApiError::not_simulated(&format!(
                "dns.resourceRecordSets.list with {unknown}"
            )));
        }
    }
    let size = page_size(call)?;
    let shown = found(state, call)?.records.values().map(Record::shown);
    let mut list = listed("rrsets", shown, call.query("pageToken"), size)?;
    list["kind"] = json!("dns#resourceRecordSetsListResponse");
    Ok(list)
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(call);
    let record = found(state, call)?.records.get(&key);
    record.map(Record::shown).ok_or_else(|| absent_record(&key))
}

fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let asked = Value::Object(body(call.request)?);
    let zone = found_mut(state, call)?;
    let (key, record) = read(zone, &asked)?;
    if zone.records.contains_key(&key) {
        return Err(taken(&key));
    }
    let shown = record.shown();
    zone.records.insert(key, record);
    Ok(shown)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(call);
    let zone = found_mut(state, call)?;
    match zone.records.get(&key) {
        None => Err(absent_record(&key)),
        Some(record) if record.is_of_apex => Err(ApiError::invalid(format!(
            "The resource record set '{} ({})' is required for the zone.",
            key.0, key.1
        ))),
        Some(_) => {
            zone.records.remove(&key);
            Ok(json!({}))
        }
    }
}

/// Takes all deletions and additions of a change, or none of them.
fn change(state: &mut State, call: &Call<'_>) -> Outcome {
    let asked = body(call.request)?;
    let part = |name: &str| asked.get(name).and_then(Value::as_array).cloned();
    let (deletions, additions) = (part("deletions"), part("additions"));
    let id = state.ids.below(1_000_000);
    let now = state.now;
    let name = call.parameter(1).to_owned();
    let zone = state
        .dns
        .zones
        .get_mut(&name)
        .ok_or_else(|| absent(&name))?;
    let mut records = zone.records.clone();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for one in deletions.iter().flatten() {
        let (key, _) = read(zone, one)?;
        let record = records.remove(&key);
        removed.push(record.ok_or_else(|| absent_record(&key))?.shown());
    }
    for one in additions.iter().flatten() {
        let (key, record) = read(zone, one)?;
        added.push(record.shown());
        if records.insert(key.clone(), record).is_some() {
            return Err(taken(&key));
        }
    }
    zone.records = records;
    Ok(json!({
        "kind": "dns#change", "id": id.to_string(), "startTime": time(now), "status": "done",
        "deletions": removed, "additions": added,
    }))
}

/// The records of a zone as an auditor sees them.
pub(super) fn inventory(zone: &Zone) -> Vec<Resource> {
    let made = zone.records.iter().filter(|(_, one)| !one.is_of_apex);
    made.map(|((name, kind), _)| {
        Resource::new(
            RESOURCE_TYPE,
            format!("{}/{name}/{kind}", zone.name()),
            "global",
        )
        .named(name.clone())
        .with("dns_zone", zone.name())
    })
    .collect()
}

//! Cloud DNS, version 1: managed zones and their records. Changes are done at once.

mod records;

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::router::on;
use kubeproof_simkit::store::Store;
use serde_json::{Value, json};

use crate::links;
use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Object, Outcome, body, labels, listed, time};
use records::Record;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "dns",
    host: "dns.googleapis.com",
    base: "/dns/v1",
    is_optional: true,
    errors: ErrorShape::Reasons,
    tables: &[TABLE, records::TABLE],
};

#[rustfmt::skip]
const TABLE: Table = table(&[
    on("GET", "/projects/{project}/managedZones", "dns.managedZones.list", list),
    on("POST", "/projects/{project}/managedZones", "dns.managedZones.create", create),
    on("GET", "/projects/{project}/managedZones/{zone}", "dns.managedZones.get", get),
    on("DELETE", "/projects/{project}/managedZones/{zone}", "dns.managedZones.delete", delete),
]);

/// The type of a zone in inventories.
const RESOURCE_TYPE: &str = "dns_zone";
/// As many as a page has when the caller does not say, which is also the most.
const PAGE: usize = 100;
/// The members of a zone that a body may have.
const MEMBERS: &[&str] = &[
    "kind",
    "name",
    "dnsName",
    "description",
    "labels",
    "visibility",
    "privateVisibilityConfig",
];

/// A managed zone.
#[derive(Clone, Debug)]
struct Zone {
    id: u64,
    created: Timestamp,
    document: Object,
    /// Its records, by name and type.
    records: BTreeMap<(String, String), Record>,
}

/// The state of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct DnsState {
    zones: Store<Zone>,
}

impl Zone {
    fn text(&self, member: &str) -> &str {
        let value = self.document.get(member).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.text("name")
    }

    /// As the API shows it.
    fn shown(&self) -> Value {
        let mut shown = self.document.clone();
        shown.insert("kind".to_owned(), json!("dns#managedZone"));
        shown.insert("id".to_owned(), json!(self.id.to_string()));
        shown.insert("creationTime".to_owned(), json!(time(self.created)));
        Value::Object(shown)
    }

    /// The networks that see a private zone, by their names.
    fn networks(&self) -> Vec<&str> {
        let config = self.document.get("privateVisibilityConfig");
        let networks = config.and_then(|config| config["networks"].as_array());
        let links = networks.into_iter().flatten();
        let links = links.filter_map(|one| one["networkUrl"].as_str());
        links.map(links::name).collect()
    }

    fn resource(&self) -> Resource {
        let mut resource = Resource::new(RESOURCE_TYPE, self.name(), "global")
            .named(self.name().to_owned())
            .with("dns_name", self.text("dnsName"))
            .with("description", self.text("description"));
        let networks = self.networks().join(" ");
        if !networks.is_empty() {
            resource = resource.with("network", networks);
        }
        resource.tags = labels(&self.document);
        resource.incarnation = Some(self.id.to_string());
        resource.created_at = Some(self.created);
        resource
    }
}

fn absent(name: &str) -> ApiError {
    let message = format!("The 'parameters.managedZone' resource named '{name}' does not exist.");
    ApiError::not_found(message)
}

fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Zone, ApiError> {
    let name = call.parameter(1);
    state.dns.zones.get(name).ok_or_else(|| absent(name))
}

fn found_mut<'s>(state: &'s mut State, call: &Call<'_>) -> Result<&'s mut Zone, ApiError> {
    let name = call.parameter(1);
    state.dns.zones.get_mut(name).ok_or_else(|| absent(name))
}

/// The size of a page that the caller asks for.
fn page_size(call: &Call<'_>) -> Result<usize, ApiError> {
    let asked = call.query("maxResults").map_or(Ok(PAGE), str::parse);
    let asked = asked.map_err(|_| ApiError::invalid("maxResults is no number."))?;
    Ok(asked.min(PAGE))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let size = page_size(call)?;
    let shown = state.dns.zones.all().map(Zone::shown);
    let mut list = listed("managedZones", shown, call.query("pageToken"), size)?;
    list["kind"] = json!("dns#managedZonesListResponse");
    Ok(list)
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    Ok(found(state, call)?.shown())
}

fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut document = body(call.request)?;
    if let Some(unknown) = document
        .keys()
        .find(|name| !MEMBERS.contains(&name.as_str()))
    {
        return Err(ApiError::not_simulated(&format!(
            "dns.managedZones.create with {unknown}"
        )));
    }
    document.remove("kind");
    let text = |member: &str| document.get(member).and_then(Value::as_str);
    for member in ["name", "dnsName", "description"] {
        text(member).ok_or_else(|| ApiError::required(&format!("entity.managedZone.{member}")))?;
    }
    let (name, dns_name) = (text("name").unwrap_or_default().to_owned(), text("dnsName"));
    if !dns_name.is_some_and(|dns_name| dns_name.ends_with('.')) {
        let message = format!("Invalid value for 'entity.managedZone.dnsName': '{dns_name:?}'");
        return Err(ApiError::invalid(message));
    }
    if state.dns.zones.has(&name) {
        let message = format!("The resource 'entity.managedZone' named '{name}' already exists");
        return Err(ApiError::exists(message));
    }
    // What is billed of it was never seen in an export.
    state.unpriced.insert("DNS zone".to_owned());
    let id = state.numeric_id();
    Ok(insert(state, id, name, document))
}

/// Adds a zone with the records that every zone has, and returns it as it is shown.
fn insert(state: &mut State, id: u64, name: String, mut document: Object) -> Value {
    let visibility = document.entry("visibility").or_insert(json!("public"));
    if visibility == "public" {
        let servers: Vec<String> = (1..=4)
            .map(|number| format!("ns-cloud-a{number}.googledomains.com."))
            .collect();
        document.insert("nameServers".to_owned(), json!(servers));
    }
    let zone = Zone {
        id,
        created: state.now,
        records: records::of_apex(&document),
        document,
    };
    let shown = zone.shown();
    state.dns.zones.insert(name, zone);
    shown
}

/// Adds a public zone with one record, which an owner made.
pub(crate) fn add(state: &mut State, id: u64, (name, dns_name): (&str, &str), record: &str) {
    let zone = json!({"name": name, "dnsName": dns_name, "description": "research"});
    let zone = zone.as_object().cloned().unwrap_or_default();
    insert(state, id, name.to_owned(), zone);
    if let Some(zone) = state.dns.zones.get_mut(name) {
        let address = json!({
            "name": format!("{record}.{dns_name}"), "type": "A", "ttl": 300, "rrdatas": ["192.0.2.1"],
        });
        zone.records.extend(records::read(zone, &address).ok());
    }
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let zone = found(state, call)?;
    let name = zone.name().to_owned();
    if zone.records.values().any(|record| !record.is_of_apex) {
        let message = format!(
            "The resource named '{name}' cannot be deleted because it contains one or more 'resource records'."
        );
        return Err(ApiError::new(
            400,
            "FAILED_PRECONDITION",
            "containerNotEmpty",
            message,
        ));
    }
    state.dns.zones.remove(&name);
    // Answered without a body.
    Ok(Value::Null)
}

/// Zones and records as an auditor sees them, without what every zone has.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    let records = state.dns.zones.all().flat_map(records::inventory);
    let zones = state.dns.zones.all().map(Zone::resource);
    records.chain(zones).collect()
}

/// The whole state of a zone or a record as text; empty if the resource is none.
pub(crate) fn canonical(state: &State, of: &Resource) -> String {
    let name = of.id.split('/').next().unwrap_or_default();
    let zone = state.dns.zones.get(name);
    zone.map_or_else(String::new, |zone| format!("{zone:?}"))
}

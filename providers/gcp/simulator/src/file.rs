//! Filestore, version 1: instances, which take some minutes to come and go.

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::operation::{Failure, NewOperation, Operation, Operations, Status};
use kubeproof_simkit::router::on;
use kubeproof_simkit::store::Store;
use serde_json::{Value, json};

use crate::route::{Call, Service, Table, table};
use crate::state::{self, State};
use crate::wire::{ApiError, ErrorShape, Object, Outcome, body, labels, listed, time};
use crate::{compute, links};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "file",
    host: "file.googleapis.com",
    base: "/v1",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[TABLE],
};

#[rustfmt::skip]
const TABLE: Table = table(&[
    on("GET", "/projects/{project}/locations/{location}/instances", "file.projects.locations.instances.list", list),
    on("POST", "/projects/{project}/locations/{location}/instances", "file.projects.locations.instances.create", create),
    on("GET", "/projects/{project}/locations/{location}/instances/{instance}", "file.projects.locations.instances.get", get),
    on("DELETE", "/projects/{project}/locations/{location}/instances/{instance}", "file.projects.locations.instances.delete", delete),
    // By the service's host alone: Kubernetes Engine has the same path.
    on("GET", "/projects/{project}/locations/{location}/operations/{operation}", "file.projects.locations.operations.get", operation),
]);

/// The type of an instance in inventories.
const RESOURCE_TYPE: &str = "filestore_instance";
/// All locations.
const EVERYWHERE: &str = "-";
/// Most instances on a page, and as many as one has when the caller does not say.
const PAGE: (usize, usize) = (1000, 100);
/// Seconds until an instance is ready, and until it is gone: general knowledge, not measured.
const CREATING: i64 = 240;
const DELETING: i64 = 90;
/// The members of an instance that a body may have.
const MEMBERS: &[&str] = &["description", "fileShares", "labels", "networks", "tier"];

/// An instance.
#[derive(Clone, Debug)]
struct Instance {
    location: String,
    name: String,
    created: Timestamp,
    state: &'static str,
    /// Google's own word for one that was deleted and made again.
    etag: String,
    document: Object,
}

/// The state of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileState {
    /// By location and name.
    instances: Store<Instance>,
    operations: Operations,
}

/// What happens later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An operation ends.
    Ended(String),
}

/// Lets an event happen.
pub(crate) fn happen(state: &mut State, event: &Event) {
    let Event::Ended(id) = event;
    let Some(operation) = state.file.operations.end(id, state.now) else {
        return;
    };
    let key = operation.target.clone();
    let is_made = operation.kind == "create";
    let Some(instance) = state.file.instances.get_mut(&key) else {
        return;
    };
    if operation.failure().is_some() {
        instance.state = "ERROR";
    } else if is_made {
        instance.state = "READY";
    } else {
        state.file.instances.remove(&key);
    }
}

fn key(location: &str, name: &str) -> String {
    format!("locations/{location}/instances/{name}")
}

impl Instance {
    fn text(&self, pointer: &str) -> String {
        let document = Value::Object(self.document.clone());
        let value = document.pointer(pointer).cloned().unwrap_or_default();
        let text = value.as_str().map(str::to_owned);
        text.unwrap_or_else(|| value.as_u64().map_or_else(String::new, |n| n.to_string()))
    }

    /// The network, by its name.
    fn network(&self) -> String {
        links::name(&self.text("/networks/0/network")).to_owned()
    }

    /// As the API shows it.
    fn shown(&self, project: &str) -> Value {
        let mut shown = self.document.clone();
        let path = key(&self.location, &self.name);
        let members = [
            ("name", json!(format!("projects/{project}/{path}"))),
            ("state", json!(self.state)),
            ("createTime", json!(time(self.created))),
            ("etag", json!(self.etag)),
        ];
        shown.extend(members.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(shown)
    }

    fn resource(&self) -> Resource {
        let scope = match self.location.rsplit_once('-') {
            Some((region, zone)) if zone.len() == 1 => format!("{region}/{}", self.location),
            _ => self.location.clone(),
        };
        let mut resource = Resource::new(RESOURCE_TYPE, &self.name, scope.as_str())
            .named(self.name.clone())
            .with("tier", self.text("/tier"))
            .with("capacity_gb", self.text("/fileShares/0/capacityGb"))
            .with("network", self.network());
        let description = self.text("/description");
        if !description.is_empty() {
            resource = resource.with("description", description);
        }
        resource.tags = labels(&self.document);
        resource.created_at = Some(self.created);
        resource.incarnation = Some(time(self.created));
        let lifetime = if self.state == "DELETING" {
            Lifetime::Ending
        } else {
            Lifetime::Alive
        };
        resource.in_state(self.state, lifetime)
    }
}

fn absent(state: &State, key: &str) -> ApiError {
    let project = &state.setup.project;
    ApiError::not_found(format!("Resource 'projects/{project}/{key}' was not found"))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let (most, usual) = PAGE;
    let size = call
        .query("pageSize")
        .map_or(Some(usual), |text| text.parse().ok());
    let size = size.ok_or_else(|| ApiError::invalid("The page size is no number."))?;
    let location = call.parameter(1);
    let here = |one: &&Instance| location == EVERYWHERE || one.location == location;
    let instances = state.file.instances.all().filter(here);
    let shown = instances.map(|one| one.shown(&state.setup.project));
    let token = call.query("pageToken");
    let mut list = listed("instances", shown, token, size.min(most))?;
    if call.injected.take_partial() {
        list["unreachable"] = json!(["us-central1-a"]);
        list["instances"] = json!([]);
    }
    Ok(list)
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(call.parameter(1), call.parameter(2));
    let found = state.file.instances.get(&key);
    let found = found.ok_or_else(|| absent(state, &key))?;
    Ok(found.shown(&state.setup.project))
}

fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut document = body(call.request)?;
    // What only the service writes.
    document.remove("name");
    let mut members = document.keys();
    if let Some(unknown) = members.find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(ApiError::not_simulated(&format!(
            "file.projects.locations.instances.create with {unknown}"
        )));
    }
    let location = call.parameter(1).to_owned();
    let name = call
        .query("instanceId")
        .ok_or_else(|| ApiError::required("instanceId"))?
        .to_owned();
    for member in ["tier", "fileShares", "networks"] {
        if !document.contains_key(member) {
            return Err(ApiError::required(&format!("instance.{member}")));
        }
    }
    let key = key(&location, &name);
    if state.file.instances.has(&key) {
        let project = &state.setup.project;
        return Err(ApiError::exists(format!(
            "Resource 'projects/{project}/{key}' already exists"
        )));
    }
    let instance = Instance {
        location,
        name,
        created: state.now,
        state: "CREATING",
        etag: state.ids.hex(16),
        document,
    };
    let network = format!("global/networks/{}", instance.network());
    if !compute::is_ready(state, &network) {
        let message = format!("The network '{}' does not exist.", instance.network());
        return Err(ApiError::invalid(message));
    }
    // Its whole capacity is billed by the second, and the export of it was never seen.
    let what = format!(
        "Filestore {} in {}",
        instance.text("/tier"),
        instance.location
    );
    state.unpriced.insert(what);
    state.file.instances.insert(key.clone(), instance);
    Ok(begin(state, call, "create", key, CREATING))
}

/// Adds an instance that is ready, which an owner made.
pub(crate) fn add(state: &mut State, location: &str, name: &str, network: &str) {
    let document = json!({
        "tier": "BASIC_HDD", "labels": {"team": "research"}, "networks": [{"network": network}],
        "fileShares": [{"name": "share", "capacityGb": "1024"}],
    });
    let instance = Instance {
        location: location.to_owned(),
        name: name.to_owned(),
        created: state.now,
        state: "READY",
        etag: "0b6f1c5d2e8a4f37".to_owned(),
        document: document.as_object().cloned().unwrap_or_default(),
    };
    state.file.instances.insert(key(location, name), instance);
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(call.parameter(1), call.parameter(2));
    let Some(instance) = state.file.instances.get_mut(&key) else {
        return Err(absent(state, &key));
    };
    if instance.state == "CREATING" || instance.state == "DELETING" {
        let message = "The resource has a pending operation.";
        return Err(ApiError::new(
            400,
            "FAILED_PRECONDITION",
            "failedPrecondition",
            message,
        ));
    }
    instance.state = "DELETING";
    Ok(begin(state, call, "delete", key, DELETING))
}

fn begin(
    state: &mut State,
    call: &Call<'_>,
    kind: &'static str,
    target: String,
    seconds: i64,
) -> Value {
    let id = format!(
        "operation-{}-{}",
        state.now.as_millisecond(),
        state.ids.hex(13)
    );
    let new = NewOperation {
        id: id.clone(),
        kind: kind.to_owned(),
        scope: call.parameter(1).to_owned(),
        target,
        lasts: SignedDuration::from_secs(seconds),
        failure: None,
    };
    let internal = |_: Option<&str>| Failure::new("13", "an internal error has occurred");
    let now = state.now;
    let due = state
        .file
        .operations
        .begin(new, call.injected, internal, now);
    if let Some(due) = due {
        let event = state::Event::File(Event::Ended(id.clone()));
        state.timers.at(due, event);
    }
    let begun = state.file.operations.get(&id);
    begun.map_or(Value::Null, |begun| shown_operation(state, begun))
}

fn shown_operation(state: &State, operation: &Operation) -> Value {
    let project = &state.setup.project;
    let (id, location) = (&operation.id, &operation.scope);
    let mut shown = json!({
        "name": format!("projects/{project}/locations/{location}/operations/{id}"),
        "metadata": {
            "@type": "type.googleapis.com/google.cloud.common.OperationMetadata",
            "createTime": time(operation.started),
            "target": format!("projects/{project}/{}", operation.target),
            "verb": operation.kind,
            "cancelRequested": false,
            "apiVersion": "v1",
        },
        "done": operation.status(state.now) == Status::Done,
    });
    if let Some(failure) = operation.failure() {
        shown["error"] = json!({"code": 13, "message": failure.message});
    } else if operation.ended().is_some() {
        let instance = state.file.instances.get(&operation.target);
        shown["response"] = instance.map_or(json!({}), |one| one.shown(project));
    }
    shown
}

fn operation(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = call.parameter(2);
    let found = state.file.operations.get(id);
    let found = found.filter(|one| one.scope == call.parameter(1));
    let found = found.ok_or_else(|| ApiError::not_found(format!("Operation {id} not found.")))?;
    Ok(shown_operation(state, found))
}

/// The instances as an auditor sees them.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    state.file.instances.all().map(Instance::resource).collect()
}

/// The whole state of an instance as text; empty if the resource is none.
pub(crate) fn canonical(state: &State, of: &Resource) -> String {
    let mut all = state.file.instances.all();
    let found = all.find(|one| one.resource().is_same(of));
    found.map_or_else(String::new, |one| format!("{one:?}"))
}

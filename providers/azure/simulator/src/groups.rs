//! Resource groups, and the list of all that is in them. Deleting a group deletes what is in it, in minutes, and may
//! stop halfway.

mod resources;

use jiff::Timestamp;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::arm::{self, Change, read, tags};
use crate::route::{Call, Table, table};
use crate::setup::RUN_TAG;
use crate::state::State;
use crate::wire::{Answer, ApiError, Object, Outcome, body, text, time};
use crate::{aks, authorization, locks, subscription};
use resources::resources;

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/subscriptions/{subscription}/resourceGroups", "resources.resourceGroups.list", list),
    on("PUT", "/subscriptions/{subscription}/resourceGroups/{group}", "resources.resourceGroups.createOrUpdate", put),
    on("GET", "/subscriptions/{subscription}/resourceGroups/{group}", "resources.resourceGroups.get", get),
    on("HEAD", "/subscriptions/{subscription}/resourceGroups/{group}", "resources.resourceGroups.checkExistence", exists),
    on("PATCH", "/subscriptions/{subscription}/resourceGroups/{group}", "resources.resourceGroups.update", patch),
    on("DELETE", "/subscriptions/{subscription}/resourceGroups/{group}", "resources.resourceGroups.delete", delete),
    on("GET", "/subscriptions/{subscription}/resourceGroups/{group}/resources", "resources.resources.listByResourceGroup", resources),
    on("GET", "/subscriptions/{subscription}/resources", "resources.resources.list", resources),
]);

/// Seconds of the deletion of a group without and with a cluster in it: the facts say 5 to 15 minutes.
const DELETION: [i64; 2] = [60, 420];

/// A resource group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Object,
    /// The cluster that the group was made for.
    pub(crate) managed_by: Option<String>,
    pub(crate) created: Timestamp,
    /// A later group of the same name has another.
    pub(crate) unique: String,
    pub(crate) is_deleting: bool,
}

impl Group {
    /// The run that it belongs to.
    pub(crate) fn run(&self) -> Option<String> {
        self.tags
            .get(RUN_TAG)
            .and_then(Value::as_str)
            .map(str::to_owned)
    }
}

/// The path of a group.
pub(crate) fn path(state: &State, name: &str) -> String {
    format!("{}/resourceGroups/{name}", state.subscription_path())
}

/// The group of this name, whatever its case.
pub(crate) fn found<'s>(state: &'s State, name: &str) -> Result<&'s Group, ApiError> {
    state.groups.get(&name.to_ascii_lowercase()).ok_or_else(|| {
        let message = format!("Resource group '{name}' could not be found.");
        ApiError::new(404, "ResourceGroupNotFound", message)
    })
}

/// The group, in which something is about to be made.
pub(crate) fn open<'s>(state: &'s State, name: &str) -> Result<&'s Group, ApiError> {
    let group = found(state, name)?;
    if group.is_deleting {
        let message = format!(
            "The resource group '{}' is in deprovisioning state and cannot perform this operation.",
            group.name
        );
        return Err(ApiError::conflict("ResourceGroupBeingDeleted", message));
    }
    Ok(group)
}

/// Adds a group, which is there at once.
pub(crate) fn add(
    state: &mut State,
    name: &str,
    location: &str,
    marks: Object,
    managed_by: Option<String>,
) {
    let group = Group {
        name: name.to_owned(),
        location: location.to_owned(),
        tags: marks,
        managed_by,
        created: state.now,
        unique: state.ids.uuid(),
        is_deleting: false,
    };
    state.groups.insert(name.to_ascii_lowercase(), group);
}

/// Removes a group at once, with what is in it.
pub(crate) fn remove(state: &mut State, name: &str) {
    for key in arm::keys_of_group(state, name) {
        arm::remove(state, &key);
    }
    gone(state, name);
}

fn gone(state: &mut State, name: &str) {
    let path = path(state, name);
    authorization::scope_gone(state, &path);
    locks::scope_gone(state, &path);
    let group = state.groups.remove(&name.to_ascii_lowercase());
    if let Some(owner) = group.and_then(|group| group.managed_by) {
        aks::group_gone(state, &owner);
    }
}

fn shown(state: &State, group: &Group) -> Value {
    let mut shown = json!({
        "id": path(state, &group.name), "name": group.name, "type": "Microsoft.Resources/resourceGroups",
        "location": group.location, "tags": group.tags,
        "properties": {"provisioningState": if group.is_deleting { "Deleting" } else { "Succeeded" }},
    });
    if let Some(owner) = &group.managed_by {
        shown["managedBy"] = json!(owner);
    }
    shown
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
    (1..=90).contains(&name.chars().count()) && name.chars().all(fits) && !name.ends_with('.')
}

fn put(state: &mut State, call: &Call<'_>) -> Outcome {
    let (name, body) = (call.parameter(1).to_owned(), body(call.request)?);
    if !is_name(&name) {
        let message = format!(
            "The provided resource group name '{name}' has these invalid characters or is too long."
        );
        return Err(ApiError::new(400, "InvalidResourceGroup", message));
    }
    let marks = tags(&body)?;
    let asked = text(&body, "location");
    if asked.is_empty() {
        let message = "The location property is required for this definition.";
        return Err(ApiError::new(400, "LocationRequired", message));
    }
    let location = subscription::location(asked)?;
    let path = path(state, &name);
    locks::check(state, &path, false)?;
    if state.groups.has(&name.to_ascii_lowercase()) {
        let known = open(state, &name)?;
        if known.location != location {
            let message = format!(
                "Invalid resource group location '{location}'. The Resource group already exists in location '{}'.",
                known.location
            );
            return Err(ApiError::conflict("InvalidResourceGroupLocation", message));
        }
        set_tags(state, &name, marks);
        return get(state, call).map(|answer| Answer {
            status: 200,
            ..answer
        });
    }
    let owner = text(&body, "managedBy");
    let owner = (!owner.is_empty()).then(|| owner.to_owned());
    add(state, &name, &location, marks, owner);
    get(state, call).map(|answer| Answer {
        status: 201,
        ..answer
    })
}

fn set_tags(state: &mut State, name: &str, marks: Object) {
    if let Some(group) = state.groups.get_mut(&name.to_ascii_lowercase()) {
        group.tags = marks;
    }
}

fn patch(state: &mut State, call: &Call<'_>) -> Outcome {
    let (name, body) = (call.parameter(1).to_owned(), body(call.request)?);
    open(state, &name)?;
    locks::check(state, &path(state, &name), false)?;
    if body.contains_key("tags") {
        let marks = tags(&body)?;
        set_tags(state, &name, marks);
    }
    get(state, call)
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let group = found(state, call.parameter(1))?;
    if call.injected.hides(group.created, state.now) {
        let message = format!("Resource group '{}' could not be found.", group.name);
        return Err(ApiError::new(404, "ResourceGroupNotFound", message));
    }
    Ok(Answer::ok(expanded(state, call, group)))
}

/// A group with the times that were asked for.
fn expanded(state: &State, call: &Call<'_>, group: &Group) -> Value {
    let mut shown = shown(state, group);
    let expand = call.query("$expand").unwrap_or_default();
    if expand.contains("createdTime") {
        shown["createdTime"] = json!(time(group.created));
    }
    shown
}

/// 204 if it exists; 404 without a document if it does not.
fn exists(state: &mut State, call: &Call<'_>) -> Outcome {
    let status = if found(state, call.parameter(1)).is_ok() {
        204
    } else {
        404
    };
    Ok(Answer::empty(status))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let filter = match call.query("$filter") {
        None => None,
        Some(text) => Some(read::tag_filter(text).ok_or_else(|| {
            ApiError::not_simulated(format!("{} with $filter {text}", call.name))
        })?),
    };
    let now = state.now;
    let groups = state.groups.all().filter(|group| {
        let fits = filter
            .as_ref()
            .is_none_or(|filter| filter.fits(&group.tags));
        fits && !call.injected.hides(group.created, now)
    });
    let all: Vec<Value> = groups.map(|group| expanded(state, call, group)).collect();
    read::page(state, call, all)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let Ok(group) = found(state, call.parameter(1)) else {
        return Err(missing(call.parameter(1)));
    };
    let (name, is_deleting, unique) = (group.name.clone(), group.is_deleting, group.unique.clone());
    locks::check(state, &path(state, &name), true)?;
    if is_deleting {
        if let Some(known) = arm::operation_of(state, &unique) {
            return Ok(arm::accepted(state, call, &known, "Microsoft.Resources"));
        }
        let message = format!("The resource group '{name}' is being deleted.");
        return Err(ApiError::conflict("ResourceGroupBeingDeleted", message));
    }
    let keys = arm::keys_of_group(state, &name);
    let has_cluster = keys.iter().any(|key| key.contains("/managedclusters/"));
    let seconds = DELETION[usize::from(has_cluster)];
    for key in &keys {
        arm::begin_removal(state, key);
    }
    if let Some(group) = state.groups.get_mut(&name.to_ascii_lowercase()) {
        group.is_deleting = true;
    }
    let is_partial = call.injected.take_partial();
    let change = Change::DeleteGroup { is_partial };
    let location = state
        .groups
        .get(&name.to_ascii_lowercase())
        .map(|group| group.location.clone());
    let begun = arm::Begun {
        key: name.to_ascii_lowercase(),
        unique,
        location: location.unwrap_or_default(),
        kind: "DeleteResourceGroup",
        seconds,
        change,
        failure: None,
    };
    let operation = arm::begin(state, call, begun);
    Ok(arm::accepted(
        state,
        call,
        &operation,
        "Microsoft.Resources",
    ))
}

fn missing(name: &str) -> ApiError {
    let message = format!("Resource group '{name}' could not be found.");
    ApiError::new(404, "ResourceGroupNotFound", message)
}

/// The deletion of a group ends: what is in it goes, what uses something outside or is used from there stays. Returns
/// what stays.
pub(crate) fn deleted(state: &mut State, name: &str, is_partial: bool) -> Vec<String> {
    let keys = arm::keys_of_group(state, name);
    let mut left = Vec::new();
    if is_partial {
        left.extend(
            keys.iter()
                .find(|key| {
                    key.contains("/publicipaddresses/") || key.contains("/virtualnetworks/")
                })
                .cloned(),
        );
    }
    // What is used by something of the group goes after it, so several rounds may be needed.
    let mut rest: Vec<String> = keys.into_iter().filter(|key| !left.contains(key)).collect();
    for _ in 0..4 {
        rest.retain(|key| {
            if !state.arm.items.has(key) {
                return false;
            }
            if arm::users(state, key).is_empty() {
                arm::remove(state, key);
                return false;
            }
            true
        });
    }
    left.extend(rest);
    if left.is_empty() {
        gone(state, name);
        return left;
    }
    if let Some(group) = state.groups.get_mut(&name.to_ascii_lowercase()) {
        group.is_deleting = false;
    }
    let ids = left.iter().filter_map(|key| state.arm.items.get(key));
    let ids: Vec<String> = ids.map(|item| item.id.clone()).collect();
    for key in &left {
        arm::end_removal(state, key);
    }
    ids
}

/// All groups as an auditor sees them.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    let all = state.groups.all().map(|group| {
        let kind = if group.managed_by.is_some() {
            "node_resource_group"
        } else {
            "resource_group"
        };
        let id = path(state, &group.name).to_ascii_lowercase();
        let mut one = Resource::new(kind, id, "global");
        one.incarnation = Some(time(group.created));
        one.lifetime = if group.is_deleting {
            Lifetime::Ending
        } else {
            Lifetime::Alive
        };
        (if group.is_deleting {
            "Deleting"
        } else {
            "Succeeded"
        })
        .clone_into(&mut one.state);
        let one = one
            .named(group.name.clone())
            .tagged(arm::texts(&group.tags));
        let one = one.created(group.created).with("location", &group.location);
        match &group.managed_by {
            Some(owner) => one.with("managed_by", owner),
            None => one,
        }
    });
    all.collect()
}

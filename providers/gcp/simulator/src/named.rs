//! Resources that a service keeps as they were given, each under its path below the project: what the small services
//! have in common. All changes are done at once.

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::store::Store;
use serde_json::{Value, json};

use crate::links;
use crate::route::Call;
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body, labels, listed, time};

/// The state of what was deleted and can be restored: lists leave it out unless they are asked for it.
pub(crate) const DELETED: &str = "DELETED";
/// All locations.
const EVERYWHERE: &str = "-";
/// The parts of the path of a location.
const OF_LOCATION: usize = 2;

/// A collection.
pub(crate) struct Collection {
    /// The member of a list that holds its resources.
    pub(crate) member: &'static str,
    /// The parameter of the query that names a new one; empty: the body names it.
    pub(crate) id: &'static str,
    /// The members that a body may have.
    pub(crate) members: &'static [&'static str],
    /// Those that it must have.
    pub(crate) required: &'static [&'static str],
    /// Most on a page, and as many as one has when the caller does not say.
    pub(crate) page: (usize, usize),
    /// One as the service shows it.
    pub(crate) shown: fn(&State, &Named) -> Value,
}

/// A resource.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// Such as `locations/global/workloadIdentityPools/p`.
    pub(crate) path: String,
    pub(crate) created: Timestamp,
    /// Google's own id, which no other one gets.
    pub(crate) unique: String,
    pub(crate) state: &'static str,
    /// When it goes for good: it was deleted, and can be restored until then.
    pub(crate) ends: Option<Timestamp>,
    pub(crate) members: Object,
}

/// The state of these services.
#[derive(Clone, Debug, Default)]
pub(crate) struct NamedState {
    all: Store<Named>,
    /// What changes were answered with, by the paths of their operations.
    operations: Store<Value>,
}

impl Named {
    /// The last part of its path.
    pub(crate) fn name(&self) -> &str {
        links::name(&self.path)
    }

    /// The part of its path at this place.
    pub(crate) fn part(&self, index: usize) -> &str {
        self.path.split('/').nth(index).unwrap_or_default()
    }

    /// A member that is text.
    pub(crate) fn text(&self, member: &str) -> &str {
        let value = self.members.get(member).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    /// Its members and its full name.
    pub(crate) fn document(&self, state: &State) -> Value {
        let mut document = Value::Object(self.members.clone());
        document["name"] = json!(full(state, &self.path));
        document
    }

    /// As an auditor sees it: named, with its description and labels.
    pub(crate) fn resource(&self, of_type: &str, id: &str, scope: &str) -> Resource {
        let mut resource = Resource::new(of_type, id, scope).named(self.name().to_owned());
        let description = self.text("description");
        if !description.is_empty() {
            resource = resource.with("description", description);
        }
        resource.tags = labels(&self.members);
        resource
    }

    /// The same for one whose time of creation the service tells.
    pub(crate) fn dated(&self, resource: Resource) -> Resource {
        Resource {
            created_at: Some(self.created),
            incarnation: Some(time(self.created)),
            ..resource
        }
    }

    fn is_gone(&self, now: Timestamp) -> bool {
        self.ends.is_some_and(|at| at <= now)
    }

    /// Whether it is in the collection of this path, which may be that of all locations.
    fn is_in(&self, collection: &str) -> bool {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let same = |(own, asked): (&str, &str)| own == asked || asked == EVERYWHERE;
        folder.split('/').count() == collection.split('/').count()
            && folder.split('/').zip(collection.split('/')).all(same)
    }
}

/// `projects/P/…`.
pub(crate) fn full(state: &State, path: &str) -> String {
    format!("projects/{}/{path}", state.setup.project)
}

/// The path of what a call is about, without its verb.
pub(crate) fn path(call: &Call<'_>) -> String {
    let path = links::below_project(call.request.uri().path());
    let path = links::decoded(path).unwrap_or_default();
    path.split(':').next().unwrap_or_default().to_owned()
}

fn absent(state: &State, path: &str) -> ApiError {
    ApiError::not_found(format!("Resource '{}' was not found", full(state, path)))
}

/// All that exist, with those that can be restored.
pub(crate) fn all(state: &State) -> impl Iterator<Item = &Named> {
    let now = state.now;
    state.named.all.all().filter(move |one| !one.is_gone(now))
}

/// All whose collection has this name, the last part but one of their paths.
pub(crate) fn of<'s>(state: &'s State, plural: &'static str) -> impl Iterator<Item = &'s Named> {
    all(state).filter(move |one| one.path.rsplit('/').nth(1) == Some(plural))
}

/// The one of this path.
pub(crate) fn at<'s>(state: &'s State, path: &str) -> Result<&'s Named, ApiError> {
    let found = state.named.all.get(path);
    let found = found.filter(|one| !one.is_gone(state.now));
    found.ok_or_else(|| absent(state, path))
}

/// The one that a call changes.
pub(crate) fn changed<'s>(state: &'s mut State, path: &str) -> Result<&'s mut Named, ApiError> {
    let gone = absent(state, path);
    at(state, path)?;
    state.named.all.get_mut(path).ok_or(gone)
}

/// Refuses a collection of a resource that does not exist.
fn check_parent(state: &State, collection: &str) -> Result<(), ApiError> {
    let parent = collection.rsplit_once('/').map_or("", |(parent, _)| parent);
    if parent.split('/').count() <= OF_LOCATION {
        return Ok(());
    }
    match at(state, parent) {
        Ok(parent) if parent.state == DELETED => Err(absent(state, &parent.path)),
        found => found.map(|_| ()),
    }
}

pub(crate) fn get(state: &State, call: &Call<'_>, of: &Collection) -> Outcome {
    Ok((of.shown)(state, at(state, &path(call))?))
}

pub(crate) fn list(state: &State, call: &Call<'_>, of: &Collection) -> Outcome {
    let (most, usual) = of.page;
    let size = call
        .query("pageSize")
        .map_or(Some(usual), |text| text.parse().ok());
    let size = size.ok_or_else(|| ApiError::invalid("The page size is no number."))?;
    let collection = path(call);
    check_parent(state, &collection)?;
    let with_deleted = call.query("showDeleted") == Some("true");
    let shown = all(state)
        .filter(|one| one.is_in(&collection) && (with_deleted || one.state != DELETED))
        .map(|one| (of.shown)(state, one));
    listed(of.member, shown, call.query("pageToken"), size.min(most))
}

/// Makes one in this state, and returns it.
pub(crate) fn create(
    state: &mut State,
    call: &Call<'_>,
    of: &Collection,
    begins: &'static str,
) -> Result<Named, ApiError> {
    let mut members = body(call.request)?;
    let given = members.remove("name");
    let name = if of.id.is_empty() {
        given.and_then(|name| name.as_str().map(str::to_owned))
    } else {
        call.query(of.id).map(str::to_owned)
    };
    let what = if of.id.is_empty() { "name" } else { of.id };
    let name = name.ok_or_else(|| ApiError::required(what))?;
    let mut given = members.keys();
    if let Some(unknown) = given.find(|name| !of.members.contains(&name.as_str())) {
        let what = format!("{} with {unknown}", call.name);
        return Err(ApiError::not_simulated(&what));
    }
    if let Some(missing) = of
        .required
        .iter()
        .find(|name| !members.contains_key(**name))
    {
        return Err(ApiError::required(missing));
    }
    let collection = path(call);
    check_parent(state, &collection)?;
    let path = format!("{collection}/{name}");
    if at(state, &path).is_ok() {
        let message = format!("Resource '{}' already exists", full(state, &path));
        return Err(ApiError::exists(message));
    }
    let unique = state.ids.hex(32);
    add(state, path.clone(), begins, members);
    let made = changed(state, &path)?;
    made.unique = unique;
    Ok(made.clone())
}

/// Adds one, and returns it. It takes nothing from the seed: what is there from the start changes no chance.
pub(crate) fn add(state: &mut State, path: String, begins: &'static str, members: Object) -> Named {
    let one = Named {
        path: path.clone(),
        created: state.now,
        unique: String::new(),
        state: begins,
        ends: None,
        members,
    };
    state.named.all.insert(path, one.clone());
    one
}

/// Removes one for good, and returns it.
pub(crate) fn remove(state: &mut State, path: &str) -> Result<Named, ApiError> {
    let gone = absent(state, path);
    at(state, path)?;
    state.named.all.remove(path).ok_or(gone)
}

/// The operation of a change that is done, in the collection of this path.
pub(crate) fn operation(
    state: &mut State,
    collection: &str,
    metadata: Value,
    response: Value,
) -> Value {
    let path = format!("{collection}/operations/{}", state.ids.hex(16));
    let mut operation = json!({"name": full(state, &path), "done": true, "response": response});
    if !metadata.is_null() {
        operation["metadata"] = metadata;
    }
    state.named.operations.insert(path, operation.clone());
    operation
}

/// An operation by its path.
pub(crate) fn get_operation(state: &mut State, call: &Call<'_>) -> Outcome {
    let path = path(call);
    let found = state.named.operations.get(&path).cloned();
    found.ok_or_else(|| absent(state, &path))
}

/// The whole state of those that may be this resource as text; empty if it is none.
pub(crate) fn canonical(state: &State, of: &Resource) -> String {
    let name = of.name.as_deref().unwrap_or(&of.id);
    let same = all(state).filter(|one| one.path.split('/').any(|part| part == name));
    same.map(|one| format!("{one:?}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_has_what_is_directly_in_it_in_one_location_or_in_all() {
        let one = Named {
            path: "locations/global/workloadIdentityPools/p/providers/x".to_owned(),
            created: Timestamp::UNIX_EPOCH,
            unique: String::new(),
            state: "",
            ends: None,
            members: Object::new(),
        };
        let check = |collection: &str, expected: bool| {
            assert_eq!(one.is_in(collection), expected, "{collection}");
        };
        check("locations/global/workloadIdentityPools/p/providers", true);
        check("locations/-/workloadIdentityPools/p/providers", true);
        check("locations/global/workloadIdentityPools/q/providers", false);
        check("locations/global/workloadIdentityPools", false);
    }
}

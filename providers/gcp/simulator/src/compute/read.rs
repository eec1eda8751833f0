//! Reading: one resource, a list, and the aggregated list of all scopes.

use kubeproof_simkit::page::{Page, page};
use serde_json::{Value, json};

use super::collection::Collection;
use super::filter::Filter;
use super::item::Item;
use super::members::absent;
use super::place::{self, Place, Scope};
use crate::links;
use crate::route::Call;
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, with_next, with_page};

/// Most resources on a page, and as many as a page has when the caller does not say.
const PAGE: usize = 500;

/// The resource that a call names.
pub(crate) fn found<'s>(
    state: &'s State,
    call: &Call<'_>,
    of: &Collection,
) -> Result<&'s Item, ApiError> {
    let place = Place::of(call.request.uri().path())?;
    let path = of.path(&place.scope, &place.name);
    let item = state.compute.items.get(&path);
    item.ok_or_else(|| absent(state, &path))
}

/// GET one resource.
pub(crate) fn get(state: &State, call: &Call<'_>, of: &Collection) -> Outcome {
    let item = found(state, call, of)?;
    if call.injected.hides(item.created, state.now) {
        return Err(absent(state, &item.path()));
    }
    Ok(item.shown(state))
}

/// GET the resources of a collection in one scope.
pub(crate) fn list(state: &State, call: &Call<'_>, of: &'static Collection) -> Outcome {
    let place = Place::of(call.request.uri().path())?;
    let items = visible(state, call, of).filter(|item| item.scope == place.scope);
    let shown = items.map(|item| item.shown(state)).collect();
    listed(state, call, &format!("{}List", of.kind), shown)
}

/// The resources of a collection that a read shows.
fn visible<'s>(
    state: &'s State,
    call: &'s Call<'_>,
    of: &'static Collection,
) -> impl Iterator<Item = &'s Item> {
    let items = state.compute.items.all();
    let items = items.filter(move |item| std::ptr::eq(item.of, of));
    items.filter(|item| !call.injected.hides(item.created, state.now))
}

/// The page of a list that a call asks for, filtered as it asks.
pub(crate) fn listed(state: &State, call: &Call<'_>, kind: &str, all: Vec<Value>) -> Outcome {
    let path = call.request.uri().path();
    let below = links::below_project(path);
    let page = asked(call, below, all)?;
    let list = json!({
        "kind": kind,
        "id": format!("projects/{}/{below}", state.setup.project),
        "selfLink": place::link(state, below),
    });
    Ok(with_page(list, "items", page))
}

/// The page of a list that a call asks for, of what fits its filter.
fn asked(call: &Call<'_>, list: &str, mut all: Vec<Value>) -> Result<Page<Value>, ApiError> {
    if let Some(text) = call.query("filter") {
        let filter = Filter::read(text)?;
        all.retain(|item| filter.matches(item));
    }
    match call.query("orderBy") {
        None | Some("name") => {}
        Some(other) => return Err(ApiError::not_simulated(&format!("orderBy {other}"))),
    }
    let size = page_size(call)?;
    page(list, all, call.query("pageToken"), size).map_err(|_| {
        let token = call.query("pageToken").unwrap_or_default();
        ApiError::invalid(format!("Invalid value for field 'pageToken': '{token}'."))
    })
}

fn page_size(call: &Call<'_>) -> Result<usize, ApiError> {
    let Some(text) = call.query("maxResults") else {
        return Ok(PAGE);
    };
    let size = text.parse().ok().filter(|size| (1..=PAGE).contains(size));
    size.ok_or_else(|| {
        ApiError::invalid(format!(
            "Invalid value for field 'maxResults': '{text}'. Must be between 0 and 500."
        ))
    })
}

/// GET the resources of a collection in all scopes. A scope without resources on the page says so; one that cannot be
/// read (an injected fault) is a warning too, and then the list is not complete.
pub(crate) fn aggregated(state: &State, call: &Call<'_>, of: &'static Collection) -> Outcome {
    let below = links::below_project(call.request.uri().path());
    let unreachable = call.injected.take_partial();
    let mut scopes = of.levels.iter().flat_map(|level| level.scopes());
    let unreachable = scopes.find(|_| unreachable);
    let items = visible(state, call, of);
    let items = items.filter(|item| Some(&item.scope) != unreachable.as_ref());
    let shown = items.map(|item| item.shown(state)).collect();
    let page = asked(call, below, shown)?;
    let mut by_scope = Object::new();
    for scope in of.levels.iter().flat_map(|level| level.scopes()) {
        let here = page.items.iter().filter(|item| scope_of(item) == scope);
        let here: Vec<&Value> = here.collect();
        let entry = if unreachable.as_ref() == Some(&scope) {
            warning(&scope, "UNREACHABLE", "is unreachable")
        } else if here.is_empty() {
            warning(&scope, "NO_RESULTS_ON_PAGE", "has no results on this page")
        } else {
            json!({ of.plural: here })
        };
        by_scope.insert(scope.to_string(), entry);
    }
    let mut list = json!({
        "kind": aggregated_kind(of),
        "id": format!("projects/{}/{below}", state.setup.project),
        "selfLink": place::link(state, below),
        "items": by_scope,
    });
    if let Some(scope) = unreachable {
        list["unreachables"] = json!([place::link(state, &scope.to_string())]);
    }
    Ok(with_next(list, page.next))
}

/// The kind of an aggregated list. Two have a plural in it.
fn aggregated_kind(of: &Collection) -> String {
    match of.plural {
        plural @ ("healthChecks" | "urlMaps") => format!("compute#{plural}AggregatedList"),
        _ => format!("{}AggregatedList", of.kind),
    }
}

fn scope_of(shown: &Value) -> Scope {
    let link = shown["selfLink"].as_str().unwrap_or_default();
    Scope::read(links::below_project(link)).map_or(Scope::Global, |(scope, _)| scope)
}

fn warning(scope: &Scope, code: &str, what: &str) -> Value {
    json!({"warning": {
        "code": code, "message": format!("The scope '{scope}' {what}."),
        "data": [{"key": "scope", "value": scope.to_string()}],
    }})
}

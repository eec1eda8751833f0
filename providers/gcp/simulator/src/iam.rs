//! Identity and Access Management, version 1: service accounts and their keys, and workload identity pools.
//!
//! A deleted account can be restored for 30 days; one that was just made is not known to other services for some
//! seconds.

mod keys;
pub(crate) mod pools;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::router::on;
use kubeproof_simkit::store::Store;
use serde_json::{Value, json};

use crate::resource_manager::policy;
use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Object, Outcome, body, listed};
use keys::Key;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "iam",
    host: "iam.googleapis.com",
    base: "/v1",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[TABLE, keys::TABLE, pools::TABLE],
};

#[rustfmt::skip]
const TABLE: Table = table(&[
    on("GET", "/projects/{project}/serviceAccounts", "iam.projects.serviceAccounts.list", list),
    on("POST", "/projects/{project}/serviceAccounts", "iam.projects.serviceAccounts.create", create),
    on("GET", "/projects/{project}/serviceAccounts/{account}", "iam.projects.serviceAccounts.get", get),
    on("PATCH", "/projects/{project}/serviceAccounts/{account}", "iam.projects.serviceAccounts.patch", patch),
    on("DELETE", "/projects/{project}/serviceAccounts/{account}", "iam.projects.serviceAccounts.delete", delete),
    on("POST", "/projects/{project}/serviceAccounts/{account}:disable", "iam.projects.serviceAccounts.disable", disable),
    on("POST", "/projects/{project}/serviceAccounts/{account}:enable", "iam.projects.serviceAccounts.enable", enable),
    on("POST", "/projects/{project}/serviceAccounts/{account}:undelete", "iam.projects.serviceAccounts.undelete", undelete),
]);

/// The type of a service account in inventories.
const RESOURCE_TYPE: &str = "service_account";
/// Most accounts of a project (IAM quotas).
const ACCOUNTS_MAX: usize = 100;
/// Most accounts on a page, and as many as one has when the caller does not say.
const PAGE: (usize, usize) = (100, 20);
/// A deleted account can be restored for so many days.
const RESTORED_FOR: i64 = 30;
/// Other services know a new account after 2 to 10 seconds. It can take a minute.
const KNOWN_AFTER: (u64, u64) = (2, 8);

/// A service account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) unique_id: String,
    display_name: String,
    description: String,
    is_disabled: bool,
    created: Timestamp,
    /// When other services know it.
    known_at: Timestamp,
    /// When it was deleted, if it was.
    deleted: Option<Timestamp>,
    keys: Vec<Key>,
}

/// The state of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct IamState {
    /// All accounts by unique id, deleted ones too: an address can be used again, an id cannot.
    accounts: Store<Account>,
}

/// Whether other services know an account of this project. Those of Google's own services always are.
pub(crate) fn is_known(state: &State, email: &str) -> bool {
    let own = format!("@{}.iam.gserviceaccount.com", state.setup.project);
    if !email.ends_with(&own) {
        return true;
    }
    live(state, email).is_some_and(|account| account.known_at <= state.now)
}

/// Whether an account exists.
pub(crate) fn is_live(state: &State, email: &str) -> bool {
    live(state, email).is_some()
}

fn live<'s>(state: &'s State, named: &str) -> Option<&'s Account> {
    let mut live = state.iam.accounts.all().filter(|one| one.deleted.is_none());
    live.find(|one| one.email == named || one.unique_id == named)
}

fn named<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Account, ApiError> {
    let name = call.parameter(1);
    live(state, name).ok_or_else(|| absent(name))
}

fn absent(name: &str) -> ApiError {
    ApiError::not_found(format!("Unknown service account {name}"))
}

fn changed<'s>(state: &'s mut State, call: &Call<'_>) -> Result<&'s mut Account, ApiError> {
    let id = named(state, call)?.unique_id.clone();
    let account = state.iam.accounts.get_mut(&id);
    account.ok_or_else(|| absent(&id))
}

/// An account as the API shows it.
fn shown(state: &State, account: &Account) -> Value {
    let project = &state.setup.project;
    let mut shown = json!({
        "name": format!("projects/{project}/serviceAccounts/{}", account.email),
        "projectId": project,
        "uniqueId": account.unique_id,
        "email": account.email,
        "etag": "MDEwMjE5MjA=",
        "oauth2ClientId": account.unique_id,
    });
    // What is empty is left out.
    for (member, text) in [
        ("displayName", &account.display_name),
        ("description", &account.description),
    ] {
        if !text.is_empty() {
            shown[member] = json!(text);
        }
    }
    if account.is_disabled {
        shown["disabled"] = json!(true);
    }
    shown
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let account = named(state, call)?;
    if call.injected.hides(account.created, state.now) {
        return Err(absent(call.parameter(1)));
    }
    Ok(shown(state, account))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let (most, usual) = PAGE;
    let size = call
        .query("pageSize")
        .map_or(Some(usual), |text| text.parse().ok());
    let size = size.ok_or_else(|| ApiError::invalid("The page size is no number."))?;
    let accounts = state.iam.accounts.all();
    let live = accounts
        .filter(|one| one.deleted.is_none())
        .filter(|one| !call.injected.hides(one.created, state.now));
    let shown = live.map(|one| shown(state, one));
    listed("accounts", shown, call.query("pageToken"), size.min(most))
}

fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let id = body.get("accountId").and_then(Value::as_str);
    let id = id.ok_or_else(|| ApiError::required("accountId"))?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (6..=30).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && !id.ends_with('-')
        && id.chars().all(allowed);
    if !fits {
        let message = format!(
            "Invalid service account id '{id}': it must be 6 to 30 lower-case letters, digits and dashes."
        );
        return Err(ApiError::invalid(message));
    }
    let project = state.setup.project.clone();
    let email = format!("{id}@{project}.iam.gserviceaccount.com");
    if live(state, &email).is_some() {
        let message =
            format!("Service account {id} already exists within project projects/{project}.");
        return Err(ApiError::exists(message));
    }
    let count = state
        .iam
        .accounts
        .all()
        .filter(|one| one.deleted.is_none())
        .count();
    if count >= ACCOUNTS_MAX {
        let message = "Maximum number of service accounts on project reached.";
        return Err(ApiError::new(
            429,
            "RESOURCE_EXHAUSTED",
            "rateLimitExceeded",
            message,
        ));
    }
    let empty = Object::new();
    let given = body.get("serviceAccount").and_then(Value::as_object);
    let account = add(state, &email, given.unwrap_or(&empty));
    Ok(shown(state, &account))
}

/// Adds an account, and returns it.
pub(crate) fn add(state: &mut State, email: &str, given: &Object) -> Account {
    let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
    let (least, more) = KNOWN_AFTER;
    let seconds = i64::try_from(least + state.ids.below(more)).unwrap_or_default();
    let known_at = state.now.saturating_add(SignedDuration::from_secs(seconds));
    let account = Account {
        email: email.to_owned(),
        // Real ones have 21 digits.
        unique_id: format!("1{:020}", state.ids.below(u64::MAX)),
        display_name: text("displayName").to_owned(),
        description: text("description").to_owned(),
        is_disabled: false,
        created: state.now,
        known_at: known_at.unwrap_or(state.now),
        deleted: None,
        keys: Vec::new(),
    };
    let id = account.unique_id.clone();
    state.iam.accounts.insert(id, account.clone());
    account
}

fn patch(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let given = body.get("serviceAccount").and_then(Value::as_object);
    let given = given
        .ok_or_else(|| ApiError::required("serviceAccount"))?
        .clone();
    let mask = body
        .get("updateMask")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let account = changed(state, call)?;
    for member in mask.split(',') {
        let text = given
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default();
        match member {
            "displayName" => text.clone_into(&mut account.display_name),
            "description" => text.clone_into(&mut account.description),
            other => return Err(ApiError::invalid(format!("The field mask has `{other}`."))),
        }
    }
    let account = account.clone();
    Ok(shown(state, &account))
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let now = state.now;
    let account = changed(state, call)?;
    account.deleted = Some(now);
    let (email, id) = (account.email.clone(), account.unique_id.clone());
    policy::account_deleted(state, &email, &id);
    Ok(json!({}))
}

fn undelete(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = call.parameter(1).to_owned();
    let now = state.now;
    let found = state.iam.accounts.get(&id).filter(|one| {
        let within = SignedDuration::from_hours(24 * RESTORED_FOR);
        one.deleted
            .is_some_and(|at| now.duration_since(at) < within)
    });
    let email = found
        .map(|one| one.email.clone())
        .ok_or_else(|| absent(&id))?;
    if live(state, &email).is_some() {
        let message = format!("Service account {email} already exists.");
        return Err(ApiError::exists(message));
    }
    if let Some(account) = state.iam.accounts.get_mut(&id) {
        account.deleted = None;
    }
    policy::account_restored(state, &email, &id);
    let restored = live(state, &id).map(|one| shown(state, one));
    Ok(json!({ "restoredAccount": restored }))
}

fn disable(state: &mut State, call: &Call<'_>) -> Outcome {
    changed(state, call)?.is_disabled = true;
    Ok(json!({}))
}

fn enable(state: &mut State, call: &Call<'_>) -> Outcome {
    changed(state, call)?.is_disabled = false;
    Ok(json!({}))
}

/// The accounts as an auditor sees them.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    let live = state.iam.accounts.all().filter(|one| one.deleted.is_none());
    live.map(resource).collect()
}

fn resource(account: &Account) -> Resource {
    let mut resource = Resource::new(RESOURCE_TYPE, &account.email, "global");
    resource.name = Some(account.email.clone());
    resource.incarnation = Some(account.unique_id.clone());
    // The API does not tell when an account was made.
    resource.state = if account.is_disabled { "DISABLED" } else { "" }.to_owned();
    resource.properties = BTreeMap::from([("unique_id".to_owned(), account.unique_id.clone())]);
    if !account.description.is_empty() {
        let description = account.description.clone();
        resource
            .properties
            .insert("description".to_owned(), description);
    }
    resource
}

/// The whole state of an account as text; empty if the resource is none.
pub(crate) fn canonical(state: &State, of: &Resource) -> String {
    let account = live(state, &of.id).filter(|_| of.resource_type == RESOURCE_TYPE);
    account.map_or_else(String::new, |account| format!("{account:?}"))
}

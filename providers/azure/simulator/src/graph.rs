//! The directory: applications, service principals, and what was deleted and can be restored for 30 days.
//!
//! A new principal is not known everywhere at once.

mod calls;
mod objects;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::store::Store;

use crate::route::Service;
use crate::setup::{CALLER, CLIENT_ID, CLIENT_SECRET};
use crate::state;
use crate::token::Audience;
use crate::wire::{ApiError, ErrorShape, time};
use objects::{Application, Principal, Secret};

/// The service.
pub(crate) const SERVICE: Service = Service {
    host: "graph.microsoft.com",
    audience: Some(Audience::Graph),
    errors: ErrorShape::Graph,
    tables: &[&[calls::TABLE]],
};

/// A new principal is known everywhere after 10 to 60 seconds.
const SPREADING: (i64, u64) = (10, 50);

/// The state of the directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    applications: Store<Application>,
    principals: Store<Principal>,
    /// Applications and principals that were deleted, by their object ids.
    deleted_applications: Store<Application>,
    deleted_principals: Store<Principal>,
}

/// The caller's application and principal, which are not part of what an audit lists: no run made them.
pub(crate) fn begin(state: &mut state::State) {
    let now = state.now;
    let application = Application {
        id: state.ids.uuid(),
        app_id: CLIENT_ID.to_owned(),
        name: "kubeproof-rehearsal".to_owned(),
        tags: Vec::new(),
        created: now,
        secrets: vec![Secret {
            key: state.ids.uuid(),
            name: "rehearsal".to_owned(),
            text: CLIENT_SECRET.to_owned(),
            begins: now,
            ends: state.after(365 * 24 * 3600),
        }],
    };
    state
        .graph
        .applications
        .insert(application.id.clone(), application);
    let principal = Principal {
        id: CALLER.to_owned(),
        app_id: CLIENT_ID.to_owned(),
        name: "kubeproof-rehearsal".to_owned(),
        kind: "Application",
        tags: Vec::new(),
        created: now,
        known_from: now,
    };
    state.graph.principals.insert(CALLER, principal);
}

/// When a principal that is made now is known everywhere.
fn known_from(state: &mut state::State) -> Timestamp {
    let (least, more) = SPREADING;
    let seconds = least + i64::try_from(state.ids.below(more)).unwrap_or_default();
    state.after(seconds)
}

/// Makes the principal of a managed identity; returns its object id and its client id.
pub(crate) fn add_managed(
    state: &mut state::State,
    name: &str,
    _resource: &str,
) -> (String, String) {
    let principal = Principal {
        id: state.ids.uuid(),
        app_id: state.ids.uuid(),
        name: name.to_owned(),
        kind: "ManagedIdentity",
        tags: Vec::new(),
        created: state.now,
        known_from: known_from(state),
    };
    let ids = (principal.id.clone(), principal.app_id.clone());
    state.graph.principals.insert(ids.0.clone(), principal);
    ids
}

/// Makes a person, who is known already.
pub(crate) fn add_person(state: &mut state::State, name: &str) -> String {
    let principal = Principal {
        id: state.ids.uuid(),
        app_id: String::new(),
        name: name.to_owned(),
        kind: "User",
        tags: Vec::new(),
        created: state.now,
        known_from: state.now,
    };
    let id = principal.id.clone();
    state.graph.principals.insert(id.clone(), principal);
    id
}

/// Makes an application with its principal, as its owner did; returns the principal's object id.
pub(crate) fn add_application(state: &mut state::State, name: &str) -> String {
    let application = Application {
        id: state.ids.uuid(),
        app_id: state.ids.uuid(),
        name: name.to_owned(),
        tags: Vec::new(),
        created: state.now,
        secrets: Vec::new(),
    };
    let principal = Principal {
        id: state.ids.uuid(),
        app_id: application.app_id.clone(),
        name: name.to_owned(),
        kind: "Application",
        tags: Vec::new(),
        created: state.now,
        known_from: state.now,
    };
    let id = principal.id.clone();
    state
        .graph
        .applications
        .insert(application.id.clone(), application);
    state.graph.principals.insert(id.clone(), principal);
    id
}

/// Removes the principal of a managed identity.
pub(crate) fn remove_principal(state: &mut state::State, id: &str) {
    state.graph.principals.remove(id);
}

/// The type of a principal, as role assignments show it.
pub(crate) fn type_of(state: &state::State, id: &str) -> String {
    let found = state.graph.principals.get(id);
    let is_person = found.is_some_and(|principal| principal.kind == "User");
    (if is_person {
        "User"
    } else {
        "ServicePrincipal"
    })
    .to_owned()
}

/// Whether a principal is known everywhere.
pub(crate) fn knows(state: &state::State, id: &str) -> bool {
    let found = state.graph.principals.get(&id.to_ascii_lowercase());
    found.is_some_and(|principal| principal.known_from <= state.now)
}

/// Whether an application has a principal.
pub(crate) fn has_principal(state: &state::State, client: &str) -> bool {
    state.graph.principals.all().any(|one| one.app_id == client)
}

/// The object id of an application's principal.
pub(crate) fn principal_of_client(state: &state::State, client: &str) -> Option<String> {
    let mut all = state.graph.principals.all();
    all.find(|one| one.app_id == client)
        .map(|one| one.id.clone())
}

/// Refuses a secret with which an application cannot sign in.
pub(crate) fn check_secret(
    state: &state::State,
    client: &str,
    secret: &str,
) -> Result<(), ApiError> {
    if signed_in(state, client, secret).is_some() {
        return Ok(());
    }
    let message = format!(
        "The credentials in ServicePrincipalProfile were invalid. Details: AADSTS7000215: Invalid client secret provided \
         for app '{client}'."
    );
    Err(ApiError::new(
        400,
        "ServicePrincipalValidationClientError",
        message,
    ))
}

/// Refuses a service principal that does not exist, or is not known everywhere yet.
pub(crate) fn check_principal(state: &state::State, client: &str) -> Result<(), ApiError> {
    let mut principals = state.graph.principals.all();
    let is_known = principals.any(|one| one.app_id == client && one.known_from <= state.now);
    if is_known {
        return Ok(());
    }
    let message = format!(
        "Service principal clientID: {client} not found in Active Directory tenant {}.",
        state.setup.tenant
    );
    Err(ApiError::new(400, "ServicePrincipalNotFound", message))
}

/// How many seconds it takes until the principal of an application is known everywhere.
pub(crate) fn spreading(state: &state::State, client: &str) -> Option<i64> {
    let mut principals = state.graph.principals.all();
    let principal = principals.find(|one| one.app_id == client)?;
    Some(
        principal
            .known_from
            .duration_since(principal.created)
            .as_secs(),
    )
}

/// The principal that signs in with a secret of its application.
pub(crate) fn signed_in(state: &state::State, client: &str, secret: &str) -> Option<String> {
    let application = state
        .graph
        .applications
        .all()
        .find(|one| one.app_id == client)?;
    let mut secrets = application.secrets.iter();
    secrets.find(|one| one.text == secret && one.ends > state.now)?;
    let principal = state
        .graph
        .principals
        .all()
        .find(|one| one.app_id == client)?;
    (principal.known_from <= state.now).then(|| principal.id.clone())
}

/// Applications, their principals, and what was deleted, as an auditor sees them.
pub(crate) fn inventory(state: &state::State) -> Vec<Resource> {
    let graph = &state.graph;
    let mut all = Vec::new();
    let mut add =
        |kind: &str, id: &str, name: &str, tags: &[String], created: Timestamp, app_id: &str| {
            let mut one = Resource::new(kind, id, "directory");
            one.incarnation = Some(time(created));
            one.tags = objects::marks(tags);
            one.properties
                .insert("app_id".to_owned(), app_id.to_owned());
            all.push(one.named(name.to_owned()).created(created));
        };
    for one in graph.applications.all() {
        add(
            "app_registration_sp",
            &one.id,
            &one.name,
            &one.tags,
            one.created,
            &one.app_id,
        );
    }
    for one in graph
        .principals
        .all()
        .filter(|one| one.kind == "Application")
    {
        add(
            "service_principal",
            &one.id,
            &one.name,
            &one.tags,
            one.created,
            &one.app_id,
        );
    }
    for one in graph.deleted_applications.all() {
        add(
            "deleted_application",
            &one.id,
            &one.name,
            &one.tags,
            one.created,
            &one.app_id,
        );
    }
    for one in graph.deleted_principals.all() {
        add(
            "deleted_service_principal",
            &one.id,
            &one.name,
            &one.tags,
            one.created,
            &one.app_id,
        );
    }
    all
}

/// The whole state of an object of the directory as text; empty if it is none.
pub(crate) fn canonical(state: &state::State, resource: &Resource) -> String {
    let application = state.graph.applications.get(&resource.id);
    application.map_or_else(String::new, |one| format!("{one:?}"))
}

//! Role definitions and assignments. An assignment's name is a GUID that the caller chooses; it goes with its scope, and
//! stays when its principal goes.

mod filter;
mod roles;

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::router::on;
use kubeproof_simkit::store::Store;
use serde_json::{Value, json};

use crate::arm::read::page;
use crate::graph;
use crate::locks::{self, is_within};
use crate::route::{Call, Table, table};
use crate::setup::CALLER;
use crate::state;
use crate::wire::{Answer, ApiError, Outcome, body, text, time};
use filter::Filter;
use roles::{CLUSTER_ADMIN, OWNER, ROLES, changes_networks, definition, definitions, permissions};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("PUT", "/{scope}/providers/Microsoft.Authorization/roleAssignments/{assignment}", "authorization.roleAssignments.create", put),
    on("GET", "/{scope}/providers/Microsoft.Authorization/roleAssignments/{assignment}", "authorization.roleAssignments.get", get),
    on("DELETE", "/{scope}/providers/Microsoft.Authorization/roleAssignments/{assignment}", "authorization.roleAssignments.delete", delete),
    on("GET", "/{scope}/providers/Microsoft.Authorization/roleAssignments", "authorization.roleAssignments.listForScope", list),
    on("GET", "/{scope}/providers/Microsoft.Authorization/roleDefinitions", "authorization.roleDefinitions.list", definitions),
    on("GET", "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{definition}", "authorization.roleDefinitions.get", definition),
    on("GET", "/{scope}/providers/Microsoft.Authorization/permissions", "authorization.permissions.list", permissions),
]);

/// The most assignments of a subscription.
const ASSIGNMENTS_MAX: usize = 4000;

/// A role assignment.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    name: String,
    scope: String,
    /// The GUID of the role.
    role: String,
    principal: String,
    principal_type: String,
    /// Free text, which is all that can be written on one.
    description: Option<String>,
    created: Timestamp,
    created_by: String,
}

/// The state of the service: the assignments, by their ids in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    assignments: Store<Assignment>,
}

impl Assignment {
    fn id(&self) -> String {
        format!(
            "{}/providers/Microsoft.Authorization/roleAssignments/{}",
            self.scope, self.name
        )
    }

    fn shown(&self, state: &state::State) -> Value {
        let role = role_id(state, &self.role);
        json!({
            "id": self.id(), "name": self.name, "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "roleDefinitionId": role, "principalId": self.principal, "principalType": self.principal_type,
                "scope": self.scope, "description": self.description, "createdOn": time(self.created), "updatedOn": time(self.created),
                "createdBy": self.created_by, "updatedBy": self.created_by,
            },
        })
    }
}

fn role_id(state: &state::State, role: &str) -> String {
    format!(
        "{}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        state.subscription_path()
    )
}

/// The caller owns the subscription.
pub(crate) fn begin(state: &mut state::State) {
    let scope = state.subscription_path();
    assign(state, &scope, OWNER, CALLER);
}

/// Makes an assignment, which is there at once.
pub(crate) fn assign(state: &mut state::State, scope: &str, role: &str, principal: &str) {
    let assignment = Assignment {
        name: state.ids.uuid(),
        scope: scope.to_owned(),
        role: role.to_owned(),
        principal: principal.to_owned(),
        principal_type: graph::type_of(state, principal),
        description: None,
        created: state.now,
        created_by: CALLER.to_owned(),
    };
    let key = assignment.id().to_ascii_lowercase();
    state.authorization.assignments.insert(key, assignment);
}

/// Whether a principal may change the network at a scope: by a role there, or above.
pub(crate) fn may_change_network(state: &state::State, principal: &str, scope: &str) -> bool {
    let mut all = state.authorization.assignments.all();
    all.any(|one| {
        one.principal.eq_ignore_ascii_case(principal)
            && is_within(scope, &one.scope)
            && changes_networks(&one.role)
    })
}

/// Whether a principal administers the cluster at this scope by a role.
pub(crate) fn administers(state: &state::State, principal: &str, scope: &str) -> bool {
    let mut all = state.authorization.assignments.all();
    all.any(|one| {
        one.principal.eq_ignore_ascii_case(principal)
            && is_within(scope, &one.scope)
            && one.role == CLUSTER_ADMIN
    })
}

/// A scope is gone: its assignments go with it.
pub(crate) fn scope_gone(state: &mut state::State, scope: &str) {
    let assignments = &mut state.authorization.assignments;
    assignments.retain(|one| !is_within(&one.scope, scope));
}

/// Whether something is at a scope.
fn exists(state: &state::State, scope: &str) -> bool {
    let lower = scope.to_ascii_lowercase();
    let group = lower.rsplit_once("/resourcegroups/").map(|(_, rest)| rest);
    match group {
        None => lower == state.subscription_path().to_ascii_lowercase(),
        Some(name) if !name.contains('/') => state.groups.has(name),
        Some(_) => state.arm.items.has(&lower),
    }
}

fn key(call: &Call<'_>) -> String {
    let (scope, name) = (call.scope(), call.parameter(1));
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}").to_ascii_lowercase()
}

fn is_guid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

fn refuse<T>(status: u16, code: &str, message: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::new(status, code, message))
}

/// Refuses a caller who may not change assignments.
fn check_permitted(state: &state::State, verb: &str, scope: &str) -> Result<(), ApiError> {
    if state.setup.may_assign_roles {
        return Ok(());
    }
    let message = format!(
        "The client '{CALLER}' does not have authorization to perform action \
         'Microsoft.Authorization/roleAssignments/{verb}' over scope '{scope}'."
    );
    refuse(403, "AuthorizationFailed", message)
}

fn put(state: &mut state::State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let given = body
        .get("properties")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let (scope, name) = (call.scope(), call.parameter(1).to_owned());
    let described = text(&given, "description");
    if !is_guid(&name) {
        let message = format!(
            "The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."
        );
        return refuse(400, "InvalidRoleAssignmentId", message);
    }
    check_permitted(state, "write", &scope)?;
    if !exists(state, &scope) {
        return refuse(
            404,
            "ResourceNotFound",
            format!("The scope '{scope}' was not found."),
        );
    }
    locks::check(state, &scope, false)?;
    let role = text(&given, "roleDefinitionId")
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if !ROLES.iter().any(|(_, guid, _)| *guid == role) {
        return refuse(
            400,
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{role}' does not exist."),
        );
    }
    let (principal, principal_type) = (
        text(&given, "principalId").to_owned(),
        text(&given, "principalType"),
    );
    if !is_guid(&principal) {
        return refuse(
            400,
            "InvalidPrincipalId",
            format!("A valid principal ID must be provided: '{principal}'."),
        );
    }
    // With a type, it is not looked up whether the principal is known yet.
    if principal_type.is_empty() && !graph::knows(state, &principal) {
        let message = format!(
            "Principal {principal} does not exist in the directory {}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay.",
            state.setup.tenant
        );
        return refuse(400, "PrincipalNotFound", message);
    }
    let principal_type = if principal_type.is_empty() {
        graph::type_of(state, &principal)
    } else {
        principal_type.to_owned()
    };
    let assignment = Assignment {
        name,
        scope,
        role,
        principal,
        principal_type,
        description: (!described.is_empty()).then(|| described.to_owned()),
        created: state.now,
        created_by: call.caller.clone(),
    };
    add(state, call, assignment)
}

fn add(state: &mut state::State, call: &Call<'_>, assignment: Assignment) -> Outcome {
    let key = key(call);
    let same = |one: &Assignment| {
        one.role == assignment.role
            && one.principal.eq_ignore_ascii_case(&assignment.principal)
            && one.scope.eq_ignore_ascii_case(&assignment.scope)
    };
    let assignments = &state.authorization.assignments;
    if let Some(known) = assignments.get(&key) {
        if same(known) {
            return Ok(Answer::new(201, known.shown(state)));
        }
        let message =
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
        return refuse(400, "RoleAssignmentUpdateNotPermitted", message);
    }
    if let Some(known) = assignments.all().find(|one| same(one)) {
        let message = format!(
            "The role assignment already exists. The ID of the existing role assignment is {}.",
            known.name.replace('-', "")
        );
        return refuse(409, "RoleAssignmentExists", message);
    }
    if assignments.count() >= ASSIGNMENTS_MAX {
        let message = "No more role assignments can be created.";
        return refuse(400, "RoleAssignmentLimitExceeded", message);
    }
    let shown = assignment.shown(state);
    state.authorization.assignments.insert(key, assignment);
    Ok(Answer::new(201, shown))
}

fn get(state: &mut state::State, call: &Call<'_>) -> Outcome {
    let found = state.authorization.assignments.get(&key(call));
    let found = found.filter(|one| !call.injected.hides(one.created, state.now));
    found
        .map(|one| Answer::ok(one.shown(state)))
        .ok_or_else(|| {
            let message = format!("The role assignment '{}' is not found.", call.parameter(1));
            ApiError::new(404, "RoleAssignmentNotFound", message)
        })
}

fn delete(state: &mut state::State, call: &Call<'_>) -> Outcome {
    let key = key(call);
    let Some(known) = state.authorization.assignments.get(&key) else {
        return Ok(Answer::empty(204));
    };
    check_permitted(state, "delete", &known.scope)?;
    locks::check(state, &known.scope, true)?;
    let shown = known.shown(state);
    state.authorization.assignments.remove(&key);
    Ok(Answer::ok(shown))
}

/// The assignments at a scope, above it and, without `atScope()`, below it.
fn list(state: &mut state::State, call: &Call<'_>) -> Outcome {
    let text = call.query("$filter").unwrap_or_default();
    let Some(filter) = Filter::read(text) else {
        return Err(ApiError::not_simulated(format!(
            "{} with $filter {text}",
            call.name
        )));
    };
    let scope = call.scope();
    let now = state.now;
    let fitting = state.authorization.assignments.all().filter(|one| {
        let is_above = is_within(&scope, &one.scope);
        let is_here = is_above || (!filter.is_at_scope && is_within(&one.scope, &scope));
        let principal = filter.principal.as_ref();
        let is_theirs = principal.is_none_or(|id| id.eq_ignore_ascii_case(&one.principal));
        is_here && is_theirs && !call.injected.hides(one.created, now)
    });
    let all: Vec<Value> = fitting.map(|one| one.shown(state)).collect();
    page(state, call, all)
}

/// All assignments as an auditor sees them.
pub(crate) fn inventory(state: &state::State) -> Vec<Resource> {
    let all = state.authorization.assignments.all().map(|one| {
        let mut resource =
            Resource::new("role_assignment", one.id().to_ascii_lowercase(), "global");
        resource.incarnation = Some(time(one.created));
        resource.properties = BTreeMap::from([
            ("scope".to_owned(), one.scope.clone()),
            ("principal_id".to_owned(), one.principal.clone()),
            ("role".to_owned(), one.role.clone()),
        ]);
        if let Some(text) = &one.description {
            resource = resource.with("description", text);
        }
        resource.named(one.name.clone()).created(one.created)
    });
    all.collect()
}

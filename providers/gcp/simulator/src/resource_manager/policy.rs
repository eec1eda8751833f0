//! The policy of the project: who has which role. A caller writes all of it, so one without an etag loses what others
//! wrote meanwhile.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::iam;
use crate::route::Call;
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

/// The type of a binding in inventories.
pub(crate) const RESOURCE_TYPE: &str = "iam_binding";
/// Most members of all bindings together.
const MEMBERS_MAX: usize = 1500;
/// The version from which a policy can have conditions.
const CONDITIONS: u64 = 3;

/// One role and who has it, perhaps under a condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Binding {
    pub(crate) role: String,
    pub(crate) members: Vec<String>,
    condition: Option<Value>,
}

/// A policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) bindings: Vec<Binding>,
    audit_configs: Option<Value>,
    changes: u64,
}

impl Policy {
    fn etag(&self) -> String {
        let mut bytes = b"\x07\x06".to_vec();
        bytes.extend(&(0x35_a1_00_00_00 + self.changes).to_be_bytes()[2..]);
        STANDARD.encode(bytes)
    }

    /// The policy as a caller of this version sees it: an older one cannot see conditions.
    fn shown(&self, version: u64) -> Value {
        let conditional = self.bindings.iter().any(|one| one.condition.is_some());
        let shown = |binding: &Binding| {
            let mut shown = json!({"role": binding.role, "members": binding.members});
            match &binding.condition {
                Some(condition) if version >= CONDITIONS => shown["condition"] = condition.clone(),
                Some(_) => {
                    let role = &binding.role;
                    shown["role"] = json!(format!("{role}_withcond_3f1c1d0c9a2b4e5d"));
                }
                None => {}
            }
            shown
        };
        let bindings: Vec<Value> = self.bindings.iter().map(shown).collect();
        let version = if conditional && version >= CONDITIONS {
            CONDITIONS
        } else {
            1
        };
        let mut policy = json!({"version": version, "etag": self.etag()});
        if !bindings.is_empty() {
            policy["bindings"] = json!(bindings);
        }
        if let Some(configs) = &self.audit_configs {
            policy["auditConfigs"] = configs.clone();
        }
        policy
    }
}

pub(crate) fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let version = body
        .get("options")
        .and_then(|options| options["requestedPolicyVersion"].as_u64());
    match version {
        None | Some(0 | 1 | CONDITIONS) => Ok(state.project.policy.shown(version.unwrap_or(1))),
        Some(other) => Err(ApiError::invalid(format!(
            "Invalid requested policy version {other}: it is 0, 1 or 3."
        ))),
    }
}

pub(crate) fn set(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let policy = body.get("policy").and_then(Value::as_object);
    let policy = policy.ok_or_else(|| ApiError::required("policy"))?;
    let known = state.project.policy.etag();
    let given = policy.get("etag").and_then(Value::as_str);
    if given.is_some_and(|given| !given.is_empty() && given != known) {
        let message = "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.";
        return Err(ApiError::new(409, "ABORTED", "aborted", message));
    }
    let version = policy.get("version").and_then(Value::as_u64).unwrap_or(0);
    let bindings = read_bindings(policy, version)?;
    check_members(state, &bindings)?;
    let mask = body.get("updateMask").and_then(Value::as_str);
    let current = &mut state.project.policy;
    // Without a mask only bindings and etag are written.
    if mask.is_some_and(|mask| mask.contains("auditConfigs")) {
        current.audit_configs = policy.get("auditConfigs").cloned();
    }
    if current.bindings != bindings {
        current.bindings = bindings;
        current.changes += 1;
    }
    Ok(current.shown(version.max(1)))
}

fn read_bindings(policy: &Object, version: u64) -> Result<Vec<Binding>, ApiError> {
    let given = policy.get("bindings").and_then(Value::as_array);
    let mut bindings: Vec<Binding> = Vec::new();
    for one in given.into_iter().flatten() {
        let role = one["role"].as_str().unwrap_or_default();
        if !role.starts_with("roles/") && !role.contains("/roles/") {
            let message = format!("Role ({role}) does not exist in the resource's hierarchy.");
            return Err(ApiError::invalid(message));
        }
        let condition = Some(&one["condition"])
            .filter(|one| !one.is_null())
            .cloned();
        if condition.is_some() && version < CONDITIONS {
            let message = "Policy version 3 is needed for a policy with conditions.";
            return Err(ApiError::invalid(message));
        }
        let members = one["members"].as_array().into_iter().flatten();
        let members: BTreeSet<String> = members
            .filter_map(|member| member.as_str().map(str::to_owned))
            .collect();
        let same = |known: &&mut Binding| known.role == role && known.condition == condition;
        match bindings.iter_mut().find(same) {
            Some(known) => {
                let more = members
                    .into_iter()
                    .filter(|one| !known.members.contains(one));
                let more: Vec<String> = more.collect();
                known.members.extend(more);
            }
            // A binding without members is none.
            None if members.is_empty() => {}
            None => bindings.push(Binding {
                role: role.to_owned(),
                members: members.into_iter().collect(),
                condition,
            }),
        }
    }
    Ok(bindings)
}

fn check_members(state: &State, bindings: &[Binding]) -> Result<(), ApiError> {
    let before: BTreeSet<&String> = all_members(&state.project.policy.bindings).collect();
    if all_members(bindings).count() > MEMBERS_MAX {
        let message = format!(
            "The number of members in the policy is larger than the maximum allowed size {MEMBERS_MAX}."
        );
        return Err(ApiError::invalid(message));
    }
    for member in all_members(bindings).filter(|member| !before.contains(member)) {
        let Some((kind, id)) = member.split_once(':') else {
            let message = format!("The member {member} is of an unknown type.");
            return Err(ApiError::invalid(message));
        };
        match kind {
            "user" | "group" | "domain" | "deleted" | "principal" | "principalSet" => {}
            "serviceAccount" if iam::is_known(state, id) => {}
            "serviceAccount" => {
                return Err(ApiError::invalid(format!(
                    "Service account {id} does not exist."
                )));
            }
            _ => {
                return Err(ApiError::invalid(format!(
                    "The member {member} is of an unknown type."
                )));
            }
        }
    }
    Ok(())
}

fn all_members(bindings: &[Binding]) -> impl Iterator<Item = &String> {
    bindings.iter().flat_map(|binding| &binding.members)
}

/// Adds a member to a role, as a service does for its own agent.
pub(crate) fn add(state: &mut State, role: &str, member: &str) {
    add_with(state, role, member, None);
}

/// Adds a member to a role under a condition.
pub(crate) fn add_with(state: &mut State, role: &str, member: &str, condition: Option<Value>) {
    let policy = &mut state.project.policy;
    let same = |one: &&mut Binding| one.role == role && one.condition == condition;
    match policy.bindings.iter_mut().find(same) {
        Some(binding) if binding.members.iter().any(|one| one == member) => return,
        Some(binding) => binding.members.push(member.to_owned()),
        None => policy.bindings.push(Binding {
            role: role.to_owned(),
            members: vec![member.to_owned()],
            condition,
        }),
    }
    policy.changes += 1;
}

/// A service account is gone: its name stays in the policy, with its unique id.
pub(crate) fn account_deleted(state: &mut State, email: &str, unique_id: &str) {
    rename(
        state,
        &format!("serviceAccount:{email}"),
        &format!("deleted:serviceAccount:{email}?uid={unique_id}"),
    );
}

/// A deleted service account is there again.
pub(crate) fn account_restored(state: &mut State, email: &str, unique_id: &str) {
    rename(
        state,
        &format!("deleted:serviceAccount:{email}?uid={unique_id}"),
        &format!("serviceAccount:{email}"),
    );
}

fn rename(state: &mut State, from: &str, to: &str) {
    for binding in &mut state.project.policy.bindings {
        for member in &mut binding.members {
            if member == from {
                to.clone_into(member);
            }
        }
    }
}

/// The bindings as an auditor sees them: one for each role and member.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    let mut all = Vec::new();
    for binding in &state.project.policy.bindings {
        for member in &binding.members {
            let id = format!("{}/{member}", binding.role);
            let mut resource = Resource::new(RESOURCE_TYPE, id, "global");
            resource.name = Some(member.clone());
            resource
                .properties
                .insert("role".to_owned(), binding.role.clone());
            if let Some(condition) = &binding.condition {
                // It tells the binding from one of the same role and member without it.
                let title = condition["title"].as_str().unwrap_or_default();
                resource.incarnation = Some(title.to_owned());
                resource = resource.with("condition", condition);
            }
            all.push(resource);
        }
    }
    all
}

//! Roles: created, read, tagged and deleted by name.
//!
//! A role's policies and instance profiles block its deletion.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    already_exists, arn, date, delete_conflict, document, done, no_such_entity, paged, path,
    tag_nodes,
};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The most roles of one account (AWS's default quota).
const ROLES_MAX: usize = 1000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    /// Its id: `AROA…`.
    pub id: String,
    /// Its ARN, path included.
    pub arn: String,
    pub path: String,
    /// The trust policy, as given.
    pub trust: String,
    pub description: Option<String>,
    /// Longest session, seconds.
    pub max_session_seconds: i64,
    /// When it was created: other services see it only later.
    pub created_at: Timestamp,
    pub tags: BTreeMap<String, String>,
    /// Attached policies: ARN → since when.
    pub attached: BTreeMap<String, Timestamp>,
    /// Inline policies: name → document.
    pub inline: BTreeMap<String, String>,
}

/// The role with a name.
///
/// # Errors
/// `NoSuchEntity`.
pub fn find<'a>(state: &'a State, name: &str) -> Result<&'a Role, AwsError> {
    state.iam.roles.get(name).ok_or_else(|| missing(name))
}

/// The role that a request names, mutable.
///
/// # Errors
/// `NoSuchEntity`; `MissingParameter`.
pub fn find_mut<'a>(state: &'a mut State, params: &Params) -> Result<&'a mut Role, AwsError> {
    let name = params.need("RoleName")?;
    state.iam.roles.get_mut(name).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> AwsError {
    no_such_entity(format!("The role with name {name} cannot be found."))
}

pub(super) fn create(state: &mut State, params: &Params) -> Outcome {
    let name = params.need("RoleName")?.to_owned();
    check_name(&name)?;
    let trust = params.need("AssumeRolePolicyDocument")?.to_owned();
    check_trust(&trust)?;
    if state.iam.roles.contains_key(&name) {
        return Err(already_exists(format!(
            "Role with name {name} already exists."
        )));
    }
    if state.iam.roles.len() >= ROLES_MAX {
        return Err(AwsError::new(
            409,
            "LimitExceeded",
            format!("Cannot exceed quota for RolesPerAccount: {ROLES_MAX}"),
        ));
    }
    let path = path(params);
    let role = Role {
        arn: arn(&format!("role{path}{name}")),
        id: format!("AROA{}", state.ids.letters(17)),
        trust,
        description: params.get("Description").map(str::to_owned),
        max_session_seconds: params.number("MaxSessionDuration")?.unwrap_or(3600),
        created_at: state.now,
        tags: params.tags("Tags"),
        attached: BTreeMap::new(),
        inline: BTreeMap::new(),
        path,
        name,
    };
    let answer = Answer::Xml(Node::new().node("Role", node(&role, true)));
    state.iam.roles.insert(role.name.clone(), role);
    Ok(answer)
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(AwsError::new(
        400,
        "ValidationError",
        "The specified value for roleName is invalid. It must contain only alphanumeric characters \
         and/or the following: +=,.@_-",
    ))
}

/// Refuses a trust policy that is none.
///
/// # Errors
/// `MalformedPolicyDocument`.
pub(super) fn check_trust(text: &str) -> Result<(), AwsError> {
    let value = document(text)?;
    let statements = super::role_checks::statements(&value);
    if statements
        .iter()
        .any(|statement| statement.get("Resource").is_some())
    {
        let message = "Has prohibited field Resource";
        return Err(AwsError::new(400, "MalformedPolicyDocument", message));
    }
    if statements
        .iter()
        .any(|statement| statement.get("Principal").is_none())
    {
        let message = "Missing required field Principal";
        return Err(AwsError::new(400, "MalformedPolicyDocument", message));
    }
    Ok(())
}

pub(super) fn get(state: &State, params: &Params) -> Outcome {
    let role = find(state, params.need("RoleName")?)?;
    Ok(Answer::Xml(Node::new().node("Role", node(role, true))))
}

pub(super) fn list(state: &State, params: &Params) -> Outcome {
    let prefix = params.get("PathPrefix").unwrap_or("/");
    let roles = state
        .iam
        .roles
        .values()
        .filter(|role| role.path.starts_with(prefix));
    // ListRoles leaves the tags out: ListRoleTags gives them, role by role.
    let members = roles.map(|role| node(role, false)).collect();
    paged(state, params, "ListRoles", "Roles", members)
}

pub(super) fn list_tags(state: &State, params: &Params) -> Outcome {
    let role = find(state, params.need("RoleName")?)?;
    paged(state, params, "ListRoleTags", "Tags", tag_nodes(&role.tags))
}

pub(super) fn tag(state: &mut State, params: &Params) -> Outcome {
    let tags = params.tags("Tags");
    find_mut(state, params)?.tags.extend(tags);
    Ok(done())
}

pub(super) fn untag(state: &mut State, params: &Params) -> Outcome {
    let keys = params.list("TagKeys");
    find_mut(state, params)?
        .tags
        .retain(|key, _| !keys.contains(key));
    Ok(done())
}

pub(super) fn delete(state: &mut State, params: &Params) -> Outcome {
    let name = params.need("RoleName")?.to_owned();
    let role = find(state, &name)?;
    if role.path.starts_with("/aws-service-role/") {
        let message =
            "Cannot perform the operation on the protected role: it is a service-linked role";
        return Err(AwsError::new(400, "UnmodifiableEntity", message));
    }
    // This also holds for the profile that EKS makes for a node group: it is an ordinary one of the account, and IAM
    // does not look at who made it (aws/containers-roadmap issue 2531, of Auto Mode's; the words: 99designs/iamy pull
    // request 68, cloud-custodian issue 6340). EKS deletes it with the node group; until then the role stays, unless
    // somebody takes it out of the profile (aws-controllers-k8s/iam-controller pull request 180 does).
    if state
        .iam
        .profiles
        .values()
        .any(|profile| profile.role.as_deref() == Some(&name))
    {
        let message = "Cannot delete entity, must remove roles from instance profile first.";
        return Err(delete_conflict(message));
    }
    if !role.attached.is_empty() {
        return Err(delete_conflict(
            "Cannot delete entity, must detach all policies first.",
        ));
    }
    if !role.inline.is_empty() {
        return Err(delete_conflict(
            "Cannot delete entity, must delete policies first.",
        ));
    }
    state.iam.roles.remove(&name);
    Ok(done())
}

/// A role as XML; lists leave the tags out.
pub(super) fn node(role: &Role, with_tags: bool) -> Node {
    let trust = utf8_percent_encode(&role.trust, NON_ALPHANUMERIC).to_string();
    let node = Node::new()
        .text("Path", &role.path)
        .text("RoleName", &role.name)
        .text("RoleId", &role.id)
        .text("Arn", &role.arn)
        .text("CreateDate", date(role.created_at))
        .text("AssumeRolePolicyDocument", trust)
        .maybe("Description", role.description.as_ref())
        .text("MaxSessionDuration", role.max_session_seconds);
    if with_tags && !role.tags.is_empty() {
        node.list("Tags", "member", tag_nodes(&role.tags))
    } else {
        node
    }
}

pub(super) fn resource(role: &Role) -> Resource {
    let mut resource = Resource::new("iam_role", &role.name, "global");
    resource.name = Some(role.name.clone());
    resource.tags = role.tags.clone();
    resource.incarnation = Some(role.id.clone());
    resource.created_at = Some(role.created_at);
    resource
        .properties
        .insert("path".to_owned(), role.path.clone());
    let policies: Vec<&str> = role
        .attached
        .keys()
        .chain(role.inline.keys())
        .map(String::as_str)
        .collect();
    resource
        .properties
        .insert("policies".to_owned(), policies.join(", "));
    resource
}

//! Instance profiles: what lets an instance use a role, one role each.
//!
//! EKS creates them too, and one that is left behind blocks the deletion of its role.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;

use super::{
    already_exists, arn, date, delete_conflict, done, no_such_entity, paged, path, roles, tag_nodes,
};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// An instance profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    /// Its id: `AIPA…`.
    pub id: String,
    pub arn: String,
    pub path: String,
    pub created_at: Timestamp,
    pub tags: BTreeMap<String, String>,
    /// The name of its role, if it has one.
    pub role: Option<String>,
}

/// Creates a profile that holds a role, as EKS does for a node group.
pub fn create_internal(state: &mut State, name: &str, role: &str) {
    let mut profile = new(state, name, "/", BTreeMap::new());
    profile.role = Some(role.to_owned());
    state.iam.profiles.insert(name.to_owned(), profile);
}

/// Removes a profile with its contents, as EKS does with its own.
pub fn delete_internal(state: &mut State, name: &str) {
    state.iam.profiles.remove(name);
}

/// The ARN of the profile of this ARN or name, if there is one.
pub fn arn_of(state: &State, arn: Option<&str>, name: Option<&str>) -> Option<String> {
    let mut all = state.iam.profiles.values();
    let found = all.find(|one| {
        arn.is_none_or(|arn| one.arn == arn) && name.is_none_or(|name| one.name == name)
    });
    found.map(|one| one.arn.clone())
}

fn new(state: &mut State, name: &str, path: &str, tags: BTreeMap<String, String>) -> Profile {
    Profile {
        name: name.to_owned(),
        id: format!("AIPA{}", state.ids.letters(17)),
        arn: arn(&format!("instance-profile{path}{name}")),
        path: path.to_owned(),
        created_at: state.now,
        tags,
        role: None,
    }
}

fn find<'a>(state: &'a State, params: &Params) -> Result<&'a Profile, AwsError> {
    let name = params.need("InstanceProfileName")?;
    state.iam.profiles.get(name).ok_or_else(|| missing(name))
}

fn find_mut<'a>(state: &'a mut State, params: &Params) -> Result<&'a mut Profile, AwsError> {
    let name = params.need("InstanceProfileName")?;
    state
        .iam
        .profiles
        .get_mut(name)
        .ok_or_else(|| missing(name))
}

fn missing(name: &str) -> AwsError {
    no_such_entity(format!("Instance Profile {name} cannot be found."))
}

pub(super) fn create(state: &mut State, params: &Params) -> Outcome {
    let name = params.need("InstanceProfileName")?.to_owned();
    if state.iam.profiles.contains_key(&name) {
        return Err(already_exists(format!(
            "Instance Profile {name} already exists."
        )));
    }
    let profile = new(state, &name, &path(params), params.tags("Tags"));
    let answer = Answer::Xml(Node::new().node("InstanceProfile", node(state, &profile)));
    state.iam.profiles.insert(name, profile);
    Ok(answer)
}

pub(super) fn get(state: &State, params: &Params) -> Outcome {
    let profile = find(state, params)?;
    Ok(Answer::Xml(
        Node::new().node("InstanceProfile", node(state, profile)),
    ))
}

pub(super) fn list(state: &State, params: &Params) -> Outcome {
    let members = state
        .iam
        .profiles
        .values()
        .map(|profile| node(state, profile))
        .collect();
    paged(
        state,
        params,
        "ListInstanceProfiles",
        "InstanceProfiles",
        members,
    )
}

pub(super) fn list_for_role(state: &State, params: &Params) -> Outcome {
    let role = roles::find(state, params.need("RoleName")?)?;
    let holds = |profile: &&Profile| profile.role.as_ref() == Some(&role.name);
    let members = state
        .iam
        .profiles
        .values()
        .filter(holds)
        .map(|one| node(state, one))
        .collect();
    paged(
        state,
        params,
        "ListInstanceProfilesForRole",
        "InstanceProfiles",
        members,
    )
}

pub(super) fn list_tags(state: &State, params: &Params) -> Outcome {
    let tags = tag_nodes(&find(state, params)?.tags);
    paged(state, params, "ListInstanceProfileTags", "Tags", tags)
}

pub(super) fn tag(state: &mut State, params: &Params) -> Outcome {
    let tags = params.tags("Tags");
    find_mut(state, params)?.tags.extend(tags);
    Ok(done())
}

pub(super) fn untag(state: &mut State, params: &Params) -> Outcome {
    let keys = params.list("TagKeys");
    let profile = find_mut(state, params)?;
    profile.tags.retain(|key, _| !keys.contains(key));
    Ok(done())
}

pub(super) fn add_role(state: &mut State, params: &Params) -> Outcome {
    let role = roles::find(state, params.need("RoleName")?)?.name.clone();
    let profile = find_mut(state, params)?;
    if profile.role.is_some() {
        return Err(AwsError::new(
            409,
            "LimitExceeded",
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        ));
    }
    profile.role = Some(role);
    Ok(done())
}

pub(super) fn remove_role(state: &mut State, params: &Params) -> Outcome {
    let role = params.need("RoleName")?.to_owned();
    let profile = find_mut(state, params)?;
    if profile.role.as_deref() != Some(&role) {
        return Err(no_such_entity(format!(
            "The role with name {role} cannot be found."
        )));
    }
    profile.role = None;
    Ok(done())
}

pub(super) fn delete(state: &mut State, params: &Params) -> Outcome {
    let profile = find(state, params)?;
    if profile.role.is_some() {
        let message = "Cannot delete entity, must remove roles from instance profile first.";
        return Err(delete_conflict(message));
    }
    let name = profile.name.clone();
    state.iam.profiles.remove(&name);
    Ok(done())
}

fn node(state: &State, profile: &Profile) -> Node {
    let role = profile
        .role
        .as_ref()
        .and_then(|name| state.iam.roles.get(name));
    Node::new()
        .text("Path", &profile.path)
        .text("InstanceProfileName", &profile.name)
        .text("InstanceProfileId", &profile.id)
        .text("Arn", &profile.arn)
        .text("CreateDate", date(profile.created_at))
        .list("Roles", "member", role.map(|role| roles::node(role, false)))
}

pub(super) fn resource(profile: &Profile) -> Resource {
    let mut resource = Resource::new("iam_instance_profile", &profile.name, "global");
    resource.name = Some(profile.name.clone());
    resource.tags = profile.tags.clone();
    resource.incarnation = Some(profile.id.clone());
    resource.created_at = Some(profile.created_at);
    resource
        .properties
        .insert("path".to_owned(), profile.path.clone());
    if let Some(role) = &profile.role {
        resource.properties.insert("role".to_owned(), role.clone());
    }
    resource
}

//! IAM: roles, policies, instance profiles and identity providers of the whole account.
//!
//! Global and eventually consistent: [`role_checks`] decides what other services see of a role.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;

use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

pub mod aws_policies;
pub mod oidc;
pub mod policies;
pub mod policy_versions;
pub mod profiles;
pub mod role_checks;
pub mod role_policies;
mod role_settings;
pub mod roles;
pub mod service_linked;
pub mod simulate;
mod stale_reads;

/// IAM's store.
#[derive(Clone, Debug, Default)]
pub struct Iam {
    /// Roles by name.
    pub roles: BTreeMap<String, roles::Role>,
    /// Customer-managed policies by ARN.
    pub policies: BTreeMap<String, policies::Policy>,
    /// Instance profiles by name.
    pub profiles: BTreeMap<String, profiles::Profile>,
    /// `OpenID` Connect providers by ARN.
    pub oidc: BTreeMap<String, oidc::Provider>,
}

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    stale_reads::answer(state, call)
}

fn dispatch(state: &mut State, call: &Call) -> Outcome {
    let params = &call.params;
    match call.action.as_str() {
        "CreateRole" => roles::create(state, params),
        "GetRole" => roles::get(state, params),
        "ListRoles" => roles::list(state, params),
        "ListRoleTags" => roles::list_tags(state, params),
        "TagRole" => roles::tag(state, params),
        "UntagRole" => roles::untag(state, params),
        "UpdateAssumeRolePolicy" => role_settings::set_trust(state, params),
        "UpdateRole" => role_settings::update(state, params),
        "UpdateRoleDescription" => role_settings::set_description(state, params),
        "DeleteRole" => roles::delete(state, params),
        "AttachRolePolicy" => role_policies::attach(state, params),
        "DetachRolePolicy" => role_policies::detach(state, params),
        "ListAttachedRolePolicies" => role_policies::list_attached(state, params),
        "PutRolePolicy" => role_policies::put_inline(state, params),
        "GetRolePolicy" => role_policies::get_inline(state, params),
        "ListRolePolicies" => role_policies::list_inline(state, params),
        "DeleteRolePolicy" => role_policies::delete_inline(state, params),
        "CreateInstanceProfile" => profiles::create(state, params),
        "GetInstanceProfile" => profiles::get(state, params),
        "ListInstanceProfiles" => profiles::list(state, params),
        "ListInstanceProfilesForRole" => profiles::list_for_role(state, params),
        "ListInstanceProfileTags" => profiles::list_tags(state, params),
        "AddRoleToInstanceProfile" => profiles::add_role(state, params),
        "RemoveRoleFromInstanceProfile" => profiles::remove_role(state, params),
        "TagInstanceProfile" => profiles::tag(state, params),
        "UntagInstanceProfile" => profiles::untag(state, params),
        "DeleteInstanceProfile" => profiles::delete(state, params),
        "ListPolicies" => policies::list(state, params),
        "CreatePolicy" => policies::create(state, params),
        "GetPolicy" => policies::get(state, params),
        "ListPolicyTags" => policies::list_tags(state, params),
        "ListPolicyVersions" => policy_versions::list(state, params),
        "CreatePolicyVersion" => policy_versions::create(state, params),
        "GetPolicyVersion" => policy_versions::get(state, params),
        "DeletePolicyVersion" => policy_versions::delete(state, params),
        "SetDefaultPolicyVersion" => policy_versions::set_default(state, params),
        "TagPolicy" => policies::tag(state, params),
        "UntagPolicy" => policies::untag(state, params),
        "ListEntitiesForPolicy" => policies::list_entities(state, params),
        "DeletePolicy" => policies::delete(state, params),
        "ListOpenIDConnectProviders" => Ok(oidc::list(state)),
        "GetOpenIDConnectProvider" => oidc::get(state, params),
        "ListOpenIDConnectProviderTags" => oidc::list_tags(state, params),
        "CreateOpenIDConnectProvider" => oidc::create(state, params),
        "TagOpenIDConnectProvider" => oidc::tag(state, params),
        "UntagOpenIDConnectProvider" => oidc::untag(state, params),
        "AddClientIDToOpenIDConnectProvider" => oidc::add_client(state, params),
        "RemoveClientIDFromOpenIDConnectProvider" => oidc::remove_client(state, params),
        "UpdateOpenIDConnectProviderThumbprint" => oidc::set_thumbprints(state, params),
        "DeleteOpenIDConnectProvider" => Ok(oidc::delete(state, params)),
        "CreateServiceLinkedRole" => service_linked::create(state, params),
        "SimulatePrincipalPolicy" => simulate::answer(state, params),
        "GetUser" => simulate::user(state, params),
        other => Err(AwsError::unknown_operation("iam", other)),
    }
}

/// Adds all IAM resources that exist.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    let iam = &state.iam;
    all.extend(iam.roles.values().map(roles::resource));
    all.extend(iam.profiles.values().map(profiles::resource));
    all.extend(iam.policies.values().map(policies::resource));
    all.extend(iam.oidc.values().map(oidc::resource));
}

/// An ARN of IAM, which has no region.
pub fn arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT_ID}:{resource}")
}

/// 404 in IAM's wording.
fn no_such_entity(message: String) -> AwsError {
    AwsError::new(404, "NoSuchEntity", message)
}

/// 409 for a name that is taken.
fn already_exists(message: String) -> AwsError {
    AwsError::new(409, "EntityAlreadyExists", message)
}

/// 409 for something that other resources depend on.
fn delete_conflict(message: &str) -> AwsError {
    AwsError::new(409, "DeleteConflict", message)
}

/// A date as IAM writes it: whole seconds, UTC.
pub fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A path, `/` when none is given.
fn path(params: &Params) -> String {
    params.get("Path").unwrap_or("/").to_owned()
}

/// Tags as `<member><Key/><Value/></member>`.
fn tag_nodes(tags: &BTreeMap<String, String>) -> Vec<Node> {
    tags.iter()
        .map(|(key, value)| Node::new().text("Key", key).text("Value", value))
        .collect()
}

/// One page of a list under `name`, with `IsTruncated` and `Marker`.
fn paged(
    state: &State,
    params: &Params,
    list: &str,
    name: &str,
    members: Vec<Node>,
) -> Result<Answer, AwsError> {
    let asked = params.number("MaxItems")?.unwrap_or(100).clamp(1, 1000);
    let size = usize::try_from(asked)
        .unwrap_or(100)
        .min(state.setup.page_size_max);
    let page = page(list, members, params.get("Marker"), size)?;
    let node = Node::new()
        .text("IsTruncated", page.next.is_some())
        .maybe("Marker", page.next)
        .list(name, "member", page.items);
    Ok(Answer::Xml(node))
}

/// An answer without content.
fn done() -> Answer {
    Answer::Xml(Node::new())
}

/// Checks that a document is JSON with statements.
///
/// # Errors
/// `MalformedPolicyDocument`.
pub fn document(text: &str) -> Result<serde_json::Value, AwsError> {
    let malformed = |message: &str| AwsError::new(400, "MalformedPolicyDocument", message);
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?;
    let statements = value
        .get("Statement")
        .is_some_and(|part| part.is_array() || part.is_object());
    if statements {
        Ok(value)
    } else {
        Err(malformed("Syntax errors in policy."))
    }
}

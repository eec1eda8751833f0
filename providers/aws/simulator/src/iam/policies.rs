//! Customer-managed policies: the ones that a run can leave behind.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;

use super::policy_versions::Version;
use super::{
    already_exists, arn, aws_policies, date, delete_conflict, document, done, no_such_entity,
    paged, path, tag_nodes,
};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The document of `AdministratorAccess` (AWS managed policy reference).
const ADMINISTRATOR: &str =
    r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;

/// A customer-managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub name: String,
    /// Its id: `ANPA…`.
    pub id: String,
    pub arn: String,
    pub path: String,
    pub description: Option<String>,
    /// Its versions, the oldest first.
    pub versions: Vec<Version>,
    /// The number of the version in force.
    pub default_version: u32,
    /// The number of the newest version that there ever was.
    pub last_version: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub tags: BTreeMap<String, String>,
}

/// The document in force of a policy; none of a policy of AWS whose document is not known here.
pub fn document_of(state: &State, arn: &str) -> Option<String> {
    if arn == "arn:aws:iam::aws:policy/AdministratorAccess" {
        return Some(ADMINISTRATOR.to_owned());
    }
    let policy = state.iam.policies.get(arn)?;
    let mut versions = policy.versions.iter();
    let version = versions.find(|version| version.number == policy.default_version)?;
    Some(version.document.clone())
}

pub(super) fn list(state: &State, params: &Params) -> Outcome {
    if params.get("Scope") != Some("Local") {
        return Err(AwsError::unknown_operation(
            "iam",
            "ListPolicies with a Scope other than Local",
        ));
    }
    let members = state
        .iam
        .policies
        .values()
        .map(|policy| node(state, policy, false))
        .collect();
    paged(state, params, "ListPolicies", "Policies", members)
}

pub(super) fn create(state: &mut State, params: &Params) -> Outcome {
    let name = params.need("PolicyName")?.to_owned();
    let text = params.need("PolicyDocument")?.to_owned();
    document(&text)?;
    let path = path(params);
    let arn = arn(&format!("policy{path}{name}"));
    if state.iam.policies.contains_key(&arn) {
        return Err(already_exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    let policy = Policy {
        id: format!("ANPA{}", state.ids.letters(17)),
        description: params.get("Description").map(str::to_owned),
        versions: vec![Version {
            number: 1,
            document: text,
            created_at: state.now,
        }],
        default_version: 1,
        last_version: 1,
        created_at: state.now,
        updated_at: state.now,
        tags: params.tags("Tags"),
        arn: arn.clone(),
        name,
        path,
    };
    let answer = Answer::Xml(Node::new().node("Policy", node(state, &policy, true)));
    state.iam.policies.insert(arn, policy);
    Ok(answer)
}

/// The policy that a request names.
///
/// # Errors
/// `NoSuchEntity`, `MissingParameter`.
pub(super) fn find<'a>(state: &'a State, params: &Params) -> Result<&'a Policy, AwsError> {
    let arn = params.need("PolicyArn")?;
    let missing = || no_such_entity(format!("Policy {arn} was not found."));
    state.iam.policies.get(arn).ok_or_else(missing)
}

/// The policy that a request names, mutable.
///
/// # Errors
/// As [`find`].
pub(super) fn find_mut<'a>(
    state: &'a mut State,
    params: &Params,
) -> Result<&'a mut Policy, AwsError> {
    let arn = find(state, params)?.arn.clone();
    let missing = || no_such_entity(format!("Policy {arn} was not found."));
    state.iam.policies.get_mut(&arn).ok_or_else(missing)
}

pub(super) fn tag(state: &mut State, params: &Params) -> Outcome {
    let tags = params.tags("Tags");
    find_mut(state, params)?.tags.extend(tags);
    Ok(done())
}

pub(super) fn untag(state: &mut State, params: &Params) -> Outcome {
    let keys = params.list("TagKeys");
    let policy = find_mut(state, params)?;
    policy.tags.retain(|key, _| !keys.contains(key));
    Ok(done())
}

pub(super) fn get(state: &State, params: &Params) -> Outcome {
    let arn = params.need("PolicyArn")?;
    if aws_policies::exists(arn) {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let node = Node::new()
            .text("PolicyName", name)
            .text("Arn", arn)
            .text("AttachmentCount", attachments(state, arn))
            .text("IsAttachable", true);
        return Ok(Answer::Xml(Node::new().node("Policy", node)));
    }
    Ok(Answer::Xml(
        Node::new().node("Policy", node(state, find(state, params)?, true)),
    ))
}

pub(super) fn list_tags(state: &State, params: &Params) -> Outcome {
    paged(
        state,
        params,
        "ListPolicyTags",
        "Tags",
        tag_nodes(&find(state, params)?.tags),
    )
}

/// Lists roles only: the simulator has no users or groups.
pub(super) fn list_entities(state: &State, params: &Params) -> Outcome {
    let arn = params.need("PolicyArn")?;
    if !aws_policies::exists(arn) {
        find(state, params)?;
    }
    let holds = |role: &&super::roles::Role| role.attached.contains_key(arn);
    let roles = state.iam.roles.values().filter(holds).map(|role| {
        Node::new()
            .text("RoleName", &role.name)
            .text("RoleId", &role.id)
    });
    paged(
        state,
        params,
        "ListEntitiesForPolicy",
        "PolicyRoles",
        roles.collect(),
    )
}

pub(super) fn delete(state: &mut State, params: &Params) -> Outcome {
    let arn = find(state, params)?.arn.clone();
    if attachments(state, &arn) > 0 {
        return Err(delete_conflict(
            "Cannot delete a policy attached to entities.",
        ));
    }
    if find(state, params)?.versions.len() > 1 {
        return Err(delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's \
             versions. The default version is deleted with the policy.",
        ));
    }
    state.iam.policies.remove(&arn);
    Ok(done())
}

fn attachments(state: &State, arn: &str) -> usize {
    state
        .iam
        .roles
        .values()
        .filter(|role| role.attached.contains_key(arn))
        .count()
}

fn node(state: &State, policy: &Policy, with_tags: bool) -> Node {
    let node = Node::new()
        .text("PolicyName", &policy.name)
        .text("PolicyId", &policy.id)
        .text("Arn", &policy.arn)
        .text("Path", &policy.path)
        .text("DefaultVersionId", format!("v{}", policy.default_version))
        .text("AttachmentCount", attachments(state, &policy.arn))
        .text("IsAttachable", true)
        .maybe("Description", policy.description.as_ref())
        .text("CreateDate", date(policy.created_at))
        .text("UpdateDate", date(policy.updated_at));
    if with_tags && !policy.tags.is_empty() {
        node.list("Tags", "member", tag_nodes(&policy.tags))
    } else {
        node
    }
}

pub(super) fn resource(policy: &Policy) -> Resource {
    let mut resource = Resource::new("iam_policy_customer", &policy.arn, "global");
    resource.name = Some(policy.name.clone());
    resource.tags = policy.tags.clone();
    resource.incarnation = Some(policy.id.clone());
    resource.created_at = Some(policy.created_at);
    resource
        .properties
        .insert("path".to_owned(), policy.path.clone());
    resource
}

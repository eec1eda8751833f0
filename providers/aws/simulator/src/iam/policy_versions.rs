//! The versions of a customer's policy: at most five, one of which is in force.
//!
//! Facts: IAM API reference, `CreatePolicyVersion` and `DeletePolicyVersion`.

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::policies::{self, Policy};
use super::{date, delete_conflict, document, done, no_such_entity, paged};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// Most versions of a policy.
const VERSIONS_MAX: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `v1`, `v2`, …: numbers are never used again.
    pub number: u32,
    pub document: String,
    pub created_at: Timestamp,
}

impl Version {
    /// Its id.
    pub fn id(&self) -> String {
        format!("v{}", self.number)
    }
}

fn node(policy: &Policy, version: &Version, with_document: bool) -> Node {
    let document = utf8_percent_encode(&version.document, NON_ALPHANUMERIC).to_string();
    Node::new()
        .maybe("Document", with_document.then_some(document))
        .text("VersionId", version.id())
        .text("IsDefaultVersion", version.number == policy.default_version)
        .text("CreateDate", date(version.created_at))
}

fn find<'a>(policy: &'a Policy, params: &Params) -> Result<&'a Version, AwsError> {
    let id = params.need("VersionId")?;
    let mut versions = policy.versions.iter();
    versions.find(|version| version.id() == id).ok_or_else(|| {
        no_such_entity(format!(
            "Policy {} version {id} does not exist or is not attachable.",
            policy.arn
        ))
    })
}

pub(super) fn create(state: &mut State, params: &Params) -> Outcome {
    let text = params.need("PolicyDocument")?.to_owned();
    document(&text)?;
    let now = state.now;
    let policy = policies::find_mut(state, params)?;
    if policy.versions.len() >= VERSIONS_MAX {
        let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete \
                       an existing version.";
        return Err(AwsError::new(409, "LimitExceeded", message));
    }
    policy.last_version += 1;
    let version = Version {
        number: policy.last_version,
        document: text,
        created_at: now,
    };
    if params.flag("SetAsDefault") == Some(true) {
        policy.default_version = version.number;
    }
    policy.updated_at = now;
    policy.versions.push(version.clone());
    Ok(Answer::Xml(
        Node::new().node("PolicyVersion", node(policy, &version, false)),
    ))
}

pub(super) fn get(state: &State, params: &Params) -> Outcome {
    let policy = policies::find(state, params)?;
    let version = node(policy, find(policy, params)?, true);
    Ok(Answer::Xml(Node::new().node("PolicyVersion", version)))
}

pub(super) fn list(state: &State, params: &Params) -> Outcome {
    let policy = policies::find(state, params)?;
    let newest_first = policy.versions.iter().rev();
    let members = newest_first.map(|version| node(policy, version, false));
    paged(
        state,
        params,
        "ListPolicyVersions",
        "Versions",
        members.collect(),
    )
}

pub(super) fn set_default(state: &mut State, params: &Params) -> Outcome {
    let policy = policies::find_mut(state, params)?;
    policy.default_version = find(policy, params)?.number;
    Ok(done())
}

pub(super) fn delete(state: &mut State, params: &Params) -> Outcome {
    let policy = policies::find_mut(state, params)?;
    let number = find(policy, params)?.number;
    if number == policy.default_version {
        return Err(delete_conflict(
            "Cannot delete the default version of a policy.",
        ));
    }
    policy.versions.retain(|version| version.number != number);
    Ok(done())
}

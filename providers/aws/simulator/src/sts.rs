//! STS: who the caller is, and temporary credentials of roles.
//!
//! The one user of a simulated account is defined here, so that IAM and EKS agree on it. A role is assumed by whom its
//! trust policy names: by the user, or by a token that a cluster issued to a service account.

use std::collections::BTreeMap;

use crate::iam;
use crate::setup::{ACCESS_KEY_ID, ACCOUNT_ID, LIMITED_ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

mod assume;
pub mod session;
mod web_identity;

use session::Session;

/// The user that the known access key belongs to.
pub const CALLER_NAME: &str = "kubeproof";
/// That user's id.
pub const CALLER_ID: &str = "AIDAKUBEPROOFREHEARSE";
/// The operation that is called without a signature: the token stands for it.
pub const UNSIGNED: &str = "AssumeRoleWithWebIdentity";

/// The store of STS.
#[derive(Clone, Debug, Default)]
pub struct Sts {
    /// Sessions by access key id.
    pub sessions: BTreeMap<String, Session>,
}

pub fn caller_arn() -> String {
    iam::arn(&format!("user/{CALLER_NAME}"))
}

/// Who an access key belongs to.
#[derive(Clone, Copy, Debug)]
pub enum Caller<'a> {
    /// The account's user.
    User,
    /// The same user by the limited key.
    Limited,
    /// A role's session.
    Role(&'a Session),
}

impl Caller<'_> {
    /// The caller's ARN.
    pub fn arn(&self) -> String {
        match self {
            Self::User | Self::Limited => caller_arn(),
            Self::Role(session) => session.arn(),
        }
    }

    /// The ARN of the principal behind it: a session's is its role.
    pub fn principal_arn(&self) -> String {
        match self {
            Self::User | Self::Limited => caller_arn(),
            Self::Role(session) => session.role_arn.clone(),
        }
    }

    /// The caller's id.
    pub fn id(&self) -> String {
        match self {
            Self::User | Self::Limited => CALLER_ID.to_owned(),
            Self::Role(session) => session.id(),
        }
    }

    /// The secret of its access key.
    pub fn secret(&self) -> &str {
        match self {
            Self::User | Self::Limited => SECRET_ACCESS_KEY,
            Self::Role(session) => &session.secret,
        }
    }
}

/// The caller with an access key; none if there is no such key.
pub fn caller<'a>(state: &'a State, access_key: &str) -> Option<Caller<'a>> {
    if access_key == ACCESS_KEY_ID {
        return Some(Caller::User);
    }
    if access_key == LIMITED_ACCESS_KEY_ID && state.setup.limit.is_some() {
        return Some(Caller::Limited);
    }
    state.sts.sessions.get(access_key).map(Caller::Role)
}

/// Answers one call, including a presigned GET, whose parameters are in the query.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    match call.action.as_str() {
        "GetCallerIdentity" => {
            let who = caller(state, &call.access_key).unwrap_or(Caller::User);
            let node = Node::new().text("Arn", who.arn()).text("UserId", who.id());
            Ok(Answer::Xml(node.text("Account", ACCOUNT_ID)))
        }
        "AssumeRole" => assume::answer(state, call),
        UNSIGNED => web_identity::answer(state, call),
        other => Err(AwsError::unknown_operation("sts", other)),
    }
}

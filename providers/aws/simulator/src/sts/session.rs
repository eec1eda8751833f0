//! A session of a role: temporary credentials, what they may do, and until when.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::iam::{self, roles::Role};
use crate::policy::{self, Decision, Question};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::xml::Node;

/// The bounds of a session, seconds (STS API reference). A role may allow less.
const SECONDS: std::ops::RangeInclusive<i64> = 900..=43200;
/// The lifetime of a session, unless another one is asked for.
const USUALLY: i64 = 3600;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// `ASIA…`.
    pub access_key: String,
    pub secret: String,
    /// What goes with each request.
    pub token: String,
    pub role_arn: String,
    role_name: String,
    role_id: String,
    /// Its name, chosen by the caller.
    pub name: String,
    pub expires_at: Timestamp,
    /// A policy that limits it further.
    policy: Option<Value>,
}

impl Session {
    /// The ARN of the session.
    pub fn arn(&self) -> String {
        let (role, name) = (&self.role_name, &self.name);
        format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}/{name}")
    }

    /// The id of the session: the role's, and its name.
    pub fn id(&self) -> String {
        format!("{}:{}", self.role_id, self.name)
    }

    /// The elements of an answer that gives it away.
    pub fn node(&self) -> Node {
        let credentials = Node::new()
            .text("AccessKeyId", &self.access_key)
            .text("SecretAccessKey", &self.secret)
            .text("SessionToken", &self.token)
            .text("Expiration", iam::date(self.expires_at));
        let user = Node::new()
            .text("AssumedRoleId", self.id())
            .text("Arn", self.arn());
        Node::new()
            .node("Credentials", credentials)
            .node("AssumedRoleUser", user)
    }
}

/// Begins a session of a role, as a request asks.
///
/// # Errors
/// `ValidationError` for a name or a duration that is not allowed; `MalformedPolicyDocument`.
pub fn begin(state: &mut State, call: &Call, role: &Role) -> Result<Session, AwsError> {
    let name = call.params.need("RoleSessionName")?.to_owned();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
    if !(2..=64).contains(&name.len()) || !name.chars().all(allowed) {
        let message = format!(
            "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: [\\w+=,.@-]*"
        );
        return Err(AwsError::new(400, "ValidationError", message));
    }
    let seconds = call.params.number("DurationSeconds")?.unwrap_or(USUALLY);
    if !SECONDS.contains(&seconds) || seconds > role.max_session_seconds {
        let message =
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(AwsError::new(400, "ValidationError", message));
    }
    let policy = call.params.get("Policy").map(iam::document).transpose()?;
    let session = Session {
        access_key: format!("ASIA{}", state.ids.letters(16)),
        secret: state.ids.hex(40),
        token: state.ids.hex(128),
        role_arn: role.arn.clone(),
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        expires_at: state.now + SignedDuration::from_secs(seconds),
        name,
        policy,
    };
    let key = session.access_key.clone();
    state.sts.sessions.insert(key, session.clone());
    Ok(session)
}

/// What a session may do: what its role's policies allow, and its own does too.
///
/// # Errors
/// 501, by name, when it depends on a policy of AWS whose document is not known here.
pub fn decide(
    state: &State,
    session: &Session,
    question: &Question<'_>,
) -> Result<Decision, AwsError> {
    if let Some(limit) = &session.policy
        && policy::decide(limit, question) != Decision::Allowed
    {
        return Ok(policy::decide(limit, question));
    }
    let role = state.iam.roles.get(&session.role_name);
    // Of a role that is gone, or was made anew, nothing is left.
    let Some(role) = role.filter(|role| role.id == session.role_id) else {
        return Ok(Decision::ImplicitDeny);
    };
    let (known, unknown) = documents(state, role);
    let decision = policy::decide(&json!({ "Statement": known }), question);
    match unknown.first() {
        Some(arn) if decision == Decision::ImplicitDeny => {
            let what = format!(
                "the document of {arn}, on which {} depends",
                question.action
            );
            Err(AwsError::unknown_operation("iam", &what))
        }
        _ => Ok(decision),
    }
}

/// The statements of a role's policies, and the policies whose documents are not known.
fn documents(state: &State, role: &Role) -> (Vec<Value>, Vec<String>) {
    let (mut statements, mut unknown) = (Vec::new(), Vec::new());
    let mut add = |text: &str| {
        if let Ok(document) = serde_json::from_str::<Value>(text) {
            let all = iam::role_checks::statements(&document);
            statements.extend(all.into_iter().cloned());
        }
    };
    for document in role.inline.values() {
        add(document);
    }
    for arn in role.attached.keys() {
        match iam::policies::document_of(state, arn) {
            Some(document) => add(&document),
            None => unknown.push(arn.clone()),
        }
    }
    (statements, unknown)
}

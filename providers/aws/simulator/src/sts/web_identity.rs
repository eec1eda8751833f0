//! `AssumeRoleWithWebIdentity`: pods get a role by the token of their service account (EKS user guide, "IAM roles for
//! service accounts"). The issuer is a cluster's, and the account must have a provider for it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::session;
use crate::iam;
use crate::iam::role_checks::{self, statements, texts};
use crate::iam::roles::Role;
use crate::policy::{Decision, Question, decide};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// What a valid token says.
struct Claims {
    /// The issuer, without its scheme.
    issuer: String,
    subject: String,
    audience: String,
}

pub(super) fn answer(state: &mut State, call: &Call) -> Outcome {
    let arn = call.params.need("RoleArn")?.to_owned();
    let claims = claims(state, call.params.need("WebIdentityToken")?)?;
    let refused = || {
        let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        AwsError::new(403, "AccessDenied", message)
    };
    if !role_checks::is_seen(state, &arn) {
        return Err(refused());
    }
    let role = state
        .iam
        .roles
        .values()
        .find(|role| role.arn == arn)
        .cloned();
    let role = role
        .filter(|role| trusts(role, &claims))
        .ok_or_else(refused)?;
    let session = session::begin(state, call, &role)?;
    let provider = iam::arn(&format!("oidc-provider/{}", claims.issuer));
    let node = session
        .node()
        .text("SubjectFromWebIdentityToken", claims.subject)
        .text("Audience", claims.audience)
        .text("Provider", provider);
    Ok(Answer::Xml(node))
}

/// Checks a token: a cluster issued it, and the account knows that cluster's issuer and the token's audience.
fn claims(state: &State, token: &str) -> Result<Claims, AwsError> {
    let invalid = |message: String| AwsError::new(400, "InvalidIdentityToken", message);
    let issued = state.kubernetes.iter().find_map(|(cluster, server)| {
        let issuer = state.eks.clusters.get(cluster)?.issuer(&state.setup.region);
        Some((issuer, server.token(token)?))
    });
    let Some((issuer, token)) = issued else {
        let message =
            "The ID Token provided is not a valid JWT, has expired, or its issuer is not known.";
        return Err(invalid(message.to_owned()));
    };
    let host = issuer.trim_start_matches("https://").to_owned();
    let provider = state
        .iam
        .oidc
        .get(&iam::arn(&format!("oidc-provider/{host}")));
    let Some(provider) = provider else {
        let message = format!("No OpenIDConnect provider found in your account for {issuer}");
        return Err(invalid(message));
    };
    let known = |name: &&String| provider.client_ids.contains(name);
    let audience = token.audiences.iter().find(known).cloned();
    let audience = audience.ok_or_else(|| invalid("Incorrect token audience".to_owned()))?;
    Ok(Claims {
        issuer: host,
        subject: token.subject,
        audience,
    })
}

/// Whether a role's trust policy lets the token's account in.
fn trusts(role: &Role, claims: &Claims) -> bool {
    let Ok(trust) = serde_json::from_str::<Value>(&role.trust) else {
        return false;
    };
    let provider = iam::arn(&format!("oidc-provider/{}", claims.issuer));
    let context = BTreeMap::from([
        (format!("{}:sub", claims.issuer), claims.subject.clone()),
        (format!("{}:aud", claims.issuer), claims.audience.clone()),
    ]);
    let of_provider: Vec<Value> = statements(&trust)
        .into_iter()
        .filter(|one| texts(&one["Principal"]["Federated"]).contains(&provider.as_str()))
        .cloned()
        .collect();
    let question = Question {
        action: "sts:AssumeRoleWithWebIdentity",
        // A trust policy names no resource: its role is meant.
        resource: "*",
        context: &context,
    };
    decide(&serde_json::json!({ "Statement": of_provider }), &question) == Decision::Allowed
}

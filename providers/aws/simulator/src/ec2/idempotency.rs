//! Client tokens: repeating a request with the same token creates nothing new.
//!
//! The rule is the same for all creates: same token and same parameters give the first resource again, other
//! parameters are a mismatch.

use std::collections::BTreeMap;

use crate::ec2::describe::ResourceKind;
use crate::ec2::errors;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;

/// The longest token that EC2 accepts.
const TOKEN_LENGTH_MAX: usize = 64;

/// The tokens that were used, by operation.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    used: BTreeMap<(String, String), UsedToken>,
}

#[derive(Clone, Debug)]
struct UsedToken {
    fingerprint: String,
    id: String,
}

/// The resource that an earlier request with the same token created.
///
/// # Errors
/// `IdempotentParameterMismatch` when the earlier request was a different one.
pub fn earlier<T: ResourceKind>(state: &State, call: &Call) -> Result<Option<String>, AwsError> {
    let Some(token) = token(call)? else {
        return Ok(None);
    };
    let Some(earlier) = state
        .ec2
        .tokens
        .used
        .get(&(call.action.clone(), token.clone()))
    else {
        return Ok(None);
    };
    if earlier.fingerprint != fingerprint(call) {
        return Err(errors::refuse(
            "IdempotentParameterMismatch",
            format!("The client token '{token}' was used before with other parameters."),
        ));
    }
    // A token whose resource is gone no longer protects anything.
    Ok(T::store(state).has(&earlier.id).then(|| earlier.id.clone()))
}

/// Remembers which resource a request with a token created.
///
/// # Errors
/// For a token that is too long.
pub fn remember(state: &mut State, call: &Call, id: &str) -> Result<(), AwsError> {
    if let Some(token) = token(call)? {
        let used = UsedToken {
            fingerprint: fingerprint(call),
            id: id.to_owned(),
        };
        state
            .ec2
            .tokens
            .used
            .insert((call.action.clone(), token), used);
    }
    Ok(())
}

fn token(call: &Call) -> Result<Option<String>, AwsError> {
    let token = call
        .params
        .get("ClientToken")
        .filter(|token| !token.is_empty());
    if token.is_some_and(|token| token.len() > TOKEN_LENGTH_MAX || !token.is_ascii()) {
        return Err(errors::value(
            "ClientToken must be at most 64 ASCII characters.",
        ));
    }
    Ok(token.map(str::to_owned))
}

fn fingerprint(call: &Call) -> String {
    call.params.fingerprint(&["ClientToken"])
}

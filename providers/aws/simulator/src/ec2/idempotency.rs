//! Client tokens: a repeated request with a known token makes nothing new.
//!
//! Apart from the creates, because the rule is the same for all: same token and same parameters
//! give the first resource again, other parameters are a mismatch.

use std::collections::BTreeMap;

use crate::ec2::describe::Described;
use crate::ec2::errors;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;

/// The longest token that EC2 accepts.
const TOKEN_LENGTH_MAX: usize = 64;

/// The tokens that were used, by operation.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    used: BTreeMap<(String, String), Use>,
}

#[derive(Clone, Debug)]
struct Use {
    fingerprint: String,
    id: String,
}

/// The resource that an earlier request with the same token made.
///
/// # Errors
/// `IdempotentParameterMismatch` when the earlier request was another one.
pub fn earlier<T: Described>(state: &State, call: &Call) -> Result<Option<String>, AwsError> {
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
    // A token whose resource is gone protects nothing any more.
    Ok(T::store(state).has(&earlier.id).then(|| earlier.id.clone()))
}

/// Remembers which resource a request with a token made.
///
/// # Errors
/// For a token that is too long.
pub fn remember(state: &mut State, call: &Call, id: &str) -> Result<(), AwsError> {
    if let Some(token) = token(call)? {
        let use_ = Use {
            fingerprint: fingerprint(call),
            id: id.to_owned(),
        };
        state
            .ec2
            .tokens
            .used
            .insert((call.action.clone(), token), use_);
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

//! Client tokens: repeating a request with the same token creates nothing new.
//!
//! The rule is the same for all creates: same token and same parameters give the first resource again, other
//! parameters are a mismatch.

use kubeproof_simkit::idempotency::{Repeat, Token};

use crate::ec2::describe::ResourceKind;
use crate::ec2::errors;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;

/// The parameter with the token.
const TOKEN: &str = "ClientToken";
/// The longest token that EC2 accepts.
const TOKEN_LENGTH_MAX: usize = 64;

/// The resource that an earlier request with the same token created.
///
/// # Errors
/// `IdempotentParameterMismatch` when the earlier request was a different one.
pub fn earlier<T: ResourceKind>(state: &State, call: &Call) -> Result<Option<String>, AwsError> {
    match state.ec2.tokens.earlier(&call.action, &request(call)?) {
        Repeat::No => Ok(None),
        Repeat::Mismatch => Err(errors::refuse(
            "IdempotentParameterMismatch",
            format!(
                "The client token '{}' was used before with other parameters.",
                call.params.get(TOKEN).unwrap_or_default()
            ),
        )),
        // A token whose resource is gone no longer protects anything.
        Repeat::Same(id) => Ok(T::store(state).has(id).then(|| id.to_owned())),
    }
}

/// Remembers which resource a request with a token created.
///
/// # Errors
/// For a token that is too long.
pub fn remember(state: &mut State, call: &Call, id: &str) -> Result<(), AwsError> {
    let request = request(call)?;
    state.ec2.tokens.remember(&call.action, request, id);
    Ok(())
}

fn request(call: &Call) -> Result<Token, AwsError> {
    let token = call.params.get(TOKEN).filter(|token| !token.is_empty());
    if token.is_some_and(|token| token.len() > TOKEN_LENGTH_MAX || !token.is_ascii()) {
        return Err(errors::value(
            "ClientToken must be at most 64 ASCII characters.",
        ));
    }
    Ok(Token {
        token: token.map(str::to_owned),
        rest: call.params.fingerprint(&[TOKEN]),
    })
}

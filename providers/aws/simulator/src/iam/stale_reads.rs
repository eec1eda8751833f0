//! Injected stale reads: a read misses what was created a moment ago. IAM's user guide says that changes are
//! not always immediately visible.
//!
//! Each operation runs on the account without its newest resources, and the fault counts as carried out
//! if that changes the answer.

use jiff::Timestamp;

use super::{Iam, dispatch};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;

/// Answers a call as if resources that are too new did not exist. A call that changes anything sees all.
///
/// # Errors
/// Those of the operation.
pub(super) fn answer(state: &mut State, call: &Call) -> Outcome {
    let reads = ["Get", "List"]
        .iter()
        .any(|verb| call.action.starts_with(verb));
    if !reads || !call.injected.is_of_reads() {
        return dispatch(state, call);
    }
    let complete = dispatch(state, call);
    let all = state.iam.clone();
    state.iam = without_new(state, call);
    let missing = dispatch(state, call);
    state.iam = all;
    if missing != complete {
        call.injected.take_hidden();
    }
    missing
}

fn without_new(state: &State, call: &Call) -> Iam {
    let shown = |created: Timestamp| {
        created <= state.setup.start || !call.injected.is_too_new(created, state.now)
    };
    let mut iam = state.iam.clone();
    iam.roles.retain(|_, role| shown(role.created_at));
    for role in iam.roles.values_mut() {
        role.attached.retain(|_, since| shown(*since));
    }
    iam.policies.retain(|_, policy| shown(policy.created_at));
    iam.profiles.retain(|_, profile| shown(profile.created_at));
    iam.oidc.retain(|_, provider| shown(provider.created_at));
    iam
}

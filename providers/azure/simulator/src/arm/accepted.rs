//! How a change that takes a while is answered: with the addresses at which its end is asked for.

use super::kind::{Begins, Kind};
use super::operations::RETRY_AFTER;
use crate::route::Call;
use crate::state::State;
use crate::wire::Answer;

/// The address at which an operation's state is asked for.
fn address(state: &State, call: &Call<'_>, id: &str, namespace: &str, word: &str) -> String {
    let operation = state.arm.operations.get(id);
    let location = operation.map_or("", |operation| operation.scope.as_str());
    format!(
        "{}{}/providers/{namespace}/locations/{location}/{word}/{id}?api-version={}",
        call.base,
        state.subscription_path(),
        call.api_version()
    )
}

/// The answer to a PUT whose operation takes a while.
pub(super) fn put(
    state: &State,
    call: &Call<'_>,
    mut answer: Answer,
    id: &str,
    kind: &Kind,
) -> Answer {
    if kind.begins == Begins::Accepted {
        answer.status = 202;
    }
    if kind.begins != Begins::Created {
        let location = address(state, call, id, kind.namespace, "operationResults");
        answer = answer.header("Location", location);
    }
    begun(state, call, answer, id, kind.namespace)
}

/// An answer with the address of its operation.
fn begun(state: &State, call: &Call<'_>, answer: Answer, id: &str, namespace: &str) -> Answer {
    answer
        .header(
            "Azure-AsyncOperation",
            address(state, call, id, namespace, "operations"),
        )
        .header("Retry-After", RETRY_AFTER)
}

/// 202 for a deletion, with both addresses; groups have only one of them.
pub(crate) fn accepted(state: &State, call: &Call<'_>, id: &str, namespace: &str) -> Answer {
    if namespace == "Microsoft.Resources" {
        let location = format!(
            "{}{}/operationresults/{id}?api-version={}",
            call.base,
            state.subscription_path(),
            call.api_version()
        );
        return Answer::empty(202)
            .header("Location", location)
            .header("Retry-After", RETRY_AFTER);
    }
    let location = address(state, call, id, namespace, "operationResults");
    begun(state, call, Answer::empty(202), id, namespace).header("Location", location)
}

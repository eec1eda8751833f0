//! GET …/logs: what an endpoint's containers said, as text.

use crate::endpoints::calls;
use crate::route::Call;
use crate::state::State;
use crate::wire::{Answer, Outcome, bad_request};

/// Lines without a `tail`: a guess.
const LINES: usize = 1000;

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let endpoint = calls::found(state, call)?;
    let tail = match call.query("tail") {
        None => LINES,
        Some(text) => text
            .parse()
            .map_err(|_| bad_request("tail must be a number"))?,
    };
    let lines = endpoint.log.iter().rev().take(tail);
    let mut lines: Vec<String> = lines.map(|(at, line)| format!("{at} {line}\n")).collect();
    lines.reverse();
    Ok(Answer::text(lines.concat()))
}

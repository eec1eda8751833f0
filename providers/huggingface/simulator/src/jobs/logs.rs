//! GET …/logs: what a job says, as events (`text/event-stream`). A client at a socket gets them as they come, with a sign of
//! life in between, until the job has ended; in memory the answer is what was said so far.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::cloud::NextPart;
use serde_json::json;

use super::{Job, calls};
use crate::route::Call;
use crate::state::State;
use crate::time::shown as time;
use crate::wire::{Answer, Outcome, Then, bad_request};

/// How long to wait for more.
const LOOK: Duration = Duration::from_secs(5);
/// The sign of life.
const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// What a job has said until now.
fn said(job: &Job, now: Timestamp) -> Vec<(Timestamp, String)> {
    let Some(started) = job.started else {
        return Vec::new();
    };
    let until = job.finished.unwrap_or(now);
    let first = format!("===== Job started at {} =====", time(started));
    let lines = job.course.lines.iter().map(|(seconds, text)| {
        let at = started.checked_add(SignedDuration::from_secs(*seconds));
        (at.unwrap_or(until), text.clone())
    });
    let lines = lines.filter(|(at, _)| *at <= until);
    std::iter::once((started, first)).chain(lines).collect()
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let job = calls::found(state, call)?;
    let said = said(job, state.now);
    let tail = match call.query("tail") {
        None => said.len(),
        Some(text) => text
            .parse()
            .map_err(|_| bad_request("tail must be a number"))?,
    };
    let cursor = call
        .in_parts()
        .and_then(|parts| parts.cursor.as_ref()?.parse().ok());
    let from: usize = cursor.unwrap_or(said.len().saturating_sub(tail));
    let new = said.iter().skip(from);
    let mut content: String = new
        .map(|(at, text)| {
            format!(
                "data: {}\n\n",
                json!({"timestamp": time(*at), "data": text})
            )
        })
        .collect();
    let mut answer = Answer::events(String::new());
    if call.in_parts().is_some() && !job.stage.is_final() {
        if content.is_empty() {
            content = KEEP_ALIVE.to_owned();
        }
        answer.then = Then::More(NextPart {
            cursor: said.len().to_string(),
            after: LOOK,
        });
    }
    answer.content = content;
    Ok(answer)
}

//! When the run last asked for something that is made whatever else is gone: a network, an account, a cluster. All else
//! is made in a network, or for what is in it.
//!
//! A process that is stopped while such a call has no answer leaves nothing that its successor could find: it may be
//! carried out only after a teardown has seen that nothing is left. So the time is written down before the call, and a
//! teardown looks again when all calls before it have been carried out, or never will be.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use kubeproof_cloudkit::CallError;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Work;

/// Says when it was asked last.
const FILE: &str = "gcp-asked.json";
/// After this long a call without an answer has been carried out, or never will be: a minute for its repetitions, and
/// as long as an own call without an answer is looked up.
const CARRIED_OUT_WITHIN: Duration = Duration::from_mins(2);

#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    at: Timestamp,
}

/// Notes that something is asked for now.
pub(super) async fn note(work: &Work) -> Result<(), CallError> {
    let connection = work.api.connection();
    let at = connection.clock.now();
    let content = Bytes::from(json!(Asked { at }).to_string());
    let written = connection.disk.write(FILE, content).await;
    written.map_err(|error| CallError::state(format!("write {FILE}"), error.to_string()))
}

/// How long something that an earlier process asked for may still be carried out. A file that cannot be read says
/// nothing, so that it may have been just now.
pub(super) async fn rest(work: &Work) -> Duration {
    let connection = work.api.connection();
    match connection.disk.read(FILE).await {
        Ok(None) => Duration::ZERO,
        Ok(Some(content)) => serde_json::from_slice(&content).map_or(CARRIED_OUT_WITHIN, |asked| {
            rest_of(&asked, connection.clock.now())
        }),
        Err(_) => CARRIED_OUT_WITHIN,
    }
}

fn rest_of(asked: &Asked, now: Timestamp) -> Duration {
    let passed = Duration::try_from(now.duration_since(asked.at)).unwrap_or_default();
    CARRIED_OUT_WITHIN.saturating_sub(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_long_ago_is_carried_out_by_now() {
        let check = |seconds: i64, expected: u64| {
            let at = Timestamp::from_second(1_795_000_000).expect("a time");
            let now = Timestamp::from_second(1_795_000_000 + seconds).expect("a time");
            let rest = rest_of(&Asked { at }, now);
            assert_eq!(rest, Duration::from_secs(expected), "{seconds}");
        };
        check(0, 120);
        check(30, 90);
        check(120, 0);
        check(100_000, 0);
        // The clock was set back.
        check(-60, 120);
    }
}

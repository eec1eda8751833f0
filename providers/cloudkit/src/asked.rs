//! When a run last asked for something that no list shows until it is made.
//!
//! A process that is stopped while such a call has no answer leaves nothing that its successor could find: it may be
//! carried out only after the successor has seen that there is nothing. So the time is written down before the call, and
//! the successor looks again when all calls before it have been carried out, or never will be.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use kubeproof_contract::provider::Connection;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::CallError;

/// The file of a cloud's provisioner that says when it asked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedFile {
    /// Its name on the provisioner's disk.
    pub name: &'static str,
    /// After this long a call without an answer has been carried out, or never will be.
    pub carried_out_within: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    at: Timestamp,
}

impl AskedFile {
    /// Notes that something is asked for now.
    ///
    /// # Errors
    /// When it cannot be written: then it must not be asked for.
    pub async fn note(&self, connection: &Connection) -> Result<(), CallError> {
        let at = connection.clock.now();
        let content = Bytes::from(json!(Asked { at }).to_string());
        let written = connection.disk.write(self.name, content).await;
        written.map_err(|error| CallError::state(format!("write {}", self.name), error.to_string()))
    }

    /// How long something that an earlier process asked for may still be carried out. A file that cannot be read says
    /// nothing, so that it may have been just now.
    pub async fn rest(&self, connection: &Connection) -> Duration {
        let within = self.carried_out_within;
        match connection.disk.read(self.name).await {
            Ok(None) => Duration::ZERO,
            Ok(Some(content)) => serde_json::from_slice(&content).map_or(within, |asked| {
                rest_of(&asked, connection.clock.now(), within)
            }),
            Err(_) => within,
        }
    }
}

fn rest_of(asked: &Asked, now: Timestamp, within: Duration) -> Duration {
    let passed = Duration::try_from(now.duration_since(asked.at)).unwrap_or_default();
    within.saturating_sub(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_long_ago_is_carried_out_by_now() {
        let check = |seconds: i64, expected: u64| {
            let at = Timestamp::from_second(1_795_000_000).expect("a time");
            let now = Timestamp::from_second(1_795_000_000 + seconds).expect("a time");
            let rest = rest_of(&Asked { at }, now, Duration::from_mins(2));
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

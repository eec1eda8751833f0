//! Limits of a trial: every trial must end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Default deadline of provisioning and of teardown, minutes of the cloud's time.
const MINUTES: u32 = 90;
/// Default limit of API calls of one trial.
const CALLS: u32 = 5000;
/// Shortest default deadline of a program, real seconds: its own pauses do not get shorter on a faster clock.
const REAL_SECONDS: u32 = 300;
/// The time scale for which the default limit of calls is meant. A program that polls once a second makes more
/// calls while a slower clock advances by the same time.
const SCALE_OF_CALLS: u32 = 60;

/// Limits of a trial, so that it ends in any case.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub struct LimitsBlock {
    /// Deadline of provisioning, minutes.
    pub provision_minutes: u32,
    /// Deadline of teardown, minutes.
    pub teardown_minutes: u32,
    /// The largest number of API calls of one trial.
    pub calls: u32,
    /// What the scenario itself sets.
    written: Written,
}

/// The block as written in a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LimitsBlock")]
struct Written {
    /// Deadline of one provision, minutes of the cloud's time (default 90; for programs in rehearsal at least
    /// 300 real seconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 600))]
    provision_minutes: Option<u32>,
    /// Deadline of one teardown, with the same default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 600))]
    teardown_minutes: Option<u32>,
    /// Largest number of API calls of one trial (default 5000; more for programs in rehearsal at a time scale
    /// below 60).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    calls: Option<u32>,
}

impl From<Written> for LimitsBlock {
    fn from(written: Written) -> Self {
        Self {
            provision_minutes: written.provision_minutes.unwrap_or(MINUTES),
            teardown_minutes: written.teardown_minutes.unwrap_or(MINUTES),
            calls: written.calls.unwrap_or(CALLS),
            written,
        }
    }
}

impl From<LimitsBlock> for Written {
    fn from(limits: LimitsBlock) -> Self {
        limits.written
    }
}

impl Default for LimitsBlock {
    fn default() -> Self {
        Written::default().into()
    }
}

impl LimitsBlock {
    /// The limits for a program in rehearsal, where the clock runs `time_scale` times as fast as real time. Limits
    /// that the scenario does not set follow the time scale.
    #[must_use]
    pub fn at_scale(&self, time_scale: u32) -> Self {
        let scale = time_scale.max(1);
        let minutes = MINUTES.max(scale.saturating_mul(REAL_SECONDS) / 60);
        let calls = CALLS.saturating_mul(SCALE_OF_CALLS.div_ceil(scale));
        Self {
            provision_minutes: self.written.provision_minutes.unwrap_or(minutes),
            teardown_minutes: self.written.teardown_minutes.unwrap_or(minutes),
            calls: self.written.calls.unwrap_or(calls),
            written: self.written.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_follow_the_time_scale_and_limits_that_are_set_do_not() {
        let check = |text: &str, scale: Option<u32>, expected: (u32, u32, u32)| {
            let limits: LimitsBlock = serde_json::from_str(text).expect(text);
            let limits = scale.map_or(limits.clone(), |scale| limits.at_scale(scale));
            let seen = (
                limits.provision_minutes,
                limits.teardown_minutes,
                limits.calls,
            );
            assert_eq!(seen, expected, "{text} {scale:?}");
        };
        check("{}", None, (90, 90, 5000));
        check("{}", Some(1), (90, 90, 300_000));
        check("{}", Some(18), (90, 90, 20_000));
        check("{}", Some(60), (300, 300, 5000));
        check("{}", Some(120), (600, 600, 5000));
        let said = r#"{"provision_minutes": 30, "calls": 70}"#;
        check(said, None, (30, 90, 70));
        check(said, Some(120), (30, 600, 70));
        assert!(serde_json::from_str::<LimitsBlock>(r#"{"minutes": 1}"#).is_err());
    }
}

//! Reads of JSON 1.1 services, repeated a few times.

use std::time::Duration;

use kubeproof_cloudkit::{Applied, CallError, Cause};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::clients::Clients;
use crate::json_call::JsonCall;

/// How often a call is sent. All of them only read, or delete by name.
const ATTEMPTS: u32 = 5;
/// The wait before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_secs(1);

impl Clients {
    /// Sends a call, and repeats it when the service could not answer.
    ///
    /// # Errors
    /// With the error of the last attempt.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        call: &JsonCall,
        body: &Value,
    ) -> Result<T, CallError> {
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            match call.send(&self.json, body).await {
                Err(error) if attempt < ATTEMPTS && may_help(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }
}

/// Whether another attempt may help.
fn may_help(error: &CallError) -> bool {
    error.applied != Applied::No || matches!(error.cause, Cause::Throttled | Cause::NoAnswer)
}

//! `CloudTrail`'s look-up: the calls that changed something, the newest first, some minutes late.

use jiff::Timestamp;
use kubeproof_cloudkit::CallError;
use serde::Deserialize;
use serde_json::json;

use super::clients::Clients;
use crate::json_call::{JsonCall, JsonService, timestamp};

/// The name of the call in errors.
pub(crate) const CALL: &str = "cloudtrail:LookupEvents";
const LOOK_UP: JsonCall = JsonService(
    "cloudtrail",
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
)
.call("LookupEvents");

/// One page of events.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    #[serde(default)]
    pub(crate) events: Vec<Event>,
    pub(crate) next_token: Option<String>,
}

/// A call that changed something.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Event {
    #[serde(rename = "EventId")]
    pub(crate) id: String,
    #[serde(rename = "EventName")]
    pub(crate) name: String,
    /// Such as `ec2.amazonaws.com`.
    #[serde(rename = "EventSource")]
    pub(crate) source: String,
    pub(crate) event_time: Option<f64>,
    pub(crate) username: Option<String>,
    pub(crate) resources: Vec<Named>,
    /// The whole event as JSON.
    #[serde(rename = "CloudTrailEvent")]
    pub(crate) text: String,
}

/// A resource that the call named.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Named {
    #[serde(rename = "ResourceName")]
    pub(crate) name: Option<String>,
}

impl Event {
    /// When it was.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        self.event_time.and_then(timestamp)
    }
}

/// A page of the events since then with this attribute: its key and its value.
///
/// # Errors
/// When the trail could not be read.
pub(crate) async fn page(
    clients: &Clients,
    (key, value): (&str, &str),
    since: Timestamp,
    token: Option<String>,
) -> Result<Page, CallError> {
    let mut asked = json!({
        "LookupAttributes": [{ "AttributeKey": key, "AttributeValue": value }],
        "StartTime": since.as_second(),
    });
    if let Some(token) = token {
        asked["NextToken"] = token.into();
    }
    clients.json(&LOOK_UP, &asked).await
}

//! `CloudTrail`: who did what, available some minutes later.
//!
//! Records successful changes only, because it is read for proof of creation. AWS limits lookups
//! to two requests a second; the simulator does not enforce it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::cloud::only_reads;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::sts::{self, CALLER_ID, CALLER_NAME, Caller, caller_arn};
use crate::wire::call::{Call, Protocol};
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};

mod event_fields;

/// Most events on a page, and the default.
const PAGE_MAX: usize = 50;
/// How long events can be looked up.
const KEPT_DAYS: i64 = 90;

/// One management event.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The event's id.
    pub id: String,
    /// When it was.
    pub at: Timestamp,
    /// The operation.
    pub name: String,
    /// The service, such as `ec2.amazonaws.com`.
    pub source: String,
    /// Ids, names and ARNs in request and response.
    pub resources: Vec<String>,
    /// The event as JSON text.
    pub text: String,
    /// The user, or the name of the session.
    pub user: String,
    pub access_key: String,
}

/// The trail of management events.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// Events in the order in which they happened.
    pub entries: Vec<Entry>,
}

/// Records a call in the trail, if `CloudTrail` records it and it changed something.
pub fn record(state: &mut State, call: &Call, outcome: &Outcome) {
    let Ok(answer) = outcome else { return };
    if only_reads(call) || call.service == "ce" {
        return;
    }
    let id = format!(
        "00000000-0000-4000-9000-{:012x}",
        state.trail.entries.len() + 1
    );
    let request = event_fields::request(call);
    let response = event_fields::response(answer);
    let mut resources = event_fields::resources(&request);
    resources.extend(event_fields::resources(&response));
    resources.sort();
    resources.dedup();
    let source = format!("{}.amazonaws.com", call.service);
    let event = json!({
        "eventVersion": "1.11",
        "userIdentity": identity(state, call),
        "eventTime": state.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": source,
        "eventName": name(call),
        "awsRegion": call.region,
        "requestParameters": request,
        "responseElements": response,
        "eventID": id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT_ID,
        "eventCategory": "Management",
    });
    let entry = Entry {
        id,
        at: state.now,
        name: name(call),
        source,
        resources,
        text: event.to_string(),
        user: user(state, call),
        access_key: call.access_key.clone(),
    };
    state.trail.entries.push(entry);
}

/// The name of the caller: of a session its own.
fn user(state: &State, call: &Call) -> String {
    match sts::caller(state, &call.access_key) {
        Some(Caller::Role(session)) => session.name.clone(),
        _ => CALLER_NAME.to_owned(),
    }
}

/// Who called.
fn identity(state: &State, call: &Call) -> Value {
    match sts::caller(state, &call.access_key) {
        Some(Caller::Role(session)) => json!({
            "type": "AssumedRole",
            "principalId": session.id(),
            "arn": session.arn(),
            "accountId": ACCOUNT_ID,
            "accessKeyId": call.access_key,
        }),
        _ => json!({
            "type": "IAMUser",
            "principalId": CALLER_ID,
            "arn": caller_arn(),
            "accountId": ACCOUNT_ID,
            "accessKeyId": call.access_key,
            "userName": CALLER_NAME,
        }),
    }
}

/// The event's name: the operation, also for REST.
fn name(call: &Call) -> String {
    match call.protocol {
        Protocol::Rest if call.action.is_empty() => {
            format!("{} /{}", call.method, call.path.join("/"))
        }
        _ => call.action.clone(),
    }
}

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    match call.action.as_str() {
        "LookupEvents" => lookup(state, &call.json),
        other => Err(AwsError::unknown_operation("cloudtrail", other)),
    }
}

fn lookup(state: &State, json: &Value) -> Outcome {
    let wanted = attribute(json)?;
    let start = time(&json["StartTime"]).unwrap_or(Timestamp::MIN);
    let end = time(&json["EndTime"]).unwrap_or(Timestamp::MAX);
    if start > end {
        return Err(AwsError::new(
            400,
            "InvalidTimeRangeException",
            "The start time is after the end time.",
        ));
    }
    let lag = SignedDuration::try_from(state.durations.trail_lag).unwrap_or(SignedDuration::MAX);
    let shown_until = state.now.checked_sub(lag).unwrap_or(Timestamp::MIN);
    let kept = SignedDuration::from_hours(KEPT_DAYS * 24);
    let kept_from = state.now.checked_sub(kept).unwrap_or(Timestamp::MIN);
    let events: Vec<Value> = state
        .trail
        .entries
        .iter()
        .rev()
        .filter(|entry| entry.at <= shown_until && entry.at >= kept_from)
        .filter(|entry| entry.at >= start && entry.at <= end)
        .filter(|entry| {
            wanted
                .as_ref()
                .is_none_or(|(key, value)| has(entry, key, value))
        })
        .map(render)
        .collect();
    let asked = json["MaxResults"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok());
    let size = asked.unwrap_or(PAGE_MAX);
    if size == 0 || size > PAGE_MAX {
        return Err(AwsError::new(
            400,
            "InvalidMaxResultsException",
            format!("Invalid MaxResults: must be between 1 and {PAGE_MAX}"),
        ));
    }
    let size = size.min(state.setup.page_size_max);
    let page = page("LookupEvents", events, json["NextToken"].as_str(), size)
        .map_err(|_| AwsError::new(400, "InvalidNextTokenException", "Invalid NextToken."))?;
    let mut body = json!({ "Events": page.items });
    if let Some(next) = page.next {
        body["NextToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

/// The one attribute that a lookup may name.
fn attribute(json: &Value) -> Result<Option<(String, String)>, AwsError> {
    const KEYS: [&str; 8] = [
        "AccessKeyId",
        "EventId",
        "EventName",
        "EventSource",
        "ReadOnly",
        "ResourceName",
        "ResourceType",
        "Username",
    ];
    let attributes = json["LookupAttributes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let wrong = |message: &str| AwsError::new(400, "InvalidLookupAttributesException", message);
    match attributes {
        [] => Ok(None),
        [one] => {
            let key = one["AttributeKey"].as_str().unwrap_or_default();
            let value = one["AttributeValue"].as_str().unwrap_or_default();
            if !KEYS.contains(&key) || value.is_empty() {
                return Err(wrong("The lookup attribute is not valid."));
            }
            Ok(Some((key.to_owned(), value.to_owned())))
        }
        _ => Err(wrong("Only one lookup attribute can be specified.")),
    }
}

fn has(entry: &Entry, key: &str, value: &str) -> bool {
    match key {
        "EventId" => entry.id == value,
        "EventName" => entry.name == value,
        "EventSource" => entry.source == value,
        "ReadOnly" => value == "false",
        "ResourceName" => entry.resources.iter().any(|resource| resource == value),
        "ResourceType" => entry
            .resources
            .iter()
            .filter_map(|name| event_fields::resource_type(name))
            .any(|resource_type| resource_type == value),
        "Username" => value == entry.user,
        _ => value == entry.access_key,
    }
}

fn render(entry: &Entry) -> Value {
    let resources: Vec<Value> = entry
        .resources
        .iter()
        .map(|name| match event_fields::resource_type(name) {
            Some(resource_type) => json!({ "ResourceType": resource_type, "ResourceName": name }),
            None => json!({ "ResourceName": name }),
        })
        .collect();
    json!({
        "EventId": entry.id,
        "EventName": entry.name,
        "ReadOnly": "false",
        "AccessKeyId": entry.access_key,
        "EventTime": entry.at.as_second(),
        "EventSource": entry.source,
        "Username": entry.user,
        "Resources": resources,
        "CloudTrailEvent": entry.text,
    })
}

/// A timestamp of JSON 1.1: seconds since the epoch, with or without a fraction.
fn time(value: &Value) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds of any date fit"
    )]
    let milliseconds = (value.as_f64()? * 1000.0) as i64;
    Timestamp::from_millisecond(milliseconds).ok()
}

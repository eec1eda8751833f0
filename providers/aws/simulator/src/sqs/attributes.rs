//! Attributes of queues: which there are, within which bounds, and the usual values.
//!
//! Facts: SQS API reference, `SetQueueAttributes`; the size of messages is 1 MiB since August 2025.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Queue, arn, done, named, no_queue, texts};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// Attributes that are numbers: the least, the most, and the usual value.
const NUMBERS: &[(&str, u64, u64, u64)] = &[
    ("DelaySeconds", 0, 900, 0),
    ("MaximumMessageSize", 1024, 1_048_576, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
    ("VisibilityTimeout", 0, 43_200, 30),
];
/// Attributes that are JSON: empty text takes them away.
const DOCUMENTS: &[&str] = &["Policy", "RedriveAllowPolicy", "RedrivePolicy"];
/// Other attributes that can be set.
const TEXTS: &[&str] = &[
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "SqsManagedSseEnabled",
];
/// Attributes that are counted: there are no messages.
const COUNTS: &[&str] = &[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
];

/// Checks attributes that a caller sets.
///
/// # Errors
/// `InvalidAttributeName`, `InvalidAttributeValue`.
pub(super) fn check(given: &BTreeMap<String, String>) -> Result<(), AwsError> {
    for (name, value) in given {
        let number = NUMBERS.iter().find(|(known, ..)| known == name);
        let fits = if let Some((_, least, most, _)) = number {
            let parsed = value.parse::<u64>();
            parsed.is_ok_and(|number| (*least..=*most).contains(&number))
        } else if DOCUMENTS.contains(&name.as_str()) {
            let document = serde_json::from_str::<Value>(value);
            value.is_empty() || document.is_ok_and(|document| document.is_object())
        } else if TEXTS.contains(&name.as_str()) {
            true
        } else {
            let message = format!("Unknown Attribute {name}.");
            return Err(AwsError::new(400, "InvalidAttributeName", message));
        };
        if !fits {
            let message = format!("Invalid value for the parameter {name}.");
            return Err(AwsError::new(400, "InvalidAttributeValue", message));
        }
    }
    Ok(())
}

/// The value of an attribute that can be set.
pub(super) fn value(queue: &Queue, name: &str) -> Option<String> {
    let usual = || {
        let number = NUMBERS.iter().find(|(known, ..)| *known == name);
        let number = number.map(|(_, _, _, usual)| usual.to_string());
        let encrypts = name == "SqsManagedSseEnabled";
        number.or_else(|| {
            let own_key = queue.attributes.contains_key("KmsMasterKeyId");
            encrypts.then(|| (!own_key).to_string())
        })
    };
    queue.attributes.get(name).cloned().or_else(usual)
}

/// All attributes of a queue.
fn all(state: &State, name: &str, queue: &Queue) -> BTreeMap<String, String> {
    let settable = NUMBERS.iter().map(|(name, ..)| *name);
    let settable = settable.chain(DOCUMENTS.iter().chain(TEXTS).copied());
    let mut all: BTreeMap<String, String> = settable
        .filter_map(|name| Some((name.to_owned(), value(queue, name)?)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let second = |at: jiff::Timestamp| at.as_second().to_string();
    all.extend(
        COUNTS
            .iter()
            .map(|name| ((*name).to_owned(), "0".to_owned())),
    );
    all.insert("QueueArn".to_owned(), arn(state, name));
    all.insert("CreatedTimestamp".to_owned(), second(queue.created_at));
    let modified = second(queue.modified_at);
    all.insert("LastModifiedTimestamp".to_owned(), modified);
    all
}

pub(super) fn get(state: &mut State, call: &Call) -> Outcome {
    let name = named(state, call)?;
    let queue = state.sqs.queues.get(&name).ok_or_else(no_queue)?;
    let asked = call.json["AttributeNames"].as_array().cloned();
    let asked = asked.unwrap_or_default();
    let asked: Vec<&str> = asked.iter().filter_map(Value::as_str).collect();
    let mut found = all(state, &name, queue);
    let known = |name: &&&str| {
        **name == "All"
            || NUMBERS.iter().any(|(known, ..)| *known == **name)
            || [DOCUMENTS, TEXTS, COUNTS]
                .iter()
                .any(|names| names.contains(*name))
            || ["QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"].contains(*name)
    };
    if let Some(unknown) = asked.iter().find(|name| !known(name)) {
        let message = format!("Unknown Attribute {unknown}.");
        return Err(AwsError::new(400, "InvalidAttributeName", message));
    }
    if !asked.contains(&"All") {
        found.retain(|name, _| asked.contains(&name.as_str()));
    }
    Ok(Answer::Json(json!({"Attributes": found})))
}

pub(super) fn set(state: &mut State, call: &Call) -> Outcome {
    let given = texts(&call.json["Attributes"]);
    check(&given)?;
    let name = named(state, call)?;
    let now = state.now;
    let queue = state.sqs.queues.get_mut(&name).ok_or_else(no_queue)?;
    queue.attributes.extend(given);
    queue.modified_at = now;
    done()
}

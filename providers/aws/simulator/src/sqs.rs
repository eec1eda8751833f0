//! SQS: queues with their attributes and tags, as Karpenter's module makes one for interruptions. No messages are sent.
//!
//! Facts: the SQS API reference. That a name is free again after 60 seconds: `DeleteQueue` there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};
use crate::wire::table::Table;

mod attributes;
mod queues;

/// The store of queues.
#[derive(Clone, Debug, Default)]
pub struct Sqs {
    /// Queues by name.
    pub queues: BTreeMap<String, Queue>,
    /// When queues were deleted, by name.
    pub deleted: BTreeMap<String, Timestamp>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Attributes that differ from the usual ones.
    pub attributes: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub created_at: Timestamp,
    /// When its attributes were last set.
    pub modified_at: Timestamp,
}

/// The operations.
pub const TABLE: Table = Table {
    service: "sqs",
    operations: &[
        ("CreateQueue", queues::create),
        ("DeleteQueue", queues::delete),
        ("GetQueueAttributes", attributes::get),
        ("GetQueueUrl", queues::url_of),
        ("ListQueueTags", queues::list_tags),
        ("ListQueues", queues::list),
        ("SetQueueAttributes", attributes::set),
        ("TagQueue", queues::tag),
        ("UntagQueue", queues::untag),
    ],
};

/// The ARN of a queue.
pub fn arn(state: &State, name: &str) -> String {
    state.arn("sqs", name)
}

/// Adds all queues that exist.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    let region = &state.setup.region;
    all.extend(state.sqs.queues.iter().map(|(name, queue)| {
        let mut resource = Resource::new("sqs_queue", arn(state, name), region);
        resource.name = Some(name.clone());
        resource.tags.clone_from(&queue.tags);
        resource.created_at = Some(queue.created_at);
        resource
    }));
}

/// The URL by which callers name a queue.
fn url(state: &State, name: &str) -> String {
    let region = &state.setup.region;
    format!("https://sqs.{region}.amazonaws.com/{ACCOUNT_ID}/{name}")
}

/// The name of the queue that a request names by its URL.
///
/// # Errors
/// `QueueDoesNotExist`.
fn named(state: &State, call: &Call) -> Result<String, AwsError> {
    let url = need(call, "QueueUrl")?;
    let name = url.rsplit('/').next().unwrap_or_default();
    if state.sqs.queues.contains_key(name) {
        return Ok(name.to_owned());
    }
    Err(no_queue())
}

fn no_queue() -> AwsError {
    let message = "The specified queue does not exist.";
    AwsError::new(400, "QueueDoesNotExist", message)
}

/// A text that a request must have.
fn need<'a>(call: &'a Call, member: &str) -> Result<&'a str, AwsError> {
    let text = call.json[member].as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| {
        let message = format!("The request must contain the parameter {member}.");
        AwsError::new(400, "MissingParameter", message)
    })
}

/// The texts of a map of a request.
fn texts(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    members.filter_map(text).collect()
}

/// One page of a list. Without `MaxResults` a list has one page of at most a thousand.
fn paged(state: &State, call: &Call, member: &str, all: Vec<Value>) -> Outcome {
    let asked = call.json["MaxResults"].as_u64().unwrap_or(1000);
    let size = usize::try_from(asked.clamp(1, 1000)).unwrap_or(1000);
    let size = size.min(state.setup.page_size_max);
    let token = call.json["NextToken"].as_str();
    let page = page(&call.action, all, token, size).map_err(|_| {
        let message = "Invalid or expired next token.";
        AwsError::new(400, "InvalidParameterValue", message)
    })?;
    let mut body = json!({ member: page.items });
    if let Some(next) = page.next {
        body["NextToken"] = json!(next);
    }
    Ok(Answer::Json(body))
}

/// An answer without a body.
fn done() -> Outcome {
    Ok(Answer::Json(json!({})))
}

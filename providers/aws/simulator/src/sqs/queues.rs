//! Queues: made, listed, tagged, deleted; a deleted one's name is not free for a minute.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Queue, attributes, done, named, need, no_queue, paged, texts, url};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// How long the name of a deleted queue cannot be used.
const NAME_FREE_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// The longest name.
const NAME_LENGTH_MAX: usize = 80;
/// Most tags (SQS developer guide, quotas).
const TAGS_MAX: usize = 50;

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let name = need(call, "QueueName")?.to_owned();
    check_name(&name)?;
    let given = texts(&call.json["Attributes"]);
    attributes::check(&given)?;
    if name.ends_with(".fifo") != (given.get("FifoQueue").map(String::as_str) == Some("true")) {
        let message = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, \
                       must end with .fifo suffix and be 1 to 80 in length.";
        return Err(AwsError::new(400, "InvalidParameterValue", message));
    }
    if let Some(queue) = state.sqs.queues.get(&name) {
        let differs = |(key, value): (&String, &String)| {
            (attributes::value(queue, key).as_ref() != Some(value)).then(|| key.clone())
        };
        if let Some(other) = given.iter().find_map(differs) {
            let message = format!(
                "A queue already exists with the same name and a different value for attribute {other}"
            );
            return Err(AwsError::new(400, "QueueNameExists", message));
        }
        return Ok(Answer::Json(json!({"QueueUrl": url(state, &name)})));
    }
    let deleted = state.sqs.deleted.get(&name);
    if deleted.is_some_and(|at| state.now < *at + NAME_FREE_AFTER) {
        let message = "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
        return Err(AwsError::new(400, "QueueDeletedRecently", message));
    }
    let tags = texts(&call.json["tags"]);
    check_tags(&tags)?;
    state.sqs.deleted.remove(&name);
    let queue = Queue {
        attributes: given,
        tags,
        created_at: state.now,
        modified_at: state.now,
    };
    state.sqs.queues.insert(name.clone(), queue);
    Ok(Answer::Json(json!({"QueueUrl": url(state, &name)})))
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    let fits = |one: char| one.is_ascii_alphanumeric() || one == '-' || one == '_';
    if name.len() > NAME_LENGTH_MAX || stem.is_empty() || !stem.chars().all(fits) {
        let message =
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(AwsError::new(400, "InvalidParameterValue", message));
    }
    Ok(())
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    if tags.len() > TAGS_MAX || tags.keys().any(|key| key.starts_with("aws:")) {
        let message = "A queue has at most 50 tags, and none whose key begins with aws:";
        return Err(AwsError::new(400, "InvalidParameterValue", message));
    }
    Ok(())
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let name = named(state, call)?;
    state.sqs.queues.remove(&name);
    state.sqs.deleted.insert(name, state.now);
    done()
}

pub(super) fn url_of(state: &mut State, call: &Call) -> Outcome {
    let name = need(call, "QueueName")?;
    if !state.sqs.queues.contains_key(name) {
        return Err(no_queue());
    }
    Ok(Answer::Json(json!({"QueueUrl": url(state, name)})))
}

pub(super) fn list(state: &mut State, call: &Call) -> Outcome {
    let prefix = call.json["QueueNamePrefix"].as_str().unwrap_or_default();
    let names = state.sqs.queues.iter();
    let names = names
        .filter(|(name, queue)| name.starts_with(prefix) && !state.hides(call, queue.created_at));
    let urls = names.map(|(name, _)| json!(url(state, name))).collect();
    paged(state, call, "QueueUrls", urls)
}

fn tags<'a>(
    state: &'a mut State,
    call: &Call,
) -> Result<&'a mut BTreeMap<String, String>, AwsError> {
    let name = named(state, call)?;
    let queue = state.sqs.queues.get_mut(&name).ok_or_else(no_queue)?;
    Ok(&mut queue.tags)
}

pub(super) fn list_tags(state: &mut State, call: &Call) -> Outcome {
    let tags = tags(state, call)?.clone();
    Ok(Answer::Json(json!({"Tags": tags})))
}

pub(super) fn tag(state: &mut State, call: &Call) -> Outcome {
    let given = texts(&call.json["Tags"]);
    let held = tags(state, call)?;
    let after: BTreeMap<_, _> = held.clone().into_iter().chain(given).collect();
    check_tags(&after)?;
    *held = after;
    done()
}

pub(super) fn untag(state: &mut State, call: &Call) -> Outcome {
    let keys = call.json["TagKeys"].as_array().cloned().unwrap_or_default();
    let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
    tags(state, call)?.retain(|key, _| !keys.contains(&key.as_str()));
    done()
}

//! `CloudWatch` Logs: log groups, which clusters create and nothing deletes.
//!
//! Events are billed by the byte and are not kept: of a stream only its name is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::table::Table;

pub mod groups;
pub mod streams;
mod tags;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    pub tags: BTreeMap<String, String>,
    pub created_at: Timestamp,
    /// After how many days events are deleted; never, if none.
    pub retention_days: Option<i64>,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    pub class: String,
    /// The key that encrypts new events.
    pub key_arn: Option<String>,
    /// The names of its streams.
    pub streams: BTreeSet<String>,
}

/// The store of log groups.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    /// Log groups by name.
    pub groups: BTreeMap<String, LogGroup>,
}

/// What happens later.
#[derive(Clone, Debug)]
pub enum Event {
    /// A cluster writes to its log group, which was deleted.
    Written(String),
}

/// Lets an event happen.
pub fn happen(state: &mut State, event: Event) {
    let Event::Written(cluster) = event;
    streams::written(state, &cluster);
}

/// The operations.
pub const TABLE: Table = Table {
    service: "logs",
    operations: &[
        ("AssociateKmsKey", groups::set_key),
        ("CreateLogGroup", groups::create),
        ("CreateLogStream", streams::create),
        ("DeleteLogGroup", groups::delete),
        ("DeleteLogStream", streams::delete),
        ("DeleteRetentionPolicy", groups::forget_retention),
        ("DescribeLogGroups", groups::describe),
        ("DescribeLogStreams", streams::describe),
        ("DisassociateKmsKey", groups::forget_key),
        ("ListTagsForResource", tags::list),
        ("PutRetentionPolicy", groups::set_retention),
        ("TagResource", tags::tag),
        ("UntagResource", tags::untag),
    ],
};

pub use groups::create_group_internal;

/// Adds all log groups that exist.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    all.extend(state.logs.groups.iter().map(|(name, group)| {
        let mut resource =
            Resource::new("cloudwatch_log_group", name.as_str(), &state.setup.region);
        resource.name = Some(name.clone());
        resource.tags.clone_from(&group.tags);
        resource.incarnation = Some(group.created_at.as_millisecond().to_string());
        resource.created_at = Some(group.created_at);
        let stored = ("stored_bytes".to_owned(), "0".to_owned());
        resource.properties.extend([stored]);
        resource
    }));
}

/// The group that a request names.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidParameterException`.
fn named<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut LogGroup, AwsError> {
    let name = need(call, "logGroupName")?;
    state.logs.groups.get_mut(name).ok_or_else(not_found)
}

fn need<'a>(call: &'a Call, name: &str) -> Result<&'a str, AwsError> {
    call.json[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| invalid(&format!("{name} must not be null or empty")))
}

/// One page of a list, with `nextToken`.
fn paged(state: &State, call: &Call, member: &str, all: Vec<Value>) -> Outcome {
    /// Most items on a page, and the default.
    const PAGE_MAX: usize = 50;
    let asked = call.json["limit"].as_u64();
    let asked = asked.and_then(|n| usize::try_from(n).ok());
    let size = asked.unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let size = size.min(state.setup.page_size_max);
    let token = call.json["nextToken"].as_str();
    let page = crate::wire::page::page(&call.action, all, token, size)
        .map_err(|_| invalid("The specified nextToken is invalid."))?;
    let mut body = json!({ member: page.items });
    if let Some(next) = page.next {
        body["nextToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

/// An answer without a body.
fn done() -> Outcome {
    Ok(Answer::Json(json!({})))
}

fn invalid(message: &str) -> AwsError {
    AwsError::new(400, "InvalidParameterException", message)
}

fn not_found() -> AwsError {
    AwsError::new(
        400,
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
}

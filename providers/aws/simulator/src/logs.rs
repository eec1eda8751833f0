//! `CloudWatch` Logs: log groups, which clusters create and nothing deletes.
//!
//! Only groups are simulated: streams and events are billed by the byte and own no resources.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};

/// Most groups on a page, and the default.
const PAGE_MAX: usize = 50;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    pub tags: BTreeMap<String, String>,
    pub created_at: Timestamp,
}

/// The store of log groups.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    /// Log groups by name.
    pub groups: BTreeMap<String, LogGroup>,
}

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    match call.action.as_str() {
        "CreateLogGroup" => create(state, call),
        "DeleteLogGroup" => delete(state, call),
        "DescribeLogGroups" => describe(state, call),
        "ListTagsForResource" => list_tags(state, call),
        "TagResource" => tag(state, call),
        other => Err(AwsError::unknown_operation("logs", other)),
    }
}

/// Creates a log group for another service. An existing one is left as it is.
pub fn create_group_internal(state: &mut State, name: &str, tags: BTreeMap<String, String>) {
    let created_at = state.now;
    state
        .logs
        .groups
        .entry(name.to_owned())
        .or_insert(LogGroup { tags, created_at });
}

/// Adds all log groups that exist.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    all.extend(state.logs.groups.iter().map(|(name, group)| {
        let mut resource =
            Resource::new("cloudwatch_log_group", name.as_str(), &state.setup.region);
        resource.name = Some(name.clone());
        resource.tags.clone_from(&group.tags);
        resource.incarnation = Some(group.created_at.as_millisecond().to_string());
        resource.created_at = Some(group.created_at);
        resource
    }));
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let name = need(call, "logGroupName")?.to_owned();
    if state.logs.groups.contains_key(&name) {
        return Err(AwsError::new(
            400,
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ));
    }
    create_group_internal(state, &name, tags_of(&call.json["tags"]));
    Ok(Answer::Json(json!({})))
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let name = need(call, "logGroupName")?;
    state.logs.groups.remove(name).ok_or_else(not_found)?;
    Ok(Answer::Json(json!({})))
}

fn describe(state: &State, call: &Call) -> Outcome {
    let prefix = call.json["logGroupNamePrefix"].as_str().unwrap_or_default();
    let pattern = call.json["logGroupNamePattern"]
        .as_str()
        .unwrap_or_default();
    let all: Vec<Value> = state
        .logs
        .groups
        .iter()
        .filter(|(name, _)| name.starts_with(prefix) && name.contains(pattern))
        .map(|(name, group)| render(state, name, group))
        .collect();
    let asked = call.json["limit"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok());
    let size = asked
        .unwrap_or(PAGE_MAX)
        .min(PAGE_MAX)
        .min(state.setup.page_size_max);
    let page = page(
        "DescribeLogGroups",
        all,
        call.json["nextToken"].as_str(),
        size,
    )
    .map_err(|_| invalid("The specified nextToken is invalid."))?;
    let mut body = json!({ "logGroups": page.items });
    if let Some(next) = page.next {
        body["nextToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

fn render(state: &State, name: &str, group: &LogGroup) -> Value {
    let arn = state.arn("logs", &format!("log-group:{name}"));
    json!({
        "logGroupName": name,
        "creationTime": group.created_at.as_millisecond(),
        "metricFilterCount": 0,
        // One ARN ends in a wildcard for the streams, the other names only the group.
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
    })
}

fn list_tags(state: &mut State, call: &Call) -> Outcome {
    let group = by_arn(state, call)?;
    Ok(Answer::Json(json!({ "tags": group.tags })))
}

fn tag(state: &mut State, call: &Call) -> Outcome {
    let tags = tags_of(&call.json["tags"]);
    by_arn(state, call)?.tags.extend(tags);
    Ok(Answer::Json(json!({})))
}

fn by_arn<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut LogGroup, AwsError> {
    let arn = need(call, "resourceArn")?;
    let (_, name) = arn
        .split_once(":log-group:")
        .ok_or_else(|| invalid("The specified resourceArn is not a log group's."))?;
    state
        .logs
        .groups
        .get_mut(name.trim_end_matches(":*"))
        .ok_or_else(not_found)
}

fn need<'a>(call: &'a Call, name: &str) -> Result<&'a str, AwsError> {
    call.json[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| invalid(&format!("{name} must not be null or empty")))
}

fn tags_of(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
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

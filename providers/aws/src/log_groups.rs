//! `CloudWatch` Logs, as far as log groups go.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::json_call::{JsonCall, JsonService};

const SERVICE: JsonService = JsonService("logs", "Logs_20140328");
pub(crate) const DESCRIBE: JsonCall = SERVICE.call("DescribeLogGroups");
pub(crate) const DELETE: JsonCall = SERVICE.call("DeleteLogGroup");
pub(crate) const LIST_TAGS: JsonCall = SERVICE.call("ListTagsForResource");

/// One page of log groups.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    #[serde(default)]
    pub(crate) log_groups: Vec<LogGroup>,
    pub(crate) next_token: Option<String>,
}

/// A log group.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogGroup {
    #[serde(rename = "logGroupName")]
    pub(crate) name: Option<String>,
    /// With `:*` at its end.
    pub(crate) arn: Option<String>,
    pub(crate) log_group_arn: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) creation_time: Option<i64>,
    pub(crate) stored_bytes: Option<u64>,
}

/// The tags of one log group.
#[derive(Debug, Deserialize)]
pub(crate) struct Tags {
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// What `DescribeLogGroups` is sent for a page of the groups whose names begin so.
pub(crate) fn page_of(prefix: Option<&str>, token: Option<String>) -> Value {
    let mut asked = json!({});
    if let Some(prefix) = prefix {
        asked["logGroupNamePrefix"] = prefix.into();
    }
    if let Some(token) = token {
        asked["nextToken"] = token.into();
    }
    asked
}

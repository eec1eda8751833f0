//! Where log entries go: the sinks of the project, and the buckets of all locations.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::{Lifetime, RETAINED_PROPERTY, Resource};
use serde::Deserialize;
use serde_json::Value;

use super::containers::EVERYWHERE;
use super::items::text;
use crate::api::Api;

/// The most sinks or buckets of one page.
const PAGE: (&str, &str) = ("pageSize", "1000");
/// The state of a bucket that was deleted.
const DELETED: &str = "DELETE_REQUESTED";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    sinks: Vec<Value>,
    buckets: Vec<Value>,
    next_page_token: Option<String>,
}

/// All sinks of the project.
pub(super) async fn sinks(api: &Api, project: &str) -> Result<Vec<Resource>, CallError> {
    let (parameters, query) = ([project], [PAGE]);
    let call = RestCall::new("projects.sinks.list", &parameters).with_query(&query);
    let take = |page: Page| Ok((page.sinks, page.next_page_token));
    let all: Vec<Value> = api.logging.all_pages(call, "pageToken", take).await?;
    all.iter().map(sink).collect()
}

/// The buckets of all locations.
pub(super) async fn buckets(api: &Api, project: &str) -> Result<Vec<Resource>, CallError> {
    let (parameters, query) = ([project, EVERYWHERE], [PAGE]);
    let call = RestCall::new("projects.locations.buckets.list", &parameters).with_query(&query);
    let take = |page: Page| Ok((page.buckets, page.next_page_token));
    let all: Vec<Value> = api.logging.all_pages(call, "pageToken", take).await?;
    all.iter().map(bucket).collect()
}

fn sink(shown: &Value) -> Result<Resource, CallError> {
    let none = || CallError::state("list", "a sink is shown without a name");
    let name = text(shown, "name").ok_or_else(none)?;
    let is_disabled = shown["disabled"] == true;
    let resource = Resource::new("log_sink", name, "global")
        .named(name.to_owned())
        .in_state(if is_disabled { "DISABLED" } else { "" }, Lifetime::Alive)
        .with(
            "destination",
            text(shown, "destination").unwrap_or_default(),
        );
    Ok(dated(shown, resource))
}

/// `projects/P/locations/L/buckets/B`. Some locations are several regions, so that none has a scope of its own.
fn bucket(shown: &Value) -> Result<Resource, CallError> {
    let path: Vec<&str> = text(shown, "name").unwrap_or_default().split('/').collect();
    let [_, _, _, location, _, name] = path[..] else {
        let why = "a bucket is shown without the path of its name";
        return Err(CallError::state("list", why));
    };
    let state = text(shown, "lifecycleState").unwrap_or_default();
    let mut resource = Resource::new("log_bucket", format!("{location}/{name}"), "global")
        .named(name.to_owned())
        .in_state(state, Lifetime::of_state(state, &[DELETED], &["FAILED"]));
    if let Some(days) = shown["retentionDays"].as_u64() {
        resource = resource.with("retention_days", days);
    }
    if state == DELETED {
        let why = "a deleted bucket can be restored for seven days, and goes by itself after that";
        resource = resource.with(RETAINED_PROPERTY, why);
    }
    Ok(dated(shown, resource))
}

/// With what both have: a description, and the time of creation, by which two of one name are told apart.
fn dated(shown: &Value, mut resource: Resource) -> Resource {
    if let Some(description) = text(shown, "description") {
        resource = resource.with("description", description);
    }
    resource.incarnation = text(shown, "createTime").map(str::to_owned);
    resource.created_at = text(shown, "createTime").and_then(|at| at.parse().ok());
    resource
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bucket_that_was_deleted_is_retained_and_another_is_not() {
        let check = |state: &str, lifetime: Lifetime, retained: bool| {
            let name = "projects/p/locations/us/buckets/b";
            let seen = bucket(&json!({"name": name, "lifecycleState": state}));
            let seen = seen.expect("a bucket");
            assert_eq!((seen.id.as_str(), seen.lifetime), ("us/b", lifetime));
            assert_eq!(seen.properties.contains_key(RETAINED_PROPERTY), retained);
        };
        check("ACTIVE", Lifetime::Alive, false);
        check("DELETE_REQUESTED", Lifetime::Ending, true);
        check("FAILED", Lifetime::Dead, false);
        assert!(bucket(&json!({"name": "b"})).is_err());
    }

    #[test]
    fn sinks_that_every_project_has_tell_no_time() {
        let seen = sink(&json!({"name": "_Default", "destination": "d"})).expect("a sink");
        assert_eq!((seen.incarnation, seen.created_at), (None, None));
        assert!(sink(&json!({"destination": "d"})).is_err());
    }
}

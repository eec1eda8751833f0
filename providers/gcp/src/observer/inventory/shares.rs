//! The Filestore instances of all locations. Places that did not answer are named.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::{Lifetime, Resource};
use serde::Deserialize;
use serde_json::Value;

use super::super::lists::Unread;
use super::containers::{EVERYWHERE, scope};
use super::items::{labels, text};
use crate::api::Api;
use crate::api::types::last;

const LIST: &str = "projects.locations.instances.list";
/// The most instances of one page.
const PAGE: (&str, &str) = ("pageSize", "1000");

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    instances: Vec<Value>,
    /// The locations that did not answer, by name or path.
    unreachable: Vec<String>,
    next_page_token: Option<String>,
}

/// What a page consists of.
enum Part {
    Instance(Value),
    /// The name or path of a location that did not answer.
    Unreached(String),
}

fn parts(page: Page) -> (Vec<Part>, Option<String>) {
    let instances = page.instances.into_iter().map(Part::Instance);
    let unreached = page.unreachable.into_iter().map(Part::Unreached);
    (instances.chain(unreached).collect(), page.next_page_token)
}

pub(super) async fn instances(
    api: &Api,
    project: &str,
) -> Result<(Vec<Resource>, Vec<Unread>), CallError> {
    let parameters = [project, EVERYWHERE];
    let query = [PAGE];
    let call = RestCall::new(LIST, &parameters).with_query(&query);
    let parts = api
        .files
        .all_pages(call, "pageToken", |page| Ok(parts(page)))
        .await?;
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Instance(shown) => all.push(instance(&shown)?),
            Part::Unreached(location) => unread.push(Unread {
                place: last(&location).map(scope),
                error: CallError::state(
                    format!("file:{LIST}"),
                    format!("not complete: {location} did not answer"),
                ),
            }),
        }
    }
    Ok((all, unread))
}

/// `projects/P/locations/L/instances/I`.
fn instance(shown: &Value) -> Result<Resource, CallError> {
    let path: Vec<&str> = text(shown, "name").unwrap_or_default().split('/').collect();
    let [_, _, _, location, _, name] = path[..] else {
        let why = "a Filestore instance is shown without the path of its name";
        return Err(CallError::state("list", why));
    };
    let state = text(shown, "state").unwrap_or_default();
    let mut resource = Resource::new("filestore_instance", name, scope(location))
        .named(name.to_owned())
        .tagged(labels(&shown["labels"]))
        // One that failed is billed until it is deleted.
        .in_state(state, Lifetime::of_state(state, &["DELETING"], &[]))
        .with("tier", text(shown, "tier").unwrap_or_default());
    let inner = |pointer: &str| shown.pointer(pointer).and_then(Value::as_str);
    if let Some(capacity) = inner("/fileShares/0/capacityGb") {
        resource = resource.with("capacity_gb", capacity);
    }
    if let Some(network) = inner("/networks/0/network").and_then(last) {
        resource = resource.with("network", network);
    }
    if let Some(description) = text(shown, "description") {
        resource = resource.with("description", description);
    }
    // It has no unique id, and its name can be used again.
    resource.incarnation = text(shown, "createTime").map(str::to_owned);
    resource.created_at = text(shown, "createTime").and_then(|at| at.parse().ok());
    Ok(resource)
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::scope::Scope;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_instance_is_where_its_path_says_and_in_its_network() {
        let check = |location: &str, expected: &str| {
            let seen = instance(&json!({
                "name": format!("projects/p/locations/{location}/instances/i"), "state": "READY",
                "tier": "BASIC_HDD", "fileShares": [{"name": "vol1", "capacityGb": "1024"}],
                "networks": [{"network": "projects/p/global/networks/n"}], "createTime": "2026-11-29T10:00:00Z",
            }));
            let seen = seen.expect("an instance");
            assert_eq!(seen.scope, Scope::new(expected));
            assert_eq!(seen.properties["capacity_gb"], "1024");
            assert_eq!(seen.properties["network"], "n");
            assert_eq!(seen.incarnation.as_deref(), Some("2026-11-29T10:00:00Z"));
        };
        check("us-central1-a", "us-central1/us-central1-a");
        check("us-central1", "us-central1");
        assert!(instance(&json!({"name": "i"})).is_err());
    }

    #[test]
    fn a_location_that_did_not_answer_is_no_empty_one() {
        let page = json!({"instances": [{}], "unreachable": ["projects/p/locations/us-east1-b"]});
        let (parts, next) = parts(serde_json::from_value(page).expect("a page"));
        let unreached = |part: &&Part| matches!(part, Part::Unreached(_));
        assert_eq!(parts.iter().filter(unreached).count(), 1);
        assert_eq!((parts.len(), next), (2, None));
    }
}

//! The memberships of clusters in the project's fleet, in all locations. Places that did not answer are named.

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

const LIST: &str = "projects.locations.memberships.list";
/// The most memberships of one page.
const PAGE: (&str, &str) = ("pageSize", "1000");

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    resources: Vec<Value>,
    /// The locations that did not answer, by name or path.
    unreachable: Vec<String>,
    next_page_token: Option<String>,
}

/// A membership, or the name or path of a location that did not answer.
type Part = Result<Value, String>;

fn parts(page: Page) -> (Vec<Part>, Option<String>) {
    let shown = page.resources.into_iter().map(Ok);
    let unreached = page.unreachable.into_iter().map(Err);
    (shown.chain(unreached).collect(), page.next_page_token)
}

pub(super) async fn memberships(
    api: &Api,
    project: &str,
) -> Result<(Vec<Resource>, Vec<Unread>), CallError> {
    let (parameters, query) = ([project, EVERYWHERE], [PAGE]);
    let call = RestCall::new(LIST, &parameters).with_query(&query);
    let take = |page: Page| Ok(parts(page));
    let parts = api.hub.all_pages(call, "pageToken", take).await?;
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Ok(shown) => all.push(membership(&shown)?),
            Err(location) => unread.push(Unread {
                place: last(&location).map(scope),
                error: CallError::state(
                    format!("gkehub:{LIST}"),
                    format!("not complete: {location} did not answer"),
                ),
            }),
        }
    }
    Ok((all, unread))
}

/// `projects/P/locations/L/memberships/M`.
fn membership(shown: &Value) -> Result<Resource, CallError> {
    let path: Vec<&str> = text(shown, "name").unwrap_or_default().split('/').collect();
    let [_, _, _, location, _, name] = path[..] else {
        let why = "a membership is shown without the path of its name";
        return Err(CallError::state("list", why));
    };
    let state = text(&shown["state"], "code").unwrap_or_default();
    let mut resource = Resource::new("gke_hub_membership", name, scope(location))
        .named(name.to_owned())
        .tagged(labels(&shown["labels"]))
        .in_state(state, Lifetime::of_state(state, &["DELETING"], &[]));
    if let Some(cluster) = cluster(shown) {
        resource = resource.with("cluster", cluster);
    }
    resource.incarnation = text(shown, "uniqueId").map(str::to_owned);
    resource.created_at = text(shown, "createTime").and_then(|at| at.parse().ok());
    Ok(resource)
}

/// Its cluster in this project, as `LOCATION/NAME`.
fn cluster(shown: &Value) -> Option<String> {
    let link = shown.pointer("/endpoint/gkeCluster/resourceLink")?;
    let mut parts = link.as_str()?.rsplit('/');
    let (name, _, location) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{location}/{name}"))
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::scope::Scope;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_membership_names_its_cluster_which_may_be_gone() {
        let link = "//container.googleapis.com/projects/p/locations/us-east1-b/clusters/c";
        let seen = membership(&json!({
            "name": "projects/p/locations/us-east1/memberships/m", "uniqueId": "7",
            "state": {"code": "READY"}, "labels": {"a": "b"},
            "endpoint": {"gkeCluster": {"resourceLink": link, "clusterMissing": true}},
        }));
        let seen = seen.expect("a membership");
        assert_eq!(seen.scope, Scope::new("us-east1"));
        assert_eq!(seen.properties["cluster"], "us-east1-b/c");
        assert_eq!(seen.incarnation.as_deref(), Some("7"));
        assert!(membership(&json!({"name": "m"})).is_err());
    }

    #[test]
    fn a_location_that_did_not_answer_is_no_empty_one() {
        let page = json!({"resources": [{}], "unreachable": ["projects/p/locations/us-east1"]});
        let (parts, next) = parts(serde_json::from_value(page).expect("a page"));
        let unreached = parts.iter().filter(|part| part.is_err()).count();
        assert_eq!((unreached, parts.len(), next), (1, 2, None));
    }
}

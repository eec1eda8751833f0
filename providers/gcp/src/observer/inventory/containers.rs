//! The clusters of all locations. The list has no pages; places that did not answer are named.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_contract::scope::Scope;
use serde::Deserialize;
use serde_json::Value;

use super::super::READ;
use super::super::lists::{Unread, zone_scope};
use super::items::{labels, text};
use crate::api::Api;
use crate::api::types::last;

/// All locations.
pub(super) const EVERYWHERE: &str = "-";
const LIST: &str = "projects.locations.clusters.list";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Clusters {
    clusters: Vec<Value>,
    missing_zones: Vec<String>,
}

/// The scope of a zone or region.
pub(super) fn scope(location: &str) -> Scope {
    if location.matches('-').count() > 1 {
        zone_scope(location)
    } else {
        Scope::new(location)
    }
}

pub(super) async fn clusters(
    api: &Api,
    project: &str,
) -> Result<(Vec<Resource>, Vec<Unread>), CallError> {
    let parameters = [project, EVERYWHERE];
    let call = RestCall::new(LIST, &parameters);
    let read: Clusters = api.container.call(READ, call).await?;
    let missing = read.missing_zones.iter().map(|location| Unread {
        place: Some(scope(location)),
        error: CallError::state(
            format!("container:{LIST}"),
            format!("not complete: {location} did not answer"),
        ),
    });
    let clusters: Result<Vec<Resource>, CallError> = read.clusters.iter().map(cluster).collect();
    Ok((clusters?, missing.collect()))
}

fn cluster(shown: &Value) -> Result<Resource, CallError> {
    let (name, location) = text(shown, "name")
        .zip(text(shown, "location"))
        .ok_or_else(|| CallError::state("list", "a cluster is shown without name or location"))?;
    let state = text(shown, "status").unwrap_or_default();
    let pools = shown["nodePools"].as_array().into_iter().flatten();
    let pools: Vec<&str> = pools.filter_map(|pool| text(pool, "name")).collect();
    let mut resource = Resource::new("gke_cluster", name, scope(location))
        .named(name.to_owned())
        .tagged(labels(&shown["resourceLabels"]))
        // One in `ERROR` serves no one, and has to be deleted all the same.
        .in_state(state, Lifetime::of_state(state, &["STOPPING"], &["ERROR"]))
        .with("node_pools", pools.join(","));
    if let Some(network) = text(shown, "network").and_then(last) {
        resource = resource.with("network", network);
    }
    resource.incarnation = text(shown, "id").map(str::to_owned);
    resource.created_at = text(shown, "createTime").and_then(|at| at.parse().ok());
    Ok(resource)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cluster_that_could_not_be_made_is_listed() {
        let check = |status: &str, expected: Lifetime| {
            let shown = json!({"name": "c", "id": "0a", "location": "us-east1-b", "status": status,
                "network": "projects/p/global/networks/n", "nodePools": [{"name": "a"}, {"name": "b"}]});
            let seen = cluster(&shown).expect("a cluster");
            assert_eq!(seen.lifetime, expected, "{status}");
            assert_eq!(seen.scope, Scope::new("us-east1/us-east1-b"));
            assert_eq!(seen.properties["node_pools"], "a,b");
            assert_eq!(seen.properties["network"], "n");
        };
        check("RUNNING", Lifetime::Alive);
        check("STOPPING", Lifetime::Ending);
        check("ERROR", Lifetime::Dead);
        assert!(cluster(&json!({"name": "c"})).is_err());
        assert_eq!(scope("us-east1"), Scope::new("us-east1"));
    }
}

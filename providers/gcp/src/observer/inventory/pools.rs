//! Workload identity pools and their providers. What was deleted can be restored for 30 days, and is not listed.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::{Lifetime, Resource};
use serde::Deserialize;
use serde_json::Value;

use super::items::text;
use crate::api::Api;
use crate::api::types::last;

/// The one location of pools.
pub(crate) const GLOBAL: &str = "global";
/// The most pools of one page, and the most providers.
const PAGE: (&str, &str) = ("pageSize", "1000");
const PROVIDERS_PAGE: (&str, &str) = ("pageSize", "100");

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    workload_identity_pools: Vec<Value>,
    workload_identity_pool_providers: Vec<Value>,
    next_page_token: Option<String>,
}

async fn shown(api: &Api, project: &str) -> Result<Vec<Value>, CallError> {
    let (parameters, query) = ([project, GLOBAL], [PAGE]);
    let list = "projects.locations.workloadIdentityPools.list";
    let call = RestCall::new(list, &parameters).with_query(&query);
    let take = |page: Page| Ok((page.workload_identity_pools, page.next_page_token));
    api.iam.all_pages(call, "pageToken", take).await
}

/// All pools of the project.
pub(super) async fn pools(api: &Api, project: &str) -> Result<Vec<Resource>, CallError> {
    let shown = shown(api, project).await?;
    let pool = |one: &Value| {
        let name = name(one)?;
        Ok(resource("workload_identity_pool", name, name, one))
    };
    shown.iter().map(pool).collect()
}

/// The providers of all pools.
pub(super) async fn providers(api: &Api, project: &str) -> Result<Vec<Resource>, CallError> {
    let mut all = Vec::new();
    for pool in shown(api, project).await? {
        let pool = name(&pool)?;
        let (parameters, query) = ([project, GLOBAL, pool], [PROVIDERS_PAGE]);
        let list = "projects.locations.workloadIdentityPools.providers.list";
        let call = RestCall::new(list, &parameters).with_query(&query);
        let take = |page: Page| Ok((page.workload_identity_pool_providers, page.next_page_token));
        let shown: Vec<Value> = match api.iam.all_pages(call, "pageToken", take).await {
            // Its pool was deleted in the meantime.
            Err(error) if error.is_not_found() => continue,
            shown => shown?,
        };
        for one in &shown {
            let id = format!("{pool}/{}", name(one)?);
            let provider = resource("workload_identity_provider", &id, name(one)?, one);
            all.push(provider.with("workload_identity_pool", pool));
        }
    }
    Ok(all)
}

/// The end of the path that is its name.
fn name(shown: &Value) -> Result<&str, CallError> {
    let none = || CallError::state("list", "a workload identity pool is shown without a name");
    text(shown, "name").and_then(last).ok_or_else(none)
}

fn resource(of_type: &str, id: &str, name: &str, shown: &Value) -> Resource {
    let resource = Resource::new(of_type, id, "global")
        .named(name.to_owned())
        .in_state(text(shown, "state").unwrap_or_default(), Lifetime::Alive);
    match text(shown, "description") {
        Some(description) => resource.with("description", description),
        None => resource,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pool_has_the_name_at_the_end_of_its_path_and_one_without_is_an_error() {
        let path = "projects/1/locations/global/workloadIdentityPools/ci";
        assert_eq!(name(&json!({ "name": path })).ok(), Some("ci"));
        assert!(name(&json!({"state": "ACTIVE"})).is_err());
    }
}

//! Deletions of resource groups, which take along what is in them.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Deletion, IN_USE_LIMIT, LONG};
use crate::api::types::Resource as Shown;
use crate::api::version;
use crate::observer::inventory::group_of;

/// How many resources a message names.
const NAMED_MAX: usize = 5;

impl Deletion<'_> {
    /// Deletes a group. One of nodes goes with its cluster as long as that is there; any other must hold nothing that does
    /// not carry the run's marks.
    pub(super) async fn group(&self, run: &str) -> Result<(), CallError> {
        let id = self.resource.id.as_str();
        let name = group_of(id).ok_or_else(|| self.refused("its name is not known"))?;
        match self.resource.properties.get("managed_by") {
            Some(cluster) => self.without_cluster(cluster).await?,
            None => self.without_others(name, run).await?,
        }
        let parameters = [self.subscription, name];
        let policy = RetryPolicy::while_in_use(IN_USE_LIMIT);
        let operation = "resourceGroups.delete";
        ignore_not_found(
            self.api
                .call::<IgnoredAny>(policy, operation, &parameters, None)
                .await,
        )?;
        let parameters = &parameters;
        let seen = || self.api.find::<Shown>("resourceGroups.get", parameters);
        self.gone(LONG, seen).await
    }

    /// Refuses a group of nodes whose cluster is there: that would fail, and its other parts stay.
    async fn without_cluster(&self, cluster: &str) -> Result<(), CallError> {
        let version = version("managedClusters.");
        match self.api.find_by_id::<Shown>(cluster, version).await? {
            None => Ok(()),
            Some(_) => {
                Err(self.refused(format!("its cluster {cluster} is there: it goes with that")))
            }
        }
    }

    async fn without_others(&self, name: &str, run: &str) -> Result<(), CallError> {
        let filter = format!("resourceGroup eq '{name}'");
        let all: Vec<Value> = self
            .api
            .list("resources.list", &[self.subscription], Some(&filter))
            .await?;
        let others = others(&all, run);
        if others.is_empty() {
            return Ok(());
        }
        let shown: Vec<&str> = others.iter().take(NAMED_MAX).map(String::as_str).collect();
        let (count, shown) = (others.len(), shown.join(", "));
        Err(self.refused(format!(
            "it holds {count} resources without the marks of run {run}: {shown}"
        )))
    }
}

/// The ids of those that do not carry the marks of a run.
fn others(all: &[Value], run: &str) -> Vec<String> {
    let is_ours = |one: &&Value| one["tags"][kubeproof_contract::run::RUN_TAG] == run;
    let others = all.iter().filter(|one| !is_ours(one));
    others
        .map(|one| one["id"].as_str().unwrap_or("one without an id").to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_carries_the_runs_tag_is_the_runs() {
        let all = [
            json!({"id": "a", "tags": {"kubeproof:run": "r1"}}),
            json!({"id": "b", "tags": {"kubeproof:run": "r2"}}),
            json!({"id": "c", "tags": null}),
            json!({}),
        ];
        assert_eq!(others(&all, "r1"), ["b", "c", "one without an id"]);
    }
}

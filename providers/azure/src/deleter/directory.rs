//! Deletions in the directory: what is deleted lies in the recycle bin for 30 days, uses up quota there and can be
//! restored, so it is taken out of it too.

use std::time::Duration;

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde::de::IgnoredAny;

use super::Deletion;
use crate::api::graph::{self, DirectoryObject};

/// How often the recycle bin is looked into until it shows what was deleted, and how long in between.
const ATTEMPTS: usize = 6;
const PAUSE: Duration = Duration::from_secs(5);

impl Deletion<'_> {
    /// Deletes an object of this list for good, and with an application its principals.
    pub(super) async fn directory(&self, list: &str) -> Result<(), CallError> {
        let id = self.resource.id.as_str();
        let client = self.resource.properties.get("app_id").cloned();
        let client = client.unwrap_or_default();
        match list {
            "applications.list" => {
                let principals = self.ids("servicePrincipals.list", &client).await?;
                self.call("applications.delete", id).await?;
                self.purge(id, "deletedItems.listApplications", &client)
                    .await?;
                for principal in principals {
                    let list = "deletedItems.listServicePrincipals";
                    self.purge(&principal, list, &client).await?;
                }
                Ok(())
            }
            "servicePrincipals.list" => {
                self.call("servicePrincipals.delete", id).await?;
                self.purge(id, "deletedItems.listServicePrincipals", &client)
                    .await
            }
            _ => self.call("deletedItems.delete", id).await,
        }
    }

    async fn call(&self, operation: &'static str, id: &str) -> Result<(), CallError> {
        let parameters = [id];
        let call = RestCall::new(operation, &parameters);
        let policy = RetryPolicy::IDEMPOTENT;
        ignore_not_found(self.api.graph().call::<IgnoredAny>(policy, call).await)
    }

    /// Takes an object out of the recycle bin, once it lies there, and makes sure that it is gone.
    async fn purge(&self, id: &str, list: &'static str, client: &str) -> Result<(), CallError> {
        let mut was_there = false;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                self.session().sleep(PAUSE).await?;
            }
            if self.ids(list, client).await?.iter().any(|one| one == id) {
                was_there = true;
                self.call("deletedItems.delete", id).await?;
            } else if was_there {
                return Ok(());
            }
        }
        if was_there {
            return Err(self.refused(format!("{id} stays in the recycle bin")));
        }
        // Deleted for good by somebody else, or with its application.
        Ok(())
    }

    /// The ids of the objects of a list that belong to this application.
    async fn ids(&self, list: &'static str, client: &str) -> Result<Vec<String>, CallError> {
        let filter = format!("appId eq '{client}'");
        let all: Vec<DirectoryObject> = graph::list(self.api.graph(), list, Some(&filter)).await?;
        Ok(all.into_iter().map(|one| one.id).collect())
    }
}

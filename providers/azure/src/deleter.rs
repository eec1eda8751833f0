//! Deletes what a sweep has decided to, each type by its own call, and waits until it is gone.
//!
//! Names are used again, and a group takes everything in it along. So before each call the deleter reads the resource
//! anew: it must still be the one that was decided on, and still carry the marks of the same run. Another one of the same
//! name stays, and so does a group that holds anything without those marks. Locks are somebody's decision: they are
//! reported, never removed.

mod directory;
mod groups;

use std::time::Duration;

use async_trait::async_trait;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::{CallError, RetryPolicy, Session};
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scope::{Cell, Listing, Scope};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::api::types::Resource as Shown;
use crate::api::{Api, version};
use crate::marks;
use crate::observer::inventory::{self, Kind, Source, known, scope_in};
use crate::spec::AksSpec;

/// How long something may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_mins(5);
/// How long another change of a cluster may take until its deletion can begin, and how long that may take: terraform's
/// azurerm gives clusters 90 minutes.
const LONG: Duration = Duration::from_mins(90);
/// How long anything else takes at most.
const LIMIT: Duration = Duration::from_mins(15);
const SCHEDULE: PollSchedule = PollSchedule::every(5);

/// Deletes resources of one subscription and of its directory.
#[derive(Debug)]
pub struct AksDeleter {
    api: Api,
    subscription: String,
}

impl AksDeleter {
    /// The deleter of the subscription that the scenario names.
    pub fn new(spec: &AksSpec, connection: &Connection) -> Self {
        Self {
            api: Api::new(connection),
            subscription: spec.subscription.0.clone(),
        }
    }
}

#[async_trait]
impl Deleter for AksDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let work = Deletion {
            api: self.api.renewed(),
            subscription: &self.subscription,
            resource,
        };
        Ok(work.run().await?)
    }
}

/// The deletion of one resource.
struct Deletion<'a> {
    api: Api,
    subscription: &'a str,
    resource: &'a Resource,
}

impl Deletion<'_> {
    fn session(&self) -> &Session {
        self.api.session()
    }

    fn refused(&self, why: impl std::fmt::Display) -> CallError {
        let (of_type, id) = (&self.resource.resource_type, &self.resource.id);
        CallError::state("delete", format!("{of_type} {id}: {why}"))
    }

    async fn run(&self) -> Result<(), CallError> {
        let kind = known("delete", &self.resource.resource_type)?;
        if let Some(why) = never(kind) {
            return Err(self.refused(why));
        }
        let Some(run) = marks::owner_of(self.resource).map(|owner| owner.run) else {
            return Err(self.refused("it carries no run's marks, so it is left to a person"));
        };
        let Some(now) = self.found(kind).await? else {
            return Ok(());
        };
        let still = marks::owner_of(&now).map(|owner| owner.run);
        if still.as_ref() != Some(&run) {
            let now = still.unwrap_or_else(|| "none".to_owned());
            let why = format!("it was marked as run {run}'s, and its marks now name {now}");
            return Err(self.refused(why));
        }
        match kind.source {
            Source::Groups | Source::NodeGroups => self.group(&run).await,
            Source::Assignments => self.assignment().await,
            Source::Directory(list) => self.directory(list).await,
            _ => self.item(kind).await,
        }
    }

    /// The resource as it is now: none when it is gone, even if there is another one of its name.
    async fn found(&self, kind: &Kind) -> Result<Option<Resource>, CallError> {
        let listing = Listing::of(Cell::new(kind.name(), Scope::global()));
        let listed = inventory::list(&self.api, self.subscription, &listing).await?;
        if let Some((cell, error)) = listed.unread.into_iter().next() {
            return Err(self.refused(format!("{cell} cannot be read: {error}")));
        }
        let mut all = listed.resources.into_iter();
        Ok(all.find(|one| one.is_same(self.resource)))
    }

    /// Deletes a resource that is in a group.
    async fn item(&self, kind: &Kind) -> Result<(), CallError> {
        let (id, version) = (self.resource.id.as_str(), self.version(kind).await?);
        let is_cluster = kind.name() == "aks_managed_cluster";
        let (in_use, limit) = if is_cluster {
            (LONG, LONG)
        } else {
            (IN_USE_LIMIT, LIMIT)
        };
        let policy = RetryPolicy::while_in_use(in_use);
        self.api.delete_by_id(policy, id, &version).await?;
        let seen = || self.api.find_by_id::<Shown>(id, &version);
        self.gone(limit, seen).await
    }

    /// Waits until it is gone. One that is not being deleted any more will not go.
    async fn gone<F, Fut>(&self, limit: Duration, seen: F) -> Result<(), CallError>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<Option<Shown>, CallError>> + Send,
    {
        let seen = &seen;
        let check = || async move {
            Ok(match seen().await? {
                None => Poll::Ready(()),
                Some(shown) if matches!(shown.state(), "Failed" | "Canceled") => {
                    Poll::Failed(format!("its deletion has ended: it is {}", shown.state()))
                }
                Some(shown) => Poll::Pending(shown.state().to_owned()),
            })
        };
        let what = format!("wait for the end of {}", self.resource.id);
        poll_until(self.session(), SCHEDULE, limit, &what, check).await
    }

    /// The version of the API for a type: that of its list, or else the newest that the cloud has and that is no preview.
    async fn version(&self, kind: &Kind) -> Result<String, CallError> {
        if let Source::Typed(_, list, _) = kind.source {
            return Ok(version(list).to_owned());
        }
        let full = self.resource.properties.get("type");
        let parts = full.and_then(|full| full.split_once('/'));
        let (namespace, of_type) = parts.ok_or_else(|| self.refused("its type is not known"))?;
        let parameters = [self.subscription, namespace];
        let known: Namespace = self
            .api
            .call(RetryPolicy::IDEMPOTENT, "providers.get", &parameters, None)
            .await?;
        known
            .version(of_type)
            .ok_or_else(|| self.refused(format!("{namespace} has no version of {of_type}")))
    }

    async fn assignment(&self) -> Result<(), CallError> {
        let id = self.resource.id.as_str();
        let scope = scope_in(id).ok_or_else(|| self.refused("its scope is not known"))?;
        let name = id.rsplit('/').next().unwrap_or_default();
        let operation = "roleAssignments.delete";
        ignore_not_found(
            self.api
                .call::<IgnoredAny>(RetryPolicy::IDEMPOTENT, operation, &[scope, name], None)
                .await,
        )
    }
}

/// Why resources of a type are never deleted by a sweep.
fn never(kind: &Kind) -> Option<&'static str> {
    Some(match kind.source {
        Source::Locks => {
            "a lock is somebody's decision: ask its owner, then `az lock delete --ids` removes it"
        }
        Source::RoleDefinitions => "`az role definition delete` removes it",
        Source::DiagnosticSettings => "`az monitor diagnostic-settings delete` removes it",
        Source::SoftDeleted(_) => "it is deleted already, and goes by itself when its time is over",
        Source::FederatedCredentials => "it goes with its identity",
        _ => return None,
    })
}

/// A namespace with its types.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Namespace {
    resource_types: Vec<OfType>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OfType {
    resource_type: String,
    /// The newest first.
    api_versions: Vec<String>,
}

impl Namespace {
    fn version(&self, of_type: &str) -> Option<String> {
        let mut all = self.resource_types.iter();
        let found = all.find(|one| one.resource_type.eq_ignore_ascii_case(of_type))?;
        let mut versions = found.api_versions.iter();
        versions.find(|one| !one.contains("preview")).cloned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_version_that_is_no_preview_is_taken() {
        let known = json!({"resourceTypes": [
            {"resourceType": "vaults", "apiVersions": ["2026-01-01-preview", "2025-05-01", "2023-07-01"]},
            {"resourceType": "new", "apiVersions": ["2026-01-01-preview"]},
        ]});
        let known: Namespace = serde_json::from_value(known).unwrap();
        assert_eq!(known.version("Vaults").as_deref(), Some("2025-05-01"));
        assert_eq!(known.version("new"), None);
        assert_eq!(known.version("other"), None);
    }
}

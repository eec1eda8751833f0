//! Deletes what a sweep has decided to, each type by its own call, and waits until its operation has ended.
//!
//! Names are used again: before a call, the deleter makes sure that the resource of this name is still the one that was
//! decided on. Another one of the same name stays.

mod compute;
mod policy;
mod registrations;
mod workload;

use std::time::Duration;

use async_trait::async_trait;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy, Session};
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::resource::Resource;
use serde::de::IgnoredAny;

use crate::api::Api;
use crate::api::types::Cluster;
use crate::observer::inventory::{Source, known};
use crate::spec::GkeSpec;

/// How long something may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_mins(5);
/// How long another operation may run on a cluster before its deletion can begin, and how long that may take:
/// terraform-provider-google waits 40 minutes by default.
const CLUSTER_LIMIT: Duration = Duration::from_mins(40);
const CLUSTER_SCHEDULE: PollSchedule = PollSchedule::every(10);

/// Deletes resources of one project.
#[derive(Debug)]
pub struct GkeDeleter {
    api: Api,
    project: String,
}

impl GkeDeleter {
    /// The deleter of the project that the scenario names.
    pub fn new(spec: &GkeSpec, connection: &Connection) -> Self {
        Self {
            api: Api::new(connection),
            project: spec.project.0.clone(),
        }
    }
}

#[async_trait]
impl Deleter for GkeDeleter {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        let kind = known("delete", &resource.resource_type)?;
        let work = Deletion {
            api: self.api.renewed(),
            project: &self.project,
            resource,
        };
        let deleted = match &kind.source {
            Source::Compute(collections, _) => work.of_compute(collections).await,
            Source::Peerings => work.peering().await,
            Source::Ranges => work.range().await,
            Source::Clusters => work.cluster().await,
            Source::Instances => work.instance().await,
            Source::Zones => work.zone().await,
            Source::Records => work.record().await,
            Source::Memberships => work.membership().await,
            Source::Sinks => work.sink().await,
            Source::Buckets => work.bucket().await,
            Source::Pools => work.pool().await,
            Source::Providers => work.identity_provider().await,
            Source::Keys => work.key().await,
            Source::Accounts => work.account().await,
            Source::Bindings => work.binding().await,
        };
        Ok(deleted?)
    }
}

/// The deletion of one resource.
struct Deletion<'a> {
    api: Api,
    project: &'a str,
    resource: &'a Resource,
}

impl Deletion<'_> {
    fn session(&self) -> &Session {
        self.api.session()
    }

    /// Whether the unique id is that of the resource. One that was listed without any is known by its name alone.
    fn is_it(&self, id: &str) -> bool {
        let own = self.resource.incarnation.as_deref();
        own.is_none_or(|own| own == id)
    }

    /// Deletes a cluster with its nodes, and waits until it is gone.
    async fn cluster(&self) -> Result<(), CallError> {
        let location = self.resource.scope.as_str();
        let location = location.rsplit('/').next().unwrap_or_default();
        let parameters = [self.project, location, self.resource.id.as_str()];
        if self.found_cluster(&parameters).await?.is_none() {
            return Ok(());
        }
        let call = RestCall::new("projects.locations.clusters.delete", &parameters);
        let policy = RetryPolicy::while_in_use(CLUSTER_LIMIT);
        ignore_not_found(self.api.container.call::<IgnoredAny>(policy, call).await)?;
        let check = || async {
            Ok(match self.found_cluster(&parameters).await? {
                None => Poll::Ready(()),
                Some(cluster) => Poll::Pending(cluster.status),
            })
        };
        let what = "wait for the cluster's end";
        poll_until(self.session(), CLUSTER_SCHEDULE, CLUSTER_LIMIT, what, check).await
    }

    async fn found_cluster(&self, parameters: &[&str]) -> Result<Option<Cluster>, CallError> {
        let call = RestCall::new("projects.locations.clusters.get", parameters);
        match self
            .api
            .container
            .call::<Cluster>(RetryPolicy::IDEMPOTENT, call)
            .await
        {
            Err(error) if error.is_not_found() => Ok(None),
            read => Ok(Some(read?).filter(|cluster| self.is_it(&cluster.id))),
        }
    }

    /// Deletes a service account, by its unique id where it is known.
    async fn account(&self) -> Result<(), CallError> {
        let id = self.resource.incarnation.as_deref();
        let parameters = [self.project, id.unwrap_or(&self.resource.id)];
        let call = RestCall::new("projects.serviceAccounts.delete", &parameters);
        let policy = RetryPolicy::IDEMPOTENT;
        ignore_not_found(self.api.iam.call::<IgnoredAny>(policy, call).await)
    }
}

//! Deletions of what is registered in a project: memberships in its fleet, sinks and buckets of logs, workload identity
//! pools, and the material of keys.

use std::time::Duration;

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Deletion;
use crate::api::types::last;
use crate::api::{Client, OfService};
use crate::observer::inventory::{GLOBAL_LOCATION, is_active_version, key_versions};

/// terraform-provider-google waits 20 minutes for the end of a membership or a pool by default.
const LIMIT: Duration = Duration::from_mins(20);
const SCHEDULE: PollSchedule = PollSchedule::every(5);

/// The calls for one resource, and the member of it that tells two of one name apart.
struct Calls {
    get: &'static str,
    delete: &'static str,
    incarnation: &'static str,
}

impl Deletion<'_> {
    /// What a call shows of the resource, if it is still the one that was decided on.
    async fn shown<S: OfService>(
        &self,
        client: &Client<S>,
        calls: &Calls,
        parameters: &[&str],
    ) -> Result<Option<Value>, CallError> {
        let call = RestCall::new(calls.get, parameters);
        match client.call::<Value>(RetryPolicy::IDEMPOTENT, call).await {
            Err(error) if error.is_not_found() => Ok(None),
            read => {
                let found = read?;
                let own = found[calls.incarnation].as_str().unwrap_or_default();
                let is_it = self.is_it(own);
                Ok(is_it.then_some(found))
            }
        }
    }

    /// Deletes a resource, and waits until it is gone, or in this state where deleted ones are kept for a while.
    async fn registered<S: OfService>(
        &self,
        client: &Client<S>,
        calls: &Calls,
        parameters: &[&str],
        deleted: Option<&str>,
    ) -> Result<(), CallError> {
        let state = |found: &Value| {
            let words = [
                &found["state"],
                &found["state"]["code"],
                &found["lifecycleState"],
            ];
            words.into_iter().find_map(Value::as_str).map(str::to_owned)
        };
        let is_deleted = |found: &Value| deleted.is_some() && state(found).as_deref() == deleted;
        let left = self.shown(client, calls, parameters).await?;
        if left.as_ref().is_none_or(is_deleted) {
            return Ok(());
        }
        let call = RestCall::new(calls.delete, parameters);
        let policy = RetryPolicy::IDEMPOTENT;
        let asked = client.call::<IgnoredAny>(policy, call).await;
        let left = self.shown(client, calls, parameters).await?;
        // A repeated call is refused when the first one was carried out.
        if left.as_ref().is_none_or(is_deleted) {
            return Ok(());
        }
        ignore_not_found(asked)?;
        let check = || async {
            Ok(match self.shown(client, calls, parameters).await? {
                None => Poll::Ready(()),
                Some(found) if is_deleted(&found) => Poll::Ready(()),
                Some(found) => Poll::Pending(state(&found).unwrap_or_default()),
            })
        };
        let what = format!("wait for the end of {}", self.resource.id);
        poll_until(self.session(), SCHEDULE, LIMIT, &what, check).await
    }

    /// Takes a cluster out of the fleet. The cluster stays.
    pub(super) async fn membership(&self) -> Result<(), CallError> {
        let place = last(self.resource.scope.as_str()).unwrap_or(GLOBAL_LOCATION);
        let parameters = [self.project, place, self.resource.id.as_str()];
        let calls = Calls {
            get: "projects.locations.memberships.get",
            delete: "projects.locations.memberships.delete",
            incarnation: "uniqueId",
        };
        self.registered(&self.api.hub, &calls, &parameters, None)
            .await
    }

    pub(super) async fn sink(&self) -> Result<(), CallError> {
        let parameters = [self.project, self.resource.id.as_str()];
        let calls = Calls {
            get: "projects.sinks.get",
            delete: "projects.sinks.delete",
            incarnation: "createTime",
        };
        self.registered(&self.api.logging, &calls, &parameters, None)
            .await
    }

    /// Asks for the deletion of a bucket, which goes seven days later.
    pub(super) async fn bucket(&self) -> Result<(), CallError> {
        let [location, name] = self.parts("LOCATION/NAME")?;
        let parameters = [self.project, location, name];
        let calls = Calls {
            get: "projects.locations.buckets.get",
            delete: "projects.locations.buckets.delete",
            incarnation: "createTime",
        };
        let deleted = Some("DELETE_REQUESTED");
        self.registered(&self.api.logging, &calls, &parameters, deleted)
            .await
    }

    pub(super) async fn pool(&self) -> Result<(), CallError> {
        let parameters = [self.project, GLOBAL_LOCATION, self.resource.id.as_str()];
        let calls = Calls {
            get: "projects.locations.workloadIdentityPools.get",
            delete: "projects.locations.workloadIdentityPools.delete",
            incarnation: "",
        };
        self.registered(&self.api.iam, &calls, &parameters, Some("DELETED"))
            .await
    }

    pub(super) async fn identity_provider(&self) -> Result<(), CallError> {
        let [pool, name] = self.parts("POOL/NAME")?;
        let parameters = [self.project, GLOBAL_LOCATION, pool, name];
        let calls = Calls {
            get: "projects.locations.workloadIdentityPools.providers.get",
            delete: "projects.locations.workloadIdentityPools.providers.delete",
            incarnation: "",
        };
        self.registered(&self.api.iam, &calls, &parameters, Some("DELETED"))
            .await
    }

    /// Schedules the destruction of all versions of a key. The key itself stays.
    pub(super) async fn key(&self) -> Result<(), CallError> {
        let [location, ring, name] = self.parts("LOCATION/RING/NAME")?;
        let key = [self.project, location, ring, name];
        let calls = Calls {
            get: "projects.locations.keyRings.cryptoKeys.get",
            delete: "projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.destroy",
            incarnation: "createTime",
        };
        if self.shown(&self.api.kms, &calls, &key).await?.is_none() {
            return Ok(());
        }
        let versions = key_versions(&self.api, &key).await?;
        let active = versions.iter().filter(|one| is_active_version(one));
        for number in active.filter_map(|one| last(one["name"].as_str()?)) {
            let parameters = [self.project, location, ring, name, number];
            let body = json!({});
            let call = RestCall::new(calls.delete, &parameters).with_body(&body);
            let policy = RetryPolicy::IDEMPOTENT;
            let asked = self.api.kms.call::<IgnoredAny>(policy, call).await;
            if let Err(error) = ignore_not_found(asked) {
                let now = key_versions(&self.api, &key).await?;
                let is_this = |one: &&Value| one["name"].as_str().and_then(last) == Some(number);
                // A repeated call is refused when the first one was carried out.
                if now.iter().find(is_this).is_some_and(is_active_version) {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The parts of the resource's id.
    fn parts<const N: usize>(&self, form: &str) -> Result<[&str; N], CallError> {
        let parts: Vec<&str> = self.resource.id.split('/').collect();
        parts
            .try_into()
            .map_err(|_| self.refused(&format!("it is not {form}")))
    }
}

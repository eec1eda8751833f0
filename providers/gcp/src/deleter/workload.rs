//! Deletions of what a workload made beside machines and load balancers: Filestore instances, zones of Cloud DNS and
//! their records.

use std::time::Duration;

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Deletion;

/// terraform-provider-google waits 20 minutes for the end of an instance by default.
const LIMIT: Duration = Duration::from_mins(20);
const SCHEDULE: PollSchedule = PollSchedule::every(10);

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Instance {
    create_time: String,
    state: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Zone {
    id: String,
}

impl Deletion<'_> {
    /// Deletes a Filestore instance, and waits until it is gone.
    pub(super) async fn instance(&self) -> Result<(), CallError> {
        let location = self.resource.scope.as_str();
        let location = location.rsplit('/').next().unwrap_or_default();
        let parameters = [self.project, location, self.resource.id.as_str()];
        if self.found_instance(&parameters).await?.is_none() {
            return Ok(());
        }
        let call = RestCall::new("projects.locations.instances.delete", &parameters);
        let deleted = self
            .api
            .files
            .call::<IgnoredAny>(RetryPolicy::IDEMPOTENT, call);
        match ignore_not_found(deleted.await) {
            // A repeated call is refused while the deletion runs.
            Err(_) if self.is_ending(&parameters).await? => {}
            deleted => deleted?,
        }
        let check = || async {
            Ok(match self.found_instance(&parameters).await? {
                None => Poll::Ready(()),
                Some(instance) if instance.state == "ERROR" => Poll::Failed("ERROR".to_owned()),
                Some(instance) => Poll::Pending(instance.state),
            })
        };
        let what = "wait for the end of the Filestore instance";
        poll_until(self.session(), SCHEDULE, LIMIT, what, check).await
    }

    async fn is_ending(&self, parameters: &[&str]) -> Result<bool, CallError> {
        let found = self.found_instance(parameters).await?;
        Ok(found.is_none_or(|instance| instance.state == "DELETING"))
    }

    async fn found_instance(&self, parameters: &[&str]) -> Result<Option<Instance>, CallError> {
        let call = RestCall::new("projects.locations.instances.get", parameters);
        let read = self.api.files.call(RetryPolicy::IDEMPOTENT, call).await;
        match read {
            Err(error) if error.is_not_found() => Ok(None),
            read => {
                let found: Instance = read?;
                Ok(Some(found).filter(|found| self.is_it(&found.create_time)))
            }
        }
    }

    /// Deletes a zone, whose records are gone before it.
    pub(super) async fn zone(&self) -> Result<(), CallError> {
        let parameters = [self.project, self.resource.id.as_str()];
        let call = RestCall::new("managedZones.get", &parameters);
        let read = self.api.dns.call(RetryPolicy::IDEMPOTENT, call).await;
        let found: Zone = match read {
            Err(error) if error.is_not_found() => return Ok(()),
            read => read?,
        };
        if !self.is_it(&found.id) {
            return Ok(());
        }
        let call = RestCall::new("managedZones.delete", &parameters);
        let policy = RetryPolicy::IDEMPOTENT;
        ignore_not_found(self.api.dns.call::<IgnoredAny>(policy, call).await)
    }

    /// Deletes the records of one name and type.
    pub(super) async fn record(&self) -> Result<(), CallError> {
        let parts: Vec<&str> = self.resource.id.split('/').collect();
        let [zone, name, kind] = parts[..] else {
            return Err(self.refused("it is not ZONE/NAME/TYPE"));
        };
        let parameters = [self.project, zone, name, kind];
        let call = RestCall::new("resourceRecordSets.delete", &parameters);
        let policy = RetryPolicy::IDEMPOTENT;
        ignore_not_found(self.api.dns.call::<IgnoredAny>(policy, call).await)
    }
}

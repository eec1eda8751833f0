//! Deletions in Compute Engine. A call is answered with an operation, and whether it worked is inside the operation.

use std::time::Duration;

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use super::{Deletion, IN_USE_LIMIT};
use crate::api::errors;
use crate::api::types::{ComputeOperation, ComputeResource};
use crate::observer::inventory::{Calls, Collection};

const SCHEDULE: PollSchedule = PollSchedule::every(3);
const LIMIT: Duration = Duration::from_mins(10);

/// Where a resource is, as paths have it.
enum Place<'a> {
    Global,
    Region(&'a str),
    Zone(&'a str),
}

impl<'a> Place<'a> {
    fn of(resource: &'a Resource) -> Self {
        match resource.scope.as_str().split_once('/') {
            _ if resource.scope.is_global() => Self::Global,
            None => Self::Region(resource.scope.as_str()),
            Some((_, zone)) => Self::Zone(zone),
        }
    }

    fn parameters(&self, project: &'a str, name: &'a str) -> Vec<&'a str> {
        match self {
            Self::Global => vec![project, name],
            Self::Region(place) | Self::Zone(place) => vec![project, place, name],
        }
    }

    fn calls(&self, of: &Collection) -> Option<Calls> {
        of.calls[match self {
            Self::Global => 0,
            Self::Region(_) => 1,
            Self::Zone(_) => 2,
        }]
    }

    fn read_operation(&self) -> &'static str {
        match self {
            Self::Global => "globalOperations.get",
            Self::Region(_) => "regionOperations.get",
            Self::Zone(_) => "zoneOperations.get",
        }
    }
}

/// Whether it is a route that a subnetwork has of itself: no call deletes it, and it goes with its subnetwork.
fn goes_with_subnetwork(resource: &Resource) -> bool {
    resource.resource_type == "route" && resource.properties.contains_key("next_hop_network")
}

impl Deletion<'_> {
    /// Deletes a resource of one of these collections.
    pub(super) async fn of_compute(&self, collections: &[Collection]) -> Result<(), CallError> {
        if goes_with_subnetwork(self.resource) {
            return Ok(());
        }
        let place = Place::of(self.resource);
        let plural = self.resource.properties.get("collection");
        let mut all = collections.iter();
        let of = all.find(|of| plural.is_none_or(|plural| plural == of.plural));
        let calls = of.and_then(|of| place.calls(of));
        let calls = calls.ok_or_else(|| self.refused("no call deletes it there"))?;
        let parameters = place.parameters(self.project, &self.resource.id);
        let get = RestCall::new(calls.get, &parameters);
        let found = self.api.compute.call(RetryPolicy::IDEMPOTENT, get).await;
        let found: ComputeResource = match found {
            Err(error) if error.is_not_found() => return Ok(()),
            found => found?,
        };
        if !self.is_it(&found.id) {
            return Ok(());
        }
        let delete = RestCall::new(calls.delete, &parameters);
        self.done(&place, calls.delete, delete).await
    }

    /// Removes a peering from its network.
    pub(super) async fn peering(&self) -> Result<(), CallError> {
        let named = self.resource.id.split_once('/');
        let (network, name) = named.ok_or_else(|| self.refused("it is not NETWORK/PEERING"))?;
        let parameters = [self.project, network];
        let body = json!({ "name": name });
        let call = RestCall::new("networks.removePeering", &parameters).with_body(&body);
        self.done(&Place::Global, "networks.removePeering", call)
            .await
    }

    /// Takes a range out of its subnetwork. The fingerprint says what was read: a change that others make in the meantime
    /// is refused, not undone.
    pub(super) async fn range(&self) -> Result<(), CallError> {
        let named = self.resource.id.split_once('/');
        let (subnetwork, name) = named.ok_or_else(|| self.refused("it is not SUBNETWORK/RANGE"))?;
        let place = Place::of(self.resource);
        let parameters = place.parameters(self.project, subnetwork);
        let get = RestCall::new("subnetworks.get", &parameters);
        let found = self.api.compute.call(RetryPolicy::IDEMPOTENT, get).await;
        let found: Value = match found {
            Err(error) if error.is_not_found() => return Ok(()),
            found => found?,
        };
        let ranges = found["secondaryIpRanges"].as_array().cloned();
        let mut ranges = ranges.unwrap_or_default();
        let before = ranges.len();
        ranges.retain(|range| range["rangeName"] != name);
        if ranges.len() == before {
            return Ok(());
        }
        let body = json!({"fingerprint": found["fingerprint"], "secondaryIpRanges": ranges});
        let call = RestCall::new("subnetworks.patch", &parameters).with_body(&body);
        self.done(&place, "subnetworks.patch", call).await
    }

    pub(super) fn refused(&self, why: &str) -> CallError {
        let Resource {
            resource_type,
            id,
            scope,
            ..
        } = self.resource;
        CallError::state("delete", format!("{resource_type} {id} in {scope}: {why}"))
    }

    /// Makes the call until its operation has ended without an error, again while the resource is in use, which the
    /// operation may say too. What is gone is as it should be.
    async fn done(
        &self,
        place: &Place<'_>,
        what: &'static str,
        call: RestCall<'_>,
    ) -> Result<(), CallError> {
        let attempt = || async {
            let begun = self.api.compute.call(RetryPolicy::ONCE, call).await?;
            self.ended(place, begun, what).await
        };
        let policy = RetryPolicy::while_in_use(IN_USE_LIMIT);
        ignore_not_found(self.session().call(policy, attempt).await)
    }

    async fn ended(
        &self,
        place: &Place<'_>,
        begun: ComputeOperation,
        what: &str,
    ) -> Result<(), CallError> {
        let parameters = place.parameters(self.project, &begun.name);
        let check = || async {
            if begun.status == "DONE" {
                return Ok(Poll::Ready(Some(begun.clone())));
            }
            let call = RestCall::new(place.read_operation(), &parameters);
            let read = self.api.compute.call(RetryPolicy::IDEMPOTENT, call).await;
            Ok(match read {
                // Its record is gone: whether the resource is too shows the next inventory.
                Err(error) if error.is_not_found() => Poll::Ready(None),
                read => match read? {
                    ended @ ComputeOperation { .. } if ended.status == "DONE" => {
                        Poll::Ready(Some(ended))
                    }
                    running => Poll::Pending(running.status),
                },
            })
        };
        let seen = poll_until(self.session(), SCHEDULE, LIMIT, what, check).await?;
        let Some(errors) = seen.as_ref().and_then(|seen| seen.error.as_ref()) else {
            return Ok(());
        };
        let status = seen.as_ref().and_then(|seen| seen.http_error_status_code);
        let first = errors.errors.first().cloned().unwrap_or_default();
        Err(errors::of_operation(
            what,
            status,
            &first.code,
            &first.message,
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::observer::inventory::{KINDS, Places, Source};

    #[test]
    fn a_type_has_a_call_wherever_it_can_be() {
        for kind in &KINDS {
            let Source::Compute(collections, _) = &kind.source else {
                continue;
            };
            for of in *collections {
                // A list without places shows only what is global, whatever else the type has.
                let places = if of.lists_places() {
                    kind.places
                } else {
                    Places::Global
                };
                let [global, region, zone] = of.calls;
                assert_eq!(global.is_some(), places != Places::Below, "{}", of.plural);
                let is_below = region.is_some() || zone.is_some();
                assert_eq!(is_below, places != Places::Global, "{}", of.plural);
            }
        }
    }

    #[test]
    fn every_call_has_a_route() {
        let has = |name: &str| {
            let mut routes = crate::routes::compute::SERVICE.routes.iter();
            routes.any(|route| route.name == name)
        };
        for kind in &KINDS {
            let Source::Compute(collections, _) = &kind.source else {
                continue;
            };
            for calls in collections.iter().flat_map(|of| of.calls).flatten() {
                assert!(has(calls.get) && has(calls.delete), "{calls:?}");
            }
        }
    }
}

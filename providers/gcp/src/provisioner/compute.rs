//! Resources of Compute Engine: found by name and mark, made with a request id, removed until they are gone.
//!
//! A call is answered with an operation, and whether it worked is inside the operation, not in the answer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde_json::Value;

use super::{READ, Work, apis, asked, network};
use crate::api::errors::{self, NOT_READY};
use crate::api::types::{AggregatedPage, ComputeOperation, ComputeResource, Page, Warning};
use crate::marks;

/// Networks and their parts take 10 to 60 seconds.
const SCHEDULE: PollSchedule = PollSchedule::every(3);
const LIMIT: Duration = Duration::from_mins(10);
/// How long after its creation an operation on it may be under way.
const YOUNG: SignedDuration = SignedDuration::from_mins(10);
/// A creation that names what another operation has just made.
const CREATE: RetryPolicy = RetryPolicy::propagation(is_not_ready);
/// The most results of one page.
const PAGE: (&str, &str) = ("maxResults", "500");
/// The API that all of them belong to.
const API: &str = "compute.googleapis.com";

fn is_not_ready(error: &CallError) -> bool {
    error.is(NOT_READY)
}

/// Where a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Global,
    Region(String),
    Zone(String),
}

impl Place {
    /// The parameters of a path to a name here.
    fn parameters<'a>(&'a self, project: &'a str, name: &'a str) -> Vec<&'a str> {
        match self {
            Self::Global => vec![project, name],
            Self::Region(place) | Self::Zone(place) => vec![project, place, name],
        }
    }

    /// The call that lists operations here.
    fn list_operations(&self) -> &'static str {
        match self {
            Self::Global => "globalOperations.list",
            Self::Region(_) => "regionOperations.list",
            Self::Zone(_) => "zoneOperations.list",
        }
    }

    /// The call that reads an operation here.
    fn read_operation(&self) -> &'static str {
        match self {
            Self::Global => "globalOperations.get",
            Self::Region(_) => "regionOperations.get",
            Self::Zone(_) => "zoneOperations.get",
        }
    }
}

/// A resource that must exist.
pub(super) struct Wanted<'a> {
    pub(super) get: &'static str,
    pub(super) insert: &'static str,
    pub(super) place: Place,
    pub(super) name: &'a str,
    pub(super) body: Value,
}

/// The resource: found if it bears the run's mark, else made.
pub(super) async fn ensure(work: &Work, wanted: &Wanted<'_>) -> Result<ComputeResource, CallError> {
    let find = || async {
        let found = read(work, wanted).await?;
        let found = found.filter(|found| is_marked(work, found));
        match &found {
            // What it shows now may be gone when the operation has failed.
            Some(shown) if settled(work, &wanted.place, shown).await? => read(work, wanted).await,
            _ => Ok(found),
        }
    };
    let make = || async {
        if wanted.insert == network::INSERT {
            asked::note(work).await?;
        }
        insert(work, wanted).await?;
        let lost = || CallError::state(wanted.insert, "it is not there after it was made");
        read(work, wanted).await?.ok_or_else(lost)
    };
    let is_taken = |error: &CallError| error.cause == Cause::AlreadyExists;
    let windows = LookupWindows::DEFAULT;
    let resource = create_or_adopt(work.session(), windows, find, make, is_taken).await?;
    let collection = wanted.insert.split('.').next().unwrap_or_default();
    work.session()
        .record(format!("{collection}/{}", wanted.name), &resource.name);
    Ok(resource)
}

/// Whether a resource says that it is the run's.
pub(super) fn is_marked(work: &Work, resource: &ComputeResource) -> bool {
    let described = marks::described(&resource.description);
    marks::are_of(work.run(), &resource.labels) || marks::are_of(work.run(), &described)
}

async fn read(work: &Work, wanted: &Wanted<'_>) -> Result<Option<ComputeResource>, CallError> {
    let parameters = wanted.place.parameters(work.project(), wanted.name);
    let call = RestCall::new(wanted.get, &parameters);
    match work.api.compute.call(READ, call).await {
        Err(error) if error.is_not_found() => Ok(None),
        result => result.map(Some),
    }
}

/// Makes it. The request id lets the cloud see that a repeated request is the same one.
async fn insert(work: &Work, wanted: &Wanted<'_>) -> Result<(), CallError> {
    let mut parameters = wanted.place.parameters(work.project(), "");
    parameters.pop();
    let id = request_id(work, wanted.insert, wanted.name);
    let query = [("requestId", id.as_str())];
    let call = RestCall::new(wanted.insert, &parameters)
        .with_query(&query)
        .with_body(&wanted.body);
    let operation: ComputeOperation = work.api.compute.call(CREATE, call).await?;
    ended(work, &wanted.place, operation, wanted.insert).await
}

/// Waits until no operation is under way on what an earlier process has asked for: it shows before it can be used.
/// Returns whether it had to wait.
async fn settled(work: &Work, place: &Place, found: &ComputeResource) -> Result<bool, CallError> {
    let made: Option<Timestamp> = found.creation_timestamp.parse().ok();
    let age = made.map(|made| work.api.connection().clock.now().duration_since(made));
    if age.is_some_and(|age| age > YOUNG) {
        return Ok(false);
    }
    let mut parameters = place.parameters(work.project(), "");
    parameters.pop();
    let filter = format!("targetLink = \"{}\"", found.self_link);
    let query = [PAGE, ("filter", filter.as_str())];
    let call = place.list_operations();
    let request = RestCall::new(call, &parameters).with_query(&query);
    let take = |page: Page<ComputeOperation>| {
        complete(call, page.warning.as_ref())?;
        Ok((page.items, page.next_page_token))
    };
    let operations = work.api.compute.all_pages(request, "pageToken", take);
    let mut operations = operations.await?;
    operations.retain(|operation| operation.status != "DONE");
    for operation in &operations {
        last_state(work, place, operation, "wait for an earlier operation").await?;
    }
    Ok(!operations.is_empty())
}

/// A request id. Each attempt has one of its own: the cloud would answer a new attempt under an old id with the old
/// operation, even if that has failed.
fn request_id(work: &Work, call: &str, name: &str) -> String {
    let at = work.session().elapsed().as_millis().to_string();
    uuid(&work.session().idempotency_token(&[call, name, &at]))
}

/// A token as a UUID of version 4.
fn uuid(token: &str) -> String {
    let hex: String = token.chars().filter(char::is_ascii_hexdigit).collect();
    let hex = format!("{hex:0>32}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    let [low, mid, version, variant, node] =
        [(0, 8), (8, 12), (13, 16), (17, 20), (20, 32)].map(|(from, to)| part(from, to));
    format!("{low}-{mid}-4{version}-8{variant}-{node}")
}

/// Waits for the end of an operation, and fails as it has.
async fn ended(
    work: &Work,
    place: &Place,
    begun: ComputeOperation,
    what: &str,
) -> Result<(), CallError> {
    let seen = last_state(work, place, &begun, what).await?;
    seen.map_or(Ok(()), |seen| outcome(&seen, what))
}

/// Waits for the end of an operation: its last state, unless its record is gone.
async fn last_state(
    work: &Work,
    place: &Place,
    begun: &ComputeOperation,
    what: &str,
) -> Result<Option<ComputeOperation>, CallError> {
    let parameters = place.parameters(work.project(), &begun.name);
    let check = || async {
        if begun.status == "DONE" {
            return Ok(Poll::Ready(Some(begun.clone())));
        }
        let call = RestCall::new(place.read_operation(), &parameters);
        let read = work.api.compute.call::<ComputeOperation>(READ, call).await;
        Ok(match read {
            // Its record is gone: the resource itself tells.
            Err(error) if error.is_not_found() => Poll::Ready(None),
            Err(error) => return Err(error),
            Ok(seen) if seen.status == "DONE" => Poll::Ready(Some(seen)),
            Ok(seen) => Poll::Pending(seen.status),
        })
    };
    poll_until(work.session(), SCHEDULE, LIMIT, what, check).await
}

/// What became of an operation that is over.
fn outcome(operation: &ComputeOperation, what: &str) -> Result<(), CallError> {
    let Some(errors) = &operation.error else {
        return Ok(());
    };
    let status = operation.http_error_status_code;
    Err(match errors.errors.first() {
        Some(first) => errors::of_operation(what, status, &first.code, &first.message),
        None => {
            let message = operation
                .http_error_message
                .as_deref()
                .unwrap_or("it failed");
            errors::of_operation(what, status, "", message)
        }
    })
}

/// Deletes a resource and waits until it is gone, again as the policy says while it is in use, which its operation may
/// say too. One that is gone is no error.
pub(super) async fn delete(
    work: &Work,
    call: &'static str,
    place: &Place,
    name: &str,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    ignore_not_found(change(work, call, place, name, None, policy).await)
}

/// Makes a call on a resource that exists, and waits until it is carried out, again as the policy says.
pub(super) async fn change(
    work: &Work,
    call: &'static str,
    place: &Place,
    name: &str,
    body: Option<&Value>,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let parameters = place.parameters(work.project(), name);
    let attempt = || async {
        let id = request_id(work, call, name);
        let query = [("requestId", id.as_str())];
        let mut request = RestCall::new(call, &parameters).with_query(&query);
        if let Some(body) = body {
            request = request.with_body(body);
        }
        let once = RetryPolicy::ONCE;
        let operation: ComputeOperation = work.api.compute.call(once, request).await?;
        ended(work, place, operation, call).await
    };
    work.session().call(policy, attempt).await
}

/// A part of a list that could not be read makes the whole list unknown: what it does not show may exist.
fn complete(call: &str, warning: Option<&Warning>) -> Result<(), CallError> {
    match warning.filter(|warning| !warning.is_harmless()) {
        None => Ok(()),
        Some(warning) => {
            let message = format!(
                "the list is not complete: {} {}",
                warning.code, warning.message
            );
            Err(CallError::state(call, message.trim_end()))
        }
    }
}

/// Everything in a list of one place.
pub(super) async fn list(
    work: &Work,
    call: &'static str,
    place: &Place,
) -> Result<Vec<ComputeResource>, CallError> {
    let mut parameters = place.parameters(work.project(), "");
    parameters.pop();
    let query = [PAGE];
    let request = RestCall::new(call, &parameters).with_query(&query);
    let take = |page: Page<ComputeResource>| {
        complete(call, page.warning.as_ref())?;
        Ok((page.items, page.next_page_token))
    };
    let read = work.api.compute.all_pages(request, "pageToken", take);
    apis::nothing_if_disabled(work, API, read.await).await
}

/// Everything in an aggregated list, whose items stand below this member.
pub(super) async fn list_all(
    work: &Work,
    call: &'static str,
    member: &str,
) -> Result<Vec<ComputeResource>, CallError> {
    let parameters = [work.project()];
    let query = [PAGE];
    let request = RestCall::new(call, &parameters).with_query(&query);
    let take = |page: AggregatedPage| take_scopes(call, member, page);
    let read = work.api.compute.all_pages(request, "pageToken", take);
    apis::nothing_if_disabled(work, API, read.await).await
}

fn take_scopes(
    call: &str,
    member: &str,
    page: AggregatedPage,
) -> Result<(Vec<ComputeResource>, Option<String>), CallError> {
    complete(call, page.warning.as_ref())?;
    if !page.unreachables.is_empty() {
        let message = format!("not reached: {}", page.unreachables.join(", "));
        return Err(CallError::state(call, message));
    }
    let mut all = Vec::new();
    for (scope, mut content) in page.items {
        let unread = |error: serde_json::Error| CallError::state(call, format!("{scope}: {error}"));
        if let Some(warning) = content.get("warning") {
            let warning: Warning = serde_json::from_value(warning.clone()).map_err(unread)?;
            complete(call, Some(&warning))?;
        }
        if let Some(items) = content.get_mut(member).map(Value::take) {
            all.extend(serde_json::from_value::<Vec<_>>(items).map_err(unread)?);
        }
    }
    Ok((all, page.next_page_token))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_id_is_a_uuid() {
        let id = uuid("kp-00112233445566778899aabbccddeeff");
        assert_eq!(id, "00112233-4455-4677-8899-aabbccddeeff");
    }

    #[test]
    fn a_warning_is_an_unread_part_and_not_an_empty_one() {
        let check = |page: Value, expected: Result<usize, &str>| {
            let page: AggregatedPage = serde_json::from_value(page).unwrap();
            let taken = take_scopes("disks.aggregatedList", "disks", page);
            match (taken, expected) {
                (Ok((items, _)), Ok(count)) => assert_eq!(items.len(), count),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (taken, _) => panic!("{taken:?}"),
            }
        };
        let empty = json!({"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "none"}});
        let disks = json!({"disks": [{"name": "a"}, {"name": "b"}]});
        check(
            json!({"items": {"zones/a": disks, "zones/b": empty}}),
            Ok(2),
        );
        let unread = json!({"warning": {"code": "UNREACHABLE", "message": "zone b"}});
        check(
            json!({"items": {"zones/a": disks, "zones/b": unread}}),
            Err("UNREACHABLE zone b"),
        );
        check(
            json!({"items": {}, "unreachables": ["zones/c"]}),
            Err("not reached: zones/c"),
        );
        check(
            json!({"items": {}, "warning": {"code": "PARTIAL_SUCCESS"}}),
            Err("PARTIAL_SUCCESS"),
        );
    }

    #[test]
    fn an_operation_that_is_done_may_have_failed() {
        let check = |operation: Value, expected: Option<Cause>| {
            let operation: ComputeOperation = serde_json::from_value(operation).unwrap();
            let cause = outcome(&operation, "networks.insert")
                .err()
                .map(|error| error.cause);
            assert_eq!(cause, expected);
        };
        check(json!({"status": "DONE"}), None);
        let quota = json!({"errors": [{"code": "QUOTA_EXCEEDED", "message": "Quota."}]});
        let failed = json!({"status": "DONE", "httpErrorStatusCode": 403, "error": quota});
        check(failed, Some(Cause::QuotaExceeded));
        check(json!({"status": "DONE", "error": {}}), Some(Cause::Server));
    }
}

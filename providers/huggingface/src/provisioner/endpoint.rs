//! The endpoint: found, or made where there is capacity, and used only once its model has answered.

use std::time::Duration;

use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt, first_with_capacity};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde::de::IgnoredAny;

use super::{Work, requests, update};
use crate::api::inference;
use crate::api::types::{Endpoint, EndpointPage, Hardware, state};
use crate::marks;
use crate::spec::{EndpointSpec, Place};

/// How long an endpoint may wait for hardware before another place is tried. Measured by others: 3.5 minutes for an A10G
/// (`../shared/reference`, api/judges.md section 5).
const CAPACITY_WITHIN: Duration = Duration::from_mins(20);
/// How long it may take in all until it runs: large models load for a quarter of an hour.
const RUNNING_WITHIN: Duration = Duration::from_mins(50);
/// How long its model may take to answer once it runs, or to wake.
const ANSWERS_WITHIN: Duration = Duration::from_mins(15);
/// How long it may take until it is gone.
const GONE_WITHIN: Duration = Duration::from_mins(15);
/// How often an endpoint is deleted. A second time is needed if its creation is carried out after the first.
const DELETIONS: usize = 3;
/// How often to look: the official client looks every 5 s.
const EVERY: PollSchedule = PollSchedule::every(5);
/// What every model is asked before it is handed over.
const QUESTION: &str = "Does the endpoint answer?";

const GET: &str = "endpoints:GetEndpoint";
const NO_HARDWARE: &str = "not_available";

/// The endpoint as it is asked for, with a model that has answered.
pub(super) async fn ensure(work: &Work, spec: &EndpointSpec) -> Result<Endpoint, CallError> {
    let places = offered(work, spec).await?;
    let endpoint = match reusable(work, spec).await? {
        Some(found) => update::converge(work, spec, found).await?,
        None => make_somewhere(work, spec, &places).await?,
    };
    let running = running(work, &endpoint.name).await?;
    let wrong = requests::scaling_differs(spec, &running);
    if !wrong.is_empty() {
        return Err(CallError::state("read the scaling back", wrong.join("; ")));
    }
    inference::answered(&work.api, spec, &running, QUESTION, ANSWERS_WITHIN).await?;
    work.session().record("endpoint", &running.name);
    Ok(running)
}

/// The places of the scenario that have hardware, as the service lists it.
async fn offered(work: &Work, spec: &EndpointSpec) -> Result<Vec<Place>, CallError> {
    const LIST: &str = "endpoints:ListHardware";
    let listed: Hardware = work
        .api
        .endpoints
        .get("ListHardware", &[work.namespace()])
        .await?;
    let mut places = spec.places();
    let mut lacking = Vec::new();
    places.retain(|place| {
        let offers = listed.of(place.vendor.as_str(), &place.region.0);
        let mut offers = offers.iter();
        let offer = offers.find(|offer| offer.hardware() == place.hardware());
        let problem = match offer {
            None => "is not offered",
            Some(offer) if offer.status == NO_HARDWARE => "is not available",
            Some(offer) => {
                let (text, usd) = (place.text(), offer.price_per_hour);
                work.report(&format!("{text} costs ${usd} an hour and replica"));
                return true;
            }
        };
        lacking.push(format!("{} {problem}", place.text()));
        false
    });
    if places.is_empty() {
        return Err(CallError {
            cause: Cause::NoCapacity,
            ..CallError::state(LIST, lacking.join("; "))
        });
    }
    Ok(places)
}

/// The endpoint of the run's name, no matter who made it.
pub(super) async fn find(work: &Work, name: &str) -> Result<Option<Endpoint>, CallError> {
    let parameters = [work.namespace(), name];
    match work.api.endpoints.get("GetEndpoint", &parameters).await {
        Err(error) if error.is_not_found() => Ok(None),
        read => read.map(Some),
    }
}

/// Whether an endpoint is the run's: by its mark, or by its name where it has no mark of any run.
fn is_own(work: &Work, endpoint: &Endpoint) -> bool {
    let found = endpoint.marks();
    marks::are_of(work.run(), &found)
        || !found.contains_key(marks::RUN) && endpoint.name == work.name()
}

/// The run's endpoint.
async fn own(work: &Work) -> Result<Option<Endpoint>, CallError> {
    let found = find(work, &work.name()).await?;
    Ok(found.filter(|endpoint| is_own(work, endpoint)))
}

/// The run's endpoint, if it can still become what is asked for. One that cannot is removed: what has failed never runs
/// again, and no endpoint moves to another place.
async fn reusable(work: &Work, spec: &EndpointSpec) -> Result<Option<Endpoint>, CallError> {
    let Some(found) = own(work).await? else {
        return Ok(None);
    };
    let is_placed = spec
        .places()
        .iter()
        .any(|place| requests::is_in(&found, place));
    if is_placed && found.status.state != state::FAILED {
        return Ok(Some(found));
    }
    delete(work, &found.name, RetryPolicy::IDEMPOTENT).await?;
    Ok(None)
}

async fn make_somewhere(
    work: &Work,
    spec: &EndpointSpec,
    places: &[Place],
) -> Result<Endpoint, CallError> {
    let places: Vec<&Place> = places.iter().collect();
    let name = work.name();
    let name = &name;
    let leave = |place: &Place, refusal: CallError| {
        let text = place.text();
        async move {
            work.report(&format!("no capacity for {text}: {}", refusal.message));
            delete(work, name, RetryPolicy::IDEMPOTENT).await
        }
    };
    let make = |place| make(work, spec, place);
    let made = first_with_capacity(&places, make, leave).await;
    made.map_err(|refusal| {
        refusal.unwrap_or_else(|| CallError::state("make an endpoint", "no place to try"))
    })
}

/// Makes the endpoint in one place. Its name is unique, so a repeated creation makes no second one.
async fn make(work: &Work, spec: &EndpointSpec, place: &Place) -> Result<Endpoint, CallError> {
    let body = requests::create(work.run(), spec, place);
    let (body, parameters) = (&body, [work.namespace()]);
    let parameters = &parameters;
    let once = || async move {
        let call = RestCall::new("CreateEndpoint", parameters).with_body(body);
        work.note_asked().await?;
        let made = work.api.endpoints.once(call).await;
        work.note_late(&made);
        made
    };
    let create = || async move { work.session().call(RetryPolicy::IDEMPOTENT, once).await };
    let is_taken = |error: &CallError| error.cause == Cause::AlreadyExists;
    let windows = LookupWindows::DEFAULT;
    let made = create_or_adopt(work.session(), windows, || own(work), create, is_taken).await?;
    running(work, &made.name).await
}

/// Waits until the endpoint runs, or has scaled to zero. A paused one is resumed.
pub(super) async fn running(work: &Work, name: &str) -> Result<Endpoint, CallError> {
    let began = work.session().elapsed();
    let check = || async {
        let Some(found) = find(work, name).await? else {
            return Ok(Poll::Failed("gone".to_owned()));
        };
        let text = found.state();
        let waited = work.session().elapsed().saturating_sub(began);
        Ok(match found.status.state.as_str() {
            state::RUNNING | state::SCALED_TO_ZERO => Poll::Ready(found),
            state::FAILED | state::UPDATE_FAILED => Poll::Failed(text),
            state::PENDING if waited > CAPACITY_WITHIN => {
                let message = format!("still `{text}` after {} s: no hardware", waited.as_secs());
                return Err(CallError {
                    cause: Cause::NoCapacity,
                    ..CallError::state(GET, message)
                });
            }
            state::PAUSED => {
                resume(work, name).await?;
                Poll::Pending(text)
            }
            _ => Poll::Pending(text),
        })
    };
    let what = format!("wait for endpoint {name}");
    poll_until(work.session(), EVERY, RUNNING_WITHIN, &what, check).await
}

/// Resumes a paused endpoint. One that another caller has resumed meanwhile answers that it runs.
async fn resume(work: &Work, name: &str) -> Result<(), CallError> {
    let parameters = [work.namespace(), name];
    let call = RestCall::new("ResumeEndpoint", &parameters);
    let resumed = work.api.endpoints.call(RetryPolicy::IDEMPOTENT, call).await;
    match resumed {
        Err(error) if error.message.contains("already running") => Ok(()),
        other => other.map(|_: IgnoredAny| ()),
    }
}

/// Deletes an endpoint and waits until it is gone, because only then its name is free. A deletion names nothing but the
/// name: one without an answer may remove the next endpoint of that name, so it is waited until it no longer can.
pub(super) async fn delete(work: &Work, name: &str, policy: RetryPolicy) -> Result<(), CallError> {
    let parameters = &[work.namespace(), name];
    let once = || async move {
        let call = RestCall::new("DeleteEndpoint", parameters);
        let deleted: Result<IgnoredAny, CallError> = work.api.endpoints.once(call).await;
        work.note_late(&deleted);
        deleted
    };
    for _ in 0..DELETIONS {
        ignore_not_found(work.session().call(policy, once).await)?;
        gone(work, name).await?;
        let late = work.session().until_all_shows();
        if late.is_zero() {
            return Ok(());
        }
        work.session().sleep(late).await?;
        if find(work, name).await?.is_none() {
            return Ok(());
        }
    }
    let message = format!("endpoint {name} is there again after {DELETIONS} deletions");
    Err(CallError::state("endpoints:DeleteEndpoint", message))
}

async fn gone(work: &Work, name: &str) -> Result<(), CallError> {
    let check = || async {
        Ok(match find(work, name).await? {
            None => Poll::Ready(()),
            Some(found) => Poll::Pending(found.state()),
        })
    };
    let what = format!("wait for the end of endpoint {name}");
    poll_until(work.session(), EVERY, GONE_WITHIN, &what, check).await
}

/// The names of the run's endpoints, whatever their state: one that has scaled to zero, is paused or has failed is there.
pub(super) async fn of_run(work: &Work) -> Result<Vec<String>, CallError> {
    if work.spec.endpoint.is_none() {
        // A token for jobs need not reach endpoints.
        return Ok(Vec::new());
    }
    let parameters = [work.namespace()];
    let call = RestCall::new("ListEndpoints", &parameters);
    let take = |page: EndpointPage| Ok((page.items, page.next_cursor));
    let mut all = work.api.endpoints.all_pages(call, "cursor", take).await?;
    all.retain(|endpoint| is_own(work, endpoint));
    Ok(all.into_iter().map(|endpoint| endpoint.name).collect())
}

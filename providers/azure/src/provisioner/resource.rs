//! Resources by name: made by a PUT, which may be repeated; waited for; and removed until they are gone.

use std::time::Duration;

use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde_json::Value;

use super::Work;
use crate::api::errors;
use crate::api::operation::{Change, Progress};
use crate::api::types::Resource;

/// How long another change of the same resource may take until ours can begin.
pub(super) const BUSY: Duration = Duration::from_mins(30);
/// How long something that was made may not show yet.
const SHOWN_WITHIN: Duration = Duration::from_mins(1);
/// Most waits for one resource: terraform's azurerm gives clusters 90 minutes.
const LIMIT: Duration = Duration::from_mins(90);
/// Deletions, and what is made within seconds.
const OFTEN: PollSchedule = PollSchedule::every(5);

/// A resource that is wanted.
pub(super) struct Wanted {
    get: &'static str,
    put: &'static str,
    /// The names in its path.
    parameters: Vec<String>,
    body: Value,
    schedule: PollSchedule,
    policy: RetryPolicy,
}

impl Wanted {
    /// A resource of the run's group, by its part of the run's name.
    pub(super) fn new(
        work: &Work,
        get: &'static str,
        put: &'static str,
        part: &str,
        body: Value,
    ) -> Self {
        let parameters = vec![
            work.subscription().to_owned(),
            work.group(),
            work.run().name(part),
        ];
        Self {
            get,
            put,
            parameters,
            body,
            schedule: OFTEN,
            policy: RetryPolicy::IDEMPOTENT,
        }
    }

    /// The same for a part of another resource.
    pub(super) fn part(mut self, name: &str) -> Self {
        self.parameters.push(name.to_owned());
        self
    }

    /// The same with another body.
    pub(super) fn with(self, body: Value) -> Self {
        Self { body, ..self }
    }

    /// Whether it has tags of its own.
    fn is_tagged(&self) -> bool {
        self.parameters.len() == 3
    }

    /// The same, looked for on this schedule.
    pub(super) fn on(self, schedule: PollSchedule) -> Self {
        Self { schedule, ..self }
    }

    /// The same, made by this policy.
    pub(super) fn by(self, policy: RetryPolicy) -> Self {
        Self { policy, ..self }
    }

    fn parameters(&self) -> Vec<&str> {
        self.parameters.iter().map(String::as_str).collect()
    }

    /// What it is called in messages.
    fn what(&self) -> String {
        let kind = self.get.split('.').next().unwrap_or_default();
        format!(
            "{kind}/{}",
            self.parameters.last().map_or("", String::as_str)
        )
    }
}

/// The resource, made and settled.
pub(super) async fn ensure(work: &Work, wanted: &Wanted) -> Result<Resource, CallError> {
    let is_wanted = is_missing(work, wanted).await?;
    make(work, wanted, is_wanted).await
}

/// Whether a resource has to be asked for. One of its name that is somebody else's is an error.
pub(super) async fn is_missing(work: &Work, wanted: &Wanted) -> Result<bool, CallError> {
    let known = work
        .api
        .find::<Resource>(wanted.get, &wanted.parameters())
        .await?;
    let Some(known) = known else { return Ok(true) };
    if wanted.is_tagged() && !work.run().owns(&known.tags()) {
        let what = wanted.what();
        let message = format!(
            "{what} exists and does not carry this run's tag, so it is someone else's: remove or rename it, or start a \
             run with another id"
        );
        return Err(CallError::state(format!("make {what}"), message));
    }
    match known.state() {
        // What has failed is mended by the same PUT.
        "Failed" | "Canceled" => Ok(true),
        "Deleting" => {
            gone(work, wanted.get, &wanted.parameters()).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The resource, asked for if it is missing, and settled.
pub(super) async fn make(
    work: &Work,
    wanted: &Wanted,
    is_missing: bool,
) -> Result<Resource, CallError> {
    if is_missing {
        let change = put(work, wanted).await?;
        ended(work, change, wanted.schedule, &wanted.what()).await?;
    }
    let made = settled(work, wanted).await?;
    work.session().record(wanted.what(), &made.key());
    Ok(made)
}

/// Asks for the resource. That another change of it runs means that it was asked for already: an answer was lost.
async fn put(work: &Work, wanted: &Wanted) -> Result<Change, CallError> {
    let parameters = wanted.parameters();
    let ask = |policy| {
        work.api
            .change(policy, wanted.put, &parameters, Some(&wanted.body))
    };
    match ask(wanted.policy).await {
        Err(error) if error.cause == Cause::InUse && !error.is("ResourceGroupBeingDeleted") => {
            let exists = work.api.find::<Resource>(wanted.get, &parameters).await?;
            if exists.is_some_and(|one| !one.state().is_empty() && one.state() != "Succeeded") {
                return Ok(Change::Accepted);
            }
            // Something beside it is being changed.
            ask(RetryPolicy::while_in_use(BUSY)).await
        }
        result => result,
    }
}

/// Waits until the operation of a change has ended. Where there is none, or where it is not known any more, the resource
/// tells. Returns whether the operation has said that it ended well.
async fn ended(
    work: &Work,
    change: Change,
    schedule: PollSchedule,
    what: &str,
) -> Result<bool, CallError> {
    let operation = match change {
        Change::Begun(operation) => operation,
        Change::Done => return Ok(true),
        Change::Accepted => return Ok(false),
    };
    let check = || async {
        Ok(match work.api.progress(&operation).await? {
            Progress::Running => Poll::Pending("running".to_owned()),
            Progress::Succeeded => Poll::Ready(true),
            Progress::Unknown => Poll::Ready(false),
        })
    };
    let waited = "wait for the operation";
    let ended = poll_until(work.session(), schedule, LIMIT, waited, check).await;
    // An error names what it happened to.
    ended.map_err(|error| CallError {
        call: format!("{} of {what}", error.call),
        ..error
    })
}

/// Waits until the resource is as it was asked for. Where it will not be, the error is the one that it shows.
async fn settled(work: &Work, wanted: &Wanted) -> Result<Resource, CallError> {
    let what = format!("wait for {}", wanted.what());
    let began = work.session().elapsed();
    let check = || async {
        let Some(seen) = work
            .api
            .find::<Resource>(wanted.get, &wanted.parameters())
            .await?
        else {
            let waited = work.session().elapsed().saturating_sub(began);
            return Ok(if waited < SHOWN_WITHIN {
                Poll::Pending("not shown yet".to_owned())
            } else {
                Poll::Failed("it is gone".to_owned())
            });
        };
        Ok(match seen.state() {
            // Types without a course of their own show no state.
            "Succeeded" | "" | "Failed" | "Canceled" => Poll::Ready(seen),
            state => Poll::Pending(state.to_owned()),
        })
    };
    let seen = poll_until(work.session(), wanted.schedule, LIMIT, &what, check).await?;
    if matches!(seen.state(), "Succeeded" | "") {
        return Ok(seen);
    }
    let state = seen.state().to_owned();
    let reason = seen
        .properties
        .status
        .and_then(|status| status.provisioning_error)
        .unwrap_or_default();
    let message = format!("{state}: {}", reason.message);
    Err(errors::of_resource(
        &what,
        &reason.code,
        message.trim_end_matches([':', ' ']),
    ))
}

/// Deletes a resource, and waits until it is gone.
pub(super) async fn remove(
    work: &Work,
    (get, delete): (&'static str, &'static str),
    parameters: &[&str],
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let change = match work.api.change(policy, delete, parameters, None).await {
        Err(error) if error.is_not_found() => return Ok(()),
        result => result?,
    };
    let what = parameters.last().copied().unwrap_or_default();
    if ended(work, change, OFTEN, what).await? {
        return Ok(());
    }
    gone(work, get, parameters).await
}

/// The run's resource of this name, if it exists: its id.
pub(super) async fn find_tagged(
    work: &Work,
    get: &'static str,
    name: &str,
) -> Result<Option<Resource>, CallError> {
    let group = work.group();
    let parameters = [work.subscription(), group.as_str(), name];
    let found = work.api.find::<Resource>(get, &parameters).await?;
    Ok(found.filter(|found| work.run().owns(&found.tags())))
}

/// Waits until a resource is gone. One that is no longer being deleted will not go.
pub(super) async fn gone(
    work: &Work,
    get: &'static str,
    parameters: &[&str],
) -> Result<(), CallError> {
    let what = format!("wait for the end of {}", parameters.last().unwrap_or(&""));
    let began = work.session().elapsed();
    let check = || async {
        let seen = work.api.find::<Resource>(get, parameters).await?;
        let waited = work.session().elapsed().saturating_sub(began);
        Ok(match seen {
            None => Poll::Ready(()),
            Some(seen) if seen.state() == "Deleting" || waited < SHOWN_WITHIN => {
                Poll::Pending(seen.state().to_owned())
            }
            Some(seen) => Poll::Failed(format!(
                "its deletion has ended, and it is still there ({})",
                seen.state()
            )),
        })
    };
    poll_until(work.session(), OFTEN, LIMIT, &what, check).await
}

//! Resources by name: made by a PUT, which may be repeated; waited for; and removed until they are gone.

use std::time::Duration;

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::Work;
use crate::api::errors;
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
            work.name(),
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
    let known = work
        .api
        .find::<Resource>(wanted.get, &wanted.parameters())
        .await?;
    let is_wanted = match known.as_ref().map(Resource::state) {
        None => true,
        // What has failed is mended by the same PUT.
        Some("Failed" | "Canceled") => true,
        Some("Deleting") => {
            gone(work, wanted.get, &wanted.parameters()).await?;
            true
        }
        Some(_) => false,
    };
    if is_wanted {
        put(work, wanted).await?;
    }
    let made = settled(work, wanted).await?;
    work.session().record(wanted.what(), &made.id);
    Ok(made)
}

/// Asks for the resource. That another change of it runs means that it was asked for already: an answer was lost.
async fn put(work: &Work, wanted: &Wanted) -> Result<(), CallError> {
    let asked = work
        .api
        .call::<IgnoredAny>(
            wanted.policy,
            wanted.put,
            &wanted.parameters(),
            Some(&wanted.body),
        )
        .await;
    match asked {
        Err(error) if error.cause == Cause::InUse && !error.is("ResourceGroupBeingDeleted") => {
            let exists = work
                .api
                .find::<Resource>(wanted.get, &wanted.parameters())
                .await?;
            if exists.is_some_and(|one| !one.state().is_empty() && one.state() != "Succeeded") {
                return Ok(());
            }
            // Something beside it is being changed.
            let policy = RetryPolicy::while_in_use(BUSY);
            let parameters = wanted.parameters();
            let again =
                work.api
                    .call::<IgnoredAny>(policy, wanted.put, &parameters, Some(&wanted.body));
            again.await.map(|_| ())
        }
        result => result.map(|_| ()),
    }
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
    ignore_not_found(
        work.api
            .call::<IgnoredAny>(policy, delete, parameters, None)
            .await,
    )?;
    gone(work, get, parameters).await
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

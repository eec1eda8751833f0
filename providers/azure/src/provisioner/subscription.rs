//! The subscription, the namespaces that must be registered in it, and the run's resource group.

use std::time::Duration;

use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde::de::IgnoredAny;
use serde_json::json;

use super::{Work, resource};
use crate::api::types::{Provider, Resource, Subscription};

/// The namespaces of what is made, and of what the cluster makes.
const NAMESPACES: [&str; 4] = [
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
];
/// How long a registration may take.
const LIMIT: Duration = Duration::from_mins(15);
const SCHEDULE: PollSchedule = PollSchedule::every(5);

/// Refuses a subscription in which nothing can be made.
pub(super) async fn check(work: &Work) -> Result<(), CallError> {
    let id = work.subscription();
    let seen: Subscription = work
        .api
        .call(RetryPolicy::IDEMPOTENT, "subscriptions.get", &[id], None)
        .await?;
    if seen.state == "Enabled" {
        return Ok(());
    }
    let message = format!(
        "subscription {id} is {}, so nothing can be made in it",
        seen.state
    );
    Err(CallError::state("check the subscription", message))
}

/// Registers what is not registered yet, and waits for it. It stays registered: others may use it by the time of the
/// teardown, and it costs nothing.
pub(super) async fn register(work: &Work) -> Result<(), CallError> {
    let mut missing = Vec::new();
    for namespace in NAMESPACES {
        if state(work, namespace).await? != "Registered" {
            missing.push(namespace);
        }
    }
    for namespace in &missing {
        work.api
            .connection()
            .progress
            .report(&format!("registering {namespace}"));
        let parameters = [work.subscription(), namespace];
        let call = work.api.call::<IgnoredAny>(
            RetryPolicy::IDEMPOTENT,
            "providers.register",
            &parameters,
            None,
        );
        call.await?;
    }
    for namespace in missing {
        let check = || async {
            Ok(match state(work, namespace).await?.as_str() {
                "Registered" => Poll::Ready(()),
                other => Poll::Pending(other.to_owned()),
            })
        };
        let what = format!("wait for the registration of {namespace}");
        poll_until(work.session(), SCHEDULE, LIMIT, &what, check).await?;
    }
    Ok(())
}

async fn state(work: &Work, namespace: &str) -> Result<String, CallError> {
    let parameters = [work.subscription(), namespace];
    let seen: Provider = work
        .api
        .call(RetryPolicy::IDEMPOTENT, "providers.get", &parameters, None)
        .await?;
    Ok(seen.registration_state)
}

/// The group that the run made, if it exists.
pub(super) async fn find_group(work: &Work) -> Result<Option<Resource>, CallError> {
    if work.spec.resource_group.is_some() {
        return Ok(None);
    }
    let found = read_group(work).await?;
    Ok(found.filter(|group| work.run().owns(&group.tags())))
}

async fn read_group(work: &Work) -> Result<Option<Resource>, CallError> {
    let group = work.group();
    let parameters = [work.subscription(), group.as_str()];
    work.api.find("resourceGroups.get", &parameters).await
}

/// The group of all that the run makes: made, or seen to be there.
pub(super) async fn group(work: &Work) -> Result<(), CallError> {
    let known = read_group(work).await?;
    match known {
        Some(group) if work.spec.resource_group.is_some() => existing(&group),
        None if work.spec.resource_group.is_some() => {
            let message = format!(
                "resource group `{}` does not exist: make it, or leave `resource_group` out of the scenario",
                work.group()
            );
            Err(CallError::state("look for the resource group", message))
        }
        Some(group) => adopt(work, group).await,
        None => {
            // The group comes first, so no process of this run has made anything.
            work.session().is_first();
            make(work).await
        }
    }
}

fn existing(group: &Resource) -> Result<(), CallError> {
    if group.state() != "Deleting" {
        return Ok(());
    }
    let message = format!("resource group `{}` is being deleted", group.name);
    Err(CallError::state("look for the resource group", message))
}

async fn adopt(work: &Work, group: Resource) -> Result<(), CallError> {
    let name = work.group();
    if !work.run().owns(&group.tags()) {
        let message = format!(
            "resource group `{name}` exists and does not carry this run's tag, so it is someone else's: remove or \
             rename it, or start a run with another id"
        );
        return Err(CallError::state("make the resource group", message));
    }
    if group.state() == "Deleting" {
        let parameters = [work.subscription(), name.as_str()];
        resource::gone(work, "resourceGroups.get", &parameters).await?;
        return make(work).await;
    }
    work.session().record("resourceGroup", &group.key());
    Ok(())
}

async fn make(work: &Work) -> Result<(), CallError> {
    let name = work.group();
    let parameters = [work.subscription(), name.as_str()];
    let body = json!({"location": work.spec.location.0, "tags": work.run().tags()});
    let policy = RetryPolicy::while_in_use(resource::BUSY);
    let operation = "resourceGroups.createOrUpdate";
    let made: Resource = work
        .api
        .call(policy, operation, &parameters, Some(&body))
        .await?;
    work.session().record("resourceGroup", &made.key());
    Ok(())
}

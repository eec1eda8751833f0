//! Our own namespace: created or adopted, and removed with everything in it.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use tokio::time::Instant;

use crate::attempt::attempt;
use crate::error::{Cause, KubernetesError};

/// How long the removal of a namespace may take.
pub(crate) const GONE_LIMIT: Duration = Duration::from_mins(5);
const PAUSE: Duration = Duration::from_secs(2);

/// Does work in our own namespace, and removes it again whatever the result.
///
/// # Errors
/// If the namespace belongs to somebody else (it is kept), if the work fails, or if the namespace cannot be
/// removed.
pub(crate) async fn within<T>(
    client: &kube::Client,
    name: &str,
    labels: &BTreeMap<String, String>,
    work: impl Future<Output = Result<T, KubernetesError>>,
) -> Result<T, KubernetesError> {
    // If the namespace belongs to somebody else, this fails, and the namespace is kept.
    ensure(client, name, labels).await?;
    let done = work.await;
    let removed = delete(client, name).await;
    match (done, removed) {
        (Ok(proof), Ok(())) => Ok(proof),
        (Ok(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        (Err(mut error), Err(second)) => {
            error.message += &format!("; besides, namespace {name} remains: {second}");
            Err(error)
        }
    }
}

/// Creates a namespace, or adopts one that carries the same labels.
pub(crate) async fn ensure(
    client: &kube::Client,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Result<(), KubernetesError> {
    let what = format!("create namespace {name}");
    let api: Api<Namespace> = Api::all(client.clone());
    let wanted = Namespace {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels.clone()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    let params = PostParams::default();
    // Twice: the existing one may be in deletion.
    for _ in 0..2 {
        match attempt(&what, || api.create(&params, &wanted)).await {
            Ok(_) => return Ok(()),
            Err(error) if error.cause == Cause::Status(409) => {}
            Err(error) => return Err(error),
        }
        let Some(there) = attempt(&what, || api.get_opt(name)).await? else {
            continue;
        };
        adopt(&what, &there.metadata, labels)?;
        if there.metadata.deletion_timestamp.is_none() {
            return Ok(());
        }
        wait_gone(client, name).await?;
    }
    let message = "it disappeared and reappeared while it was being created";
    Err(KubernetesError::new(
        &what,
        Cause::Refuted,
        message,
        "check who else uses this name",
    ))
}

/// Checks that an existing object is ours.
///
/// # Errors
/// If it does not carry our labels.
pub(crate) fn adopt(
    what: &str,
    there: &ObjectMeta,
    labels: &BTreeMap<String, String>,
) -> Result<(), KubernetesError> {
    let given = there.labels.clone().unwrap_or_default();
    match labels
        .iter()
        .find(|(key, value)| given.get(*key) != Some(value))
    {
        None => Ok(()),
        Some((key, value)) => {
            let message = format!("one of this name exists without the label {key}={value}");
            let next = "choose another name, or remove the existing one";
            Err(KubernetesError::new(
                what,
                Cause::Status(409),
                message,
                next,
            ))
        }
    }
}

/// Deletes a namespace and waits until it is gone. A missing one counts as gone.
pub(crate) async fn delete(client: &kube::Client, name: &str) -> Result<(), KubernetesError> {
    let what = format!("delete namespace {name}");
    let api: Api<Namespace> = Api::all(client.clone());
    let params = DeleteParams::background();
    match attempt(&what, || api.delete(name, &params)).await {
        Ok(_) => {}
        Err(error) if error.cause == Cause::Status(404) => return Ok(()),
        // It is being deleted already.
        Err(error) if error.cause == Cause::Status(409) => {}
        Err(error) => return Err(error),
    }
    wait_gone(client, name).await
}

async fn wait_gone(client: &kube::Client, name: &str) -> Result<(), KubernetesError> {
    let what = format!("wait until namespace {name} is gone");
    let api: Api<Namespace> = Api::all(client.clone());
    let start = Instant::now();
    while start.elapsed() < GONE_LIMIT {
        let Some(there) = attempt(&what, || api.get_opt(name)).await? else {
            return Ok(());
        };
        if there.metadata.deletion_timestamp.is_none() {
            let message = "it is not being deleted";
            return Err(KubernetesError::new(
                &what,
                Cause::Refuted,
                message,
                "check who recreated it",
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
    let message = format!("still there after {} s", GONE_LIMIT.as_secs());
    let next = "look for objects in it that a finalizer holds";
    Err(KubernetesError::new(&what, Cause::Timeout, message, next))
}

//! A name space of our own: made or taken over, and removed with all that is in it.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use tokio::time::Instant;

use crate::attempt::attempt;
use crate::error::{Cause, KubernetesError};

/// How long a name space may take to go.
pub(crate) const GONE_LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_secs(2);

/// Works in a name space of our own, and removes it again whatever the work comes to.
///
/// # Errors
/// When the name space is somebody else's, then it stays; when the work fails; when the name space
/// cannot be removed.
pub(crate) async fn within<T>(
    client: &kube::Client,
    name: &str,
    labels: &BTreeMap<String, String>,
    work: impl Future<Output = Result<T, KubernetesError>>,
) -> Result<T, KubernetesError> {
    // Somebody else's name space stops here, and stays.
    ensure(client, name, labels).await?;
    let done = work.await;
    let removed = delete(client, name).await;
    match (done, removed) {
        (Ok(proof), Ok(())) => Ok(proof),
        (Ok(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        (Err(mut error), Err(second)) => {
            error.message += &format!("; besides, name space {name} remains: {second}");
            Err(error)
        }
    }
}

/// Makes a name space, or takes over one that carries the same labels.
pub(crate) async fn ensure(
    client: &kube::Client,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Result<(), KubernetesError> {
    let what = format!("create name space {name}");
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
    // Twice: the one that is there may be on its way out.
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
    let message = "it vanished and came back while it was being made";
    Err(KubernetesError::new(
        &what,
        Cause::Refuted,
        message,
        "see who else uses this name",
    ))
}

/// Whether an object that is already there is ours.
///
/// # Errors
/// When it does not carry our labels.
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
            let next = "choose another name, or remove the one that is there";
            Err(KubernetesError::new(
                what,
                Cause::Status(409),
                message,
                next,
            ))
        }
    }
}

/// Deletes a name space and waits until it is gone. One that is not there is gone.
pub(crate) async fn delete(client: &kube::Client, name: &str) -> Result<(), KubernetesError> {
    let what = format!("delete name space {name}");
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
    let what = format!("wait until name space {name} is gone");
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
                "see who made it anew",
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
    let message = format!("still there after {} s", GONE_LIMIT.as_secs());
    let next = "look for objects in it that a finalizer holds";
    Err(KubernetesError::new(&what, Cause::Timeout, message, next))
}

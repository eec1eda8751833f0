//! Retries: a few attempts of a call that failed with a transient error, with growing pauses.
//!
//! Every call here is safe to repeat: we choose the names of objects, so a creation that was applied without an
//! answer shows as "already exists".

use std::time::Duration;

use kube::api::{Api, ListParams};
use serde::de::DeserializeOwned;

use crate::error::{Cause, KubernetesError};

/// The most attempts of one call.
const TRIES: u32 = 5;
/// How long one attempt may wait for its answer.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);
/// The longest pause between two attempts, whatever the server asks for.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// The most pages of one listing.
const PAGES: usize = 1000;
/// Objects on a page.
const PAGE: u32 = 500;

/// Makes a call, and repeats it after transient errors. It waits as long as the server asks for.
pub(crate) async fn attempt<T, F>(
    what: &str,
    mut call: impl FnMut() -> F,
) -> Result<T, KubernetesError>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let mut pause = Duration::from_secs(1);
    for _ in 1..TRIES {
        let (error, asked) = match once(what, call()).await {
            Ok(value) => return Ok(value),
            Err(refused) => refused,
        };
        if !error.is_transient() {
            return Err(error);
        }
        tokio::time::sleep(asked.max(pause).min(LONGEST_PAUSE)).await;
        pause *= 2;
    }
    once(what, call()).await.map_err(|(error, _)| error)
}

/// Makes a call once; its error comes with the wait that the server asked for.
async fn once<T>(
    what: &str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, (KubernetesError, Duration)> {
    let Ok(answer) = tokio::time::timeout(ANSWER_LIMIT, call).await else {
        let message = format!("no answer within {} s", ANSWER_LIMIT.as_secs());
        let next = "check the server's address and the network, and try again";
        return Err((
            KubernetesError::new(what, Cause::NoAnswer, message, next),
            Duration::ZERO,
        ));
    };
    answer.map_err(|error| {
        let asked = match &error {
            kube::Error::Api(status) => status
                .details
                .as_ref()
                .map_or(0, |details| details.retry_after_seconds),
            _ => 0,
        };
        (
            KubernetesError::of_call(what, &error),
            Duration::from_secs(asked.into()),
        )
    })
}

/// Lists all objects of a type that a selection names, to the last page.
pub(crate) async fn list_all<K>(
    what: &str,
    api: &Api<K>,
    selection: &ListParams,
) -> Result<Vec<K>, KubernetesError>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut all = Vec::new();
    let mut params = selection.clone().limit(PAGE);
    for _ in 0..PAGES {
        let page = attempt(what, || api.list(&params)).await?;
        all.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(all),
        }
    }
    let message = format!("there are more than {PAGES} pages");
    Err(KubernetesError::new(
        what,
        Cause::Refuted,
        message,
        "check what fills the cluster",
    ))
}

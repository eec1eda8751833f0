//! Trying a call again: a few times, for errors that pass, with growing pauses.
//!
//! Apart because every call here is safe to repeat: objects have names of ours, so that a creation
//! that was applied without an answer shows as "already exists".

use std::time::Duration;

use kube::api::{Api, ListParams};
use serde::de::DeserializeOwned;

use crate::error::{Cause, KubernetesError};

/// Most tries of one call.
const TRIES: u32 = 5;
/// Most pages of one listing.
const PAGES: usize = 1000;
/// Objects on a page.
const PAGE: u32 = 500;

/// Makes a call, again while its errors may pass.
pub(crate) async fn attempt<T, F>(
    what: &str,
    mut call: impl FnMut() -> F,
) -> Result<T, KubernetesError>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let mut pause = Duration::from_secs(1);
    for _ in 1..TRIES {
        match call().await {
            Ok(value) => return Ok(value),
            Err(error) => {
                let error = KubernetesError::of_call(what, &error);
                if !error.is_transient() {
                    return Err(error);
                }
            }
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    call().await.map_err(|error| KubernetesError::of_call(what, &error))
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
    Err(KubernetesError::new(what, Cause::Refuted, message, "look at what fills the cluster"))
}

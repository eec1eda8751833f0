//! Resources of a cloud with a JSON REST API: found or made by name, listed, deleted.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::create::{LookupWindows, find_or_create};
use crate::error::{Applied, CallError, ignore_not_found};
use crate::rest::{RestApi, RestCall, RestClient};
use crate::retry::RetryPolicy;

impl<A: RestApi> RestClient<A> {
    /// The item of the list for which `is_it` holds; created once if there is none. `is_taken` tells the refusal of
    /// a name that exists: another process was faster, or an earlier try succeeded, and the list will show it.
    ///
    /// # Errors
    /// When finding or creating fails, or the answer stays unknown too often.
    pub async fn ensure<T: DeserializeOwned + Send>(
        &self,
        calls: (&'static str, &'static str),
        body: &Value,
        is_it: impl Fn(&T) -> bool + Send + Sync,
        is_taken: impl Fn(&CallError) -> bool + Send + Sync,
    ) -> Result<T, CallError> {
        let windows = LookupWindows::DEFAULT;
        self.ensure_within(windows, calls, body, is_it, is_taken)
            .await
    }

    /// The same where nothing but looking it up prevents a second one: the windows are as long as a creation without
    /// an answer may take.
    ///
    /// # Errors
    /// As [`Self::ensure`].
    pub async fn ensure_within<T: DeserializeOwned + Send>(
        &self,
        windows: LookupWindows,
        (list, create): (&'static str, &'static str),
        body: &Value,
        is_it: impl Fn(&T) -> bool + Send + Sync,
        is_taken: impl Fn(&CallError) -> bool + Send + Sync,
    ) -> Result<T, CallError> {
        let find = || async {
            let all: Vec<T> = self.get(list, &[]).await?;
            Ok(all.into_iter().find(|one| is_it(one)))
        };
        let make = || async {
            let call = RestCall::new(create, &[]).with_body(body);
            let mut made = self.call(RetryPolicy::ONCE, call).await;
            if let Err(error) = &mut made
                && is_taken(error)
            {
                error.applied = Applied::Unknown;
            }
            made
        };
        find_or_create(self.session(), windows, find, make).await
    }

    /// All items of a list without pages, each turned into something else.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn listed<T: DeserializeOwned + Send, R>(
        &self,
        list: &'static str,
        each: impl Fn(T) -> R + Send,
    ) -> Result<Vec<R>, CallError> {
        let all: Vec<T> = self.get(list, &[]).await?;
        Ok(all.into_iter().map(each).collect())
    }

    /// Deletes by id, as the policy says. What is gone already is as it should be.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn delete(
        &self,
        policy: RetryPolicy,
        operation: &'static str,
        id: &str,
    ) -> Result<(), CallError> {
        self.end(policy, RestCall::new(operation, &[id])).await
    }

    /// Makes a call that ends something. What is gone already is as it should be.
    ///
    /// # Errors
    /// When the call is refused.
    pub async fn end(&self, policy: RetryPolicy, call: RestCall<'_>) -> Result<(), CallError> {
        ignore_not_found(self.call::<IgnoredAny>(policy, call).await)
    }
}

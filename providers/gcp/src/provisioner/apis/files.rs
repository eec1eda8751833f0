//! What the run knows of its APIs: which were disabled before it, and which it has used.
//!
//! Two files, because a process can die while it writes one. An API is noted as disabled before it is enabled, and as
//! used before anything is made in it; so one that was disabled and never used has nothing of the run, and of any
//! other it is unknown.

use std::collections::BTreeSet;

use bytes::Bytes;
use kubeproof_cloudkit::CallError;
use serde_json::json;

use super::super::Work;

/// Says which APIs were disabled before the run.
const DISABLED: &str = "gcp-apis.json";
/// Says in which APIs the run may have something.
const USED: &str = "gcp-apis-used.json";

/// The content of a file.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    /// There is no such file.
    Missing,
    /// A process died while it wrote it.
    Damaged,
    Names(BTreeSet<String>),
}

impl Content {
    fn of(read: Option<&Bytes>) -> Self {
        match read.map(|content| serde_json::from_slice(content)) {
            None => Self::Missing,
            Some(Err(_)) => Self::Damaged,
            Some(Ok(names)) => Self::Names(names),
        }
    }

    /// Whether this API certainly is in it.
    fn names(&self, api: &str) -> bool {
        matches!(self, Self::Names(names) if names.contains(api))
    }

    fn into_names(self) -> BTreeSet<String> {
        match self {
            Self::Names(names) => names,
            Self::Missing | Self::Damaged => BTreeSet::new(),
        }
    }
}

async fn read(work: &Work, file: &str) -> Result<Content, CallError> {
    let read = work.api.connection().disk.read(file).await;
    let read = read.map_err(|error| CallError::unmade(format!("read {file}"), error))?;
    Ok(Content::of(read.as_ref()))
}

async fn write(work: &Work, file: &str, names: &BTreeSet<String>) -> Result<(), CallError> {
    let content = Bytes::from(json!(names).to_string());
    let written = work.api.connection().disk.write(file, content).await;
    written.map_err(|error| CallError::unmade(format!("write {file}"), error))
}

/// Notes that these APIs are disabled, before any is enabled. One that the run has used was enabled before, and somebody
/// else has disabled it since.
pub(super) async fn note_disabled(work: &Work, missing: &[String]) -> Result<(), CallError> {
    let used = read(work, USED).await?;
    let known = read(work, DISABLED).await?;
    let is_damaged = known == Content::Damaged;
    let mut all = known.into_names();
    let before = all.len();
    let new = missing.iter().filter(|api| !is_used(&used, api));
    all.extend(new.cloned());
    if all.len() == before && !is_damaged {
        return Ok(());
    }
    write(work, DISABLED, &all).await
}

/// Notes that these APIs are enabled and are going to be used.
pub(super) async fn note_used(work: &Work, apis: &[&str]) -> Result<(), CallError> {
    let known = read(work, USED).await?;
    if apis.iter().all(|api| known.names(api)) {
        return Ok(());
    }
    let mut all = known.into_names();
    all.extend(apis.iter().map(|api| (*api).to_owned()));
    write(work, USED, &all).await
}

/// Notes that nothing of the run is left in these APIs.
pub(super) async fn forget_use(work: &Work, apis: &[String]) -> Result<(), CallError> {
    let mut used = read(work, USED).await?.into_names();
    used.retain(|api| !apis.contains(api));
    write(work, USED, &used).await
}

/// Whether the run may have something in an API. What a damaged file says is not known.
fn is_used(used: &Content, api: &str) -> bool {
    *used == Content::Damaged || used.names(api)
}

/// Whether an API was disabled before the run, and the run has never used it or has nothing left in it.
pub(super) async fn is_unused(work: &Work, api: &str) -> Result<bool, CallError> {
    let (disabled, used) = (read(work, DISABLED).await?, read(work, USED).await?);
    Ok(disabled.names(api) && !is_used(&used, api))
}

/// The APIs that were disabled before the run.
pub(super) async fn disabled_before(work: &Work) -> Result<BTreeSet<String>, CallError> {
    match read(work, DISABLED).await? {
        Content::Damaged => Err(CallError::state(
            "read which APIs were disabled",
            format!("{DISABLED} is damaged: none is disabled again"),
        )),
        known => Ok(known.into_names()),
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::disk::Files;

    use super::*;
    use crate::api::Api;
    use crate::spec::tests::spec;
    use kubeproof_simkit::bench::connection;

    const API: &str = "container.googleapis.com";

    /// A run with these files.
    async fn work(files: &[(&str, &str)]) -> Work {
        let work = Work::new(Api::new(&connection(Files::empty())), &spec(json!({})));
        for (name, content) in files {
            let written = work.api.connection().disk.write(name, content.to_string());
            written.await.expect("a disk with room");
        }
        work
    }

    #[tokio::test(start_paused = true)]
    async fn only_an_api_that_was_disabled_and_never_used_has_nothing() {
        let named = format!("[\"{API}\"]");
        let check = async |files: &[(&str, &str)], expected: bool| {
            let work = work(files).await;
            assert_eq!(is_unused(&work, API).await, Ok(expected), "{files:?}");
        };
        check(&[], false).await;
        check(&[(DISABLED, &named)], true).await;
        check(&[(DISABLED, &named), (USED, "[]")], true).await;
        check(&[(DISABLED, &named), (USED, &named)], false).await;
        check(&[(USED, &named)], false).await;
        check(&[(DISABLED, "[\"compute")], false).await;
        check(&[(DISABLED, &named), (USED, "[\"comp")], false).await;
        check(&[(DISABLED, "[\"compute.googleapis.com\"]")], false).await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_api_is_used_from_before_anything_is_made_until_nothing_is_left() {
        let work = work(&[]).await;
        let missing = [API.to_owned()];
        note_disabled(&work, &missing).await.unwrap();
        assert_eq!(is_unused(&work, API).await, Ok(true));
        note_used(&work, &[API, "compute.googleapis.com"])
            .await
            .unwrap();
        assert_eq!(is_unused(&work, API).await, Ok(false));
        // The next process finds it disabled by somebody else.
        note_disabled(&work, &missing).await.unwrap();
        assert_eq!(is_unused(&work, API).await, Ok(false));
        forget_use(&work, &missing).await.unwrap();
        assert_eq!(is_unused(&work, API).await, Ok(true));
    }

    #[tokio::test(start_paused = true)]
    async fn an_api_that_others_have_disabled_since_is_not_the_runs_to_disable() {
        let used = format!("[\"{API}\"]");
        for content in [used.as_str(), "[\"cont"] {
            let work = work(&[(USED, content)]).await;
            note_disabled(&work, &[API.to_owned()]).await.unwrap();
            assert_eq!(disabled_before(&work).await, Ok(BTreeSet::new()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn damaged_files_are_written_anew_by_the_next_process() {
        let work = work(&[(DISABLED, "[\"c"), (USED, "[\"c")]).await;
        assert!(disabled_before(&work).await.is_err());
        note_disabled(&work, &[API.to_owned()]).await.unwrap();
        assert!(disabled_before(&work).await.is_ok());
        note_used(&work, &[API]).await.unwrap();
        assert_eq!(is_unused(&work, API).await, Ok(false));
    }
}

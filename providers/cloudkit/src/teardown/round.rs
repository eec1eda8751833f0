//! One round of a teardown: every step as soon as those before it are done.

use std::collections::BTreeSet;

use futures::stream::{FuturesUnordered, StreamExt as _};

use super::survey::Survey;
use super::{CallErrors, Delete, Step, Teardown};
use crate::retry::RetryPolicy;

impl<S: Sync> Teardown<S> {
    /// Deletes what a survey has found. A step that fails, or whose list could not be read, holds back only the
    /// steps after it: what it left would keep them waiting for nothing.
    pub(super) async fn round(&self, work: &S, survey: &Survey) -> CallErrors {
        let mut errors = CallErrors::default();
        if let Some(prepare) = self.prepare {
            errors.keep(prepare(work).await);
        }
        let mut gone: BTreeSet<&str> = BTreeSet::new();
        let mut waiting: Vec<&Step<S>> = self.steps.iter().collect();
        let mut running = FuturesUnordered::new();
        // Ends because each step begins at most once, and none begins when none has ended.
        loop {
            let (free, held): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|step| step.after.iter().all(|name| gone.contains(name)));
            waiting = held;
            for step in free {
                if let Some(ids) = survey.of(step.name) {
                    running.push(async move { (step.name, delete(work, step, ids).await) });
                }
            }
            let Some((name, failed)) = running.next().await else {
                return errors;
            };
            if failed.is_empty() {
                gone.insert(name);
            }
            errors = errors.join([failed]);
        }
    }
}

async fn delete<S: Sync>(work: &S, step: &Step<S>, ids: &[String]) -> CallErrors {
    let mut errors = CallErrors::default();
    let policy = RetryPolicy::while_in_use(step.in_use_for);
    match step.delete {
        _ if ids.is_empty() => {}
        Delete::Each(one) => {
            let each = |id: &String| one(work, id.clone(), policy);
            errors.for_each(ids, each).await;
        }
        Delete::Together(all) => errors = all(work, ids.to_vec(), policy).await,
    }
    errors
}

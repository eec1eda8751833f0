//! Teardown as a list of steps: what to list, what to delete, and what must be gone before.
//!
//! Steps that do not depend on each other run together, a failed step does not stop the others, and only the last
//! listing decides: nothing is reported as removed that the lists still show.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use kubeproof_contract::provisioner::ProvisionerError;

use crate::error::CallError;

/// Lists the ids of the run's resources of one type.
pub type ListIds<S> = for<'a> fn(&'a S) -> BoxFuture<'a, Result<Vec<String>, CallError>>;
/// Deletes resources by id, and waits until they are gone where that takes time. What is gone already is no error.
pub type DeleteIds<S> = for<'a> fn(&'a S, Vec<String>) -> BoxFuture<'a, Result<(), CallError>>;

/// One resource type in a teardown.
pub struct Step<S> {
    /// The resource type.
    pub name: &'static str,
    /// The resource types that must be gone before.
    pub after: &'static [&'static str],
    /// What there is of the run.
    pub list: ListIds<S>,
    /// How it goes.
    pub delete: DeleteIds<S>,
}

/// How a teardown goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounds {
    /// Most rounds. A second one is needed when lists had not shown everything to the first, or a call was refused
    /// that later is not.
    pub most: usize,
    /// How long to wait before a round, so that lists show what was made last.
    pub settle: Duration,
}

/// The errors of steps: collected, because no failed step stops the others.
#[derive(Debug, Default)]
pub struct CallErrors(Vec<CallError>);

impl CallErrors {
    /// Keeps the error of a result, if it is one.
    pub fn keep<T>(&mut self, result: Result<T, CallError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Keeps the errors of other steps.
    #[must_use]
    pub fn join(mut self, others: impl IntoIterator<Item = Self>) -> Self {
        self.0.extend(others.into_iter().flat_map(|other| other.0));
        self
    }

    /// Does this to all of them together, and keeps every error.
    pub async fn for_each<T, F>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        each: impl FnMut(T) -> F,
    ) where
        F: Future<Output = Result<(), CallError>>,
    {
        for result in join_all(items.into_iter().map(each)).await {
            self.keep(result);
        }
    }

    /// Whether every step has succeeded so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of them, as the result of one step.
    ///
    /// # Errors
    /// With the first error, if there is any.
    pub fn first(self) -> Result<(), CallError> {
        self.0.into_iter().next().map_or(Ok(()), Err)
    }

    /// The error of a teardown that ends with them. `left` is what still exists; none when a list could not be read.
    pub fn failure(&self, left: Option<Vec<String>>) -> ProvisionerError {
        let mut why: Vec<String> = self.0.iter().map(CallError::to_string).collect();
        why.dedup();
        let why = why.join("; ");
        match left {
            Some(left) => {
                let all = left.join(", ");
                let message = format!("teardown left {all} behind: {why}; run the teardown again");
                ProvisionerError::left(message, left)
            }
            None => ProvisionerError::left_unknown(format!(
                "teardown could not find out what is left: {why}; run the teardown again"
            )),
        }
    }
}

/// What there is of the run, step by step.
///
/// # Errors
/// With every list that could not be read.
async fn survey<S: Sync>(work: &S, steps: &[Step<S>]) -> Result<Vec<Vec<String>>, CallErrors> {
    let mut errors = CallErrors::default();
    let lists = join_all(steps.iter().map(|step| (step.list)(work))).await;
    let all = lists.into_iter().filter_map(|list| errors.keep(list));
    let all = all.collect();
    if errors.is_empty() {
        Ok(all)
    } else {
        Err(errors)
    }
}

/// The ids of everything of the run that is left.
///
/// # Errors
/// With the first list that could not be read.
pub async fn leftovers<S: Sync>(work: &S, steps: &[Step<S>]) -> Result<Vec<String>, CallError> {
    match survey(work, steps).await {
        Ok(all) => Ok(all.concat()),
        Err(mut errors) => Err(errors.0.swap_remove(0)),
    }
}

/// One round: every step whose dependencies are gone, together; then those that only waited for these.
async fn round<S: Sync>(work: &S, steps: &[Step<S>], left: &[Vec<String>]) -> CallErrors {
    let mut errors = CallErrors::default();
    let mut gone: BTreeSet<&str> = BTreeSet::new();
    let mut waiting: Vec<(&Step<S>, &Vec<String>)> = steps.iter().zip(left).collect();
    // Ends because each pass takes at least one step out of those that wait.
    for _ in 0..steps.len() {
        let (free, held): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(step, _)| step.after.iter().all(|name| gone.contains(name)));
        waiting = held;
        let deletions = free.iter().map(|(step, ids)| async move {
            if ids.is_empty() {
                return Ok(());
            }
            (step.delete)(work, (*ids).clone()).await
        });
        let results = join_all(deletions).await;
        let mut progress = false;
        for ((step, _), result) in free.iter().zip(results) {
            progress |= errors.keep(result).is_some_and(|()| gone.insert(step.name));
        }
        if !progress {
            break;
        }
    }
    errors
}

/// Removes everything of the run. A second call finds nothing and changes nothing.
///
/// # Errors
/// When something is left, or could not be listed: with the ids and what stood in the way.
pub async fn teardown<S: Sync>(
    work: &S,
    steps: &[Step<S>],
    rounds: Rounds,
) -> Result<(), ProvisionerError> {
    let mut errors = CallErrors::default();
    let mut left = None;
    for count in 0..=rounds.most {
        match survey(work, steps).await {
            Ok(all) if all.iter().all(Vec::is_empty) => return Ok(()),
            Ok(all) => left = Some(all),
            Err(unread) => {
                left = None;
                errors = errors.join([unread]);
            }
        }
        if count == rounds.most {
            break;
        }
        if count > 0 {
            tokio::time::sleep(rounds.settle).await;
        }
        if let Some(left) = &left {
            errors = round(work, steps, left).await;
        }
    }
    Err(errors.failure(left.map(|left| left.concat())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use futures::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    /// A cloud of three types, of which `b` and `c` go only after `a`.
    #[derive(Default)]
    struct Model {
        there: Mutex<BTreeMap<&'static str, usize>>,
        /// Deletions of a type that fail before one succeeds.
        failing: Mutex<BTreeMap<&'static str, usize>>,
        /// Whether the list of a type cannot be read.
        unreadable: BTreeSet<&'static str>,
        /// Types whose deletion is accepted and has no effect.
        ineffective: BTreeSet<&'static str>,
        deleted: Mutex<Vec<&'static str>>,
    }

    async fn list(model: &Model, name: &'static str) -> Result<Vec<String>, CallError> {
        if model.unreadable.contains(name) {
            return Err(CallError::state(format!("list {name}"), "unreadable"));
        }
        let count = model.there.lock().expect("a lock").get(name).copied();
        Ok((0..count.unwrap_or(0))
            .map(|n| format!("{name}-{n}"))
            .collect())
    }

    async fn delete(model: &Model, name: &'static str) -> Result<(), CallError> {
        if let Some(count @ 1..) = model.failing.lock().expect("a lock").get_mut(name) {
            *count -= 1;
            return Err(CallError::state(format!("delete {name}"), "refused"));
        }
        model.deleted.lock().expect("a lock").push(name);
        if model.ineffective.contains(name) {
            return Ok(());
        }
        model.there.lock().expect("a lock").remove(name);
        Ok(())
    }

    const STEPS: &[Step<Model>] = &[
        Step {
            name: "a",
            after: &[],
            list: |model| list(model, "a").boxed(),
            delete: |model, _| delete(model, "a").boxed(),
        },
        Step {
            name: "b",
            after: &["a"],
            list: |model| list(model, "b").boxed(),
            delete: |model, _| delete(model, "b").boxed(),
        },
        Step {
            name: "c",
            after: &["a"],
            list: |model| list(model, "c").boxed(),
            delete: |model, _| delete(model, "c").boxed(),
        },
    ];
    const ROUNDS: Rounds = Rounds {
        most: 4,
        settle: Duration::from_secs(10),
    };
    const NAMES: [&str; 3] = ["a", "b", "c"];

    fn run(model: &Model) -> Result<(), ProvisionerError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime
            .expect("a runtime")
            .block_on(teardown(model, STEPS, ROUNDS))
    }

    proptest! {
        #[test]
        fn nothing_is_reported_as_removed_that_is_left_and_no_error_hides_another(
            there in prop::array::uniform3(0_usize..3),
            failing in prop::array::uniform3(0_usize..7),
        ) {
            let model = Model::default();
            *model.there.lock().expect("a lock") = NAMES.into_iter().zip(there).collect();
            *model.failing.lock().expect("a lock") = NAMES.into_iter().zip(failing).collect();
            let result = run(&model);
            let left = model.there.lock().expect("a lock").values().sum::<usize>();
            match &result {
                Ok(()) => prop_assert_eq!(left, 0),
                Err(error) => {
                    prop_assert_eq!(error.left_behind.len(), left);
                    // What cannot go is told by name, unless something that must go first is left too.
                    let is_left = |name: &str| error.left_behind.iter().any(|id| id.starts_with(name));
                    let told = |name: &str| error.message.contains(&format!("delete {name}"));
                    if is_left("a") {
                        prop_assert!(told("a"), "{}", error.message);
                    } else {
                        for name in ["b", "c"] {
                            prop_assert!(!is_left(name) || told(name), "{}", error.message);
                        }
                    }
                }
            }
            // `a` goes before the others, whatever fails.
            let deleted = model.deleted.lock().expect("a lock").clone();
            let first_a = deleted.iter().position(|name| *name == "a");
            if there[0] > 0 && deleted.iter().any(|name| *name != "a") {
                prop_assert_eq!(first_a, Some(0));
            }
        }
    }

    #[test]
    fn what_a_list_still_shows_is_left_even_if_its_deletion_was_accepted() {
        let model = Model {
            there: Mutex::new(BTreeMap::from([("a", 1), ("b", 2)])),
            ineffective: BTreeSet::from(["b"]),
            ..Model::default()
        };
        let error = run(&model).expect_err("left behind");
        assert_eq!(error.left_behind, ["b-0", "b-1"]);
    }

    #[test]
    fn a_list_that_cannot_be_read_makes_what_is_left_unknown() {
        let model = Model {
            unreadable: BTreeSet::from(["b"]),
            ..Model::default()
        };
        let error = run(&model).expect_err("unknown");
        assert!(error.message.contains("list b"), "{}", error.message);
        assert_eq!(error.left_behind, ["unknown"]);
    }
}

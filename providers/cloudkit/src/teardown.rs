//! Teardown as a list of steps: what to list, what to delete, and what must be gone before.
//!
//! A step begins as soon as those before it are done, a failure stops only what depends on it, and only the last
//! survey decides: nothing is reported as removed that the lists still show.

use std::time::Duration;

use futures::future::BoxFuture;
use kubeproof_contract::provisioner::ProvisionerError;
use tokio::time::{Instant, sleep};

use crate::error::CallError;
use crate::retry::RetryPolicy;

mod errors;
mod round;
mod survey;
#[cfg(test)]
mod tests;

pub use errors::CallErrors;
use survey::Survey;

/// The result of a function of a plan.
pub type Pending<'a, T> = BoxFuture<'a, Result<T, CallError>>;
/// Lists the ids of the run's resources of one type. The argument is what the list of [`Step::of`] shows.
pub type ListIds<S> = for<'a> fn(&'a S, Vec<String>) -> Pending<'a, Vec<String>>;

/// How the resources of a step are deleted, waiting until they are gone where that takes time. What is gone already
/// is no error. The policy repeats a deletion while the resource is in use, as long as the step says.
pub enum Delete<S> {
    /// Each by itself, side by side: one that fails does not stop the others.
    Each(for<'a> fn(&'a S, String, RetryPolicy) -> Pending<'a, ()>),
    /// All together, where one call takes many of them or they depend on each other.
    Together(for<'a> fn(&'a S, Vec<String>, RetryPolicy) -> BoxFuture<'a, CallErrors>),
}

/// One resource type in a teardown.
pub struct Step<S> {
    /// The resource type.
    pub name: &'static str,
    /// The resource type that contains this one: it is listed first, and its ids are given to this list.
    pub of: Option<&'static str>,
    /// The resource types that must be gone before.
    pub after: &'static [&'static str],
    /// How long a resource may still be in use once those before it are gone.
    pub in_use_for: Duration,
    /// What there is of the run.
    pub list: ListIds<S>,
    /// How it is deleted.
    pub delete: Delete<S>,
}

/// How often a teardown begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounds {
    /// Most rounds. A second one is needed when lists had not shown everything to the first, or when a call was
    /// refused that succeeds later.
    pub most: usize,
    /// After this long, lists show what was made last.
    pub settle: Duration,
    /// No round begins after this long.
    pub begin_within: Duration,
}

/// The resource that a run makes first and removes last: while it exists, a teardown looks for everything.
pub struct Marker<S> {
    /// Looks for it.
    pub find: for<'a> fn(&'a S) -> Pending<'a, Option<FoundMarker>>,
    /// Deletes it.
    pub delete: for<'a> fn(&'a S) -> Pending<'a, ()>,
    /// This long after a run's first request, every unanswered request of its processes has been applied, or never
    /// will be.
    pub all_applied_after: Duration,
}

/// A marker that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundMarker {
    /// Its id.
    pub id: String,
    /// How long ago it was made.
    pub age: Duration,
}

/// Everything that a teardown needs to know of a cloud.
pub struct Teardown<S: 'static> {
    /// The resource types, in an order in which they can go.
    pub steps: &'static [Step<S>],
    /// What each round does first, while everything still exists. Its failure does not stop the round.
    pub prepare: Option<for<'a> fn(&'a S) -> Pending<'a, ()>>,
    /// The run's marker, where a cloud has one.
    pub marker: Option<Marker<S>>,
    /// How often it begins anew.
    pub rounds: Rounds,
}

impl<S: Sync> Teardown<S> {
    /// The first step that a round could never begin, because what goes before it does not come before it in the list,
    /// or whose container is not a step that is listed by itself. A plan with one is wrong.
    pub fn out_of_order(&self) -> Option<&'static str> {
        let is_outer = |name: &str| {
            let mut steps = self.steps.iter();
            steps.any(|one| one.name == name && one.of.is_none())
        };
        let mut before: Vec<&str> = Vec::new();
        for step in self.steps {
            let can_begin = step.after.iter().all(|name| before.contains(name));
            if !can_begin || !step.of.is_none_or(is_outer) {
                return Some(step.name);
            }
            before.push(step.name);
        }
        None
    }

    /// The ids of everything of the run that is left.
    ///
    /// # Errors
    /// With the first list that could not be read.
    pub async fn leftovers(&self, work: &S) -> Result<Vec<String>, CallError> {
        self.survey(work).await.into_left().map_err(|mut errors| {
            let first = errors.first();
            first.unwrap_or_else(|| CallError::state("list", "unreadable"))
        })
    }

    /// The error of a failed provision: what happened, what to do next, and what exists now.
    pub async fn after_failure(&self, work: &S, error: &CallError) -> ProvisionerError {
        let next = "provision again to continue where it stopped, or tear down to remove all of it";
        match self.leftovers(work).await {
            Ok(left) => ProvisionerError::left(format!("{error}; {next}"), left),
            Err(unread) => ProvisionerError::left_unknown(format!(
                "{error}; what exists could not be read either: {unread}; {next}"
            )),
        }
    }

    /// Removes everything of the run. A second call finds nothing and changes nothing.
    ///
    /// # Errors
    /// When something is left, or could not be listed: with the ids and the reasons.
    pub async fn run(&self, work: &S) -> Result<(), ProvisionerError> {
        let Rounds { most, settle, .. } = self.rounds;
        let began = Instant::now();
        let mut unmarked = self.is_unmarked(work).await;
        if self.marker.is_some() {
            // What an earlier process made just before it died may not show yet.
            sleep(settle).await;
        }
        let mut errors = CallErrors::default();
        let mut survey = Survey::default();
        for count in 0..=most {
            survey = self.survey(work).await;
            if survey.is_empty() {
                // A marker that has just been made may not show yet, so it is looked for twice.
                if std::mem::replace(&mut unmarked, true) {
                    return Ok(());
                }
                sleep(settle).await;
                continue;
            }
            unmarked = self.marker.is_none();
            let early = survey.only_marker().map(|found| self.early(found));
            if count > 0 && early == Some(Duration::ZERO) {
                return self.finish(work, &survey, errors).await;
            }
            if count == most || began.elapsed() > self.rounds.begin_within {
                break;
            }
            if let Some(early) = early {
                // An unanswered request of an earlier process may still be applied.
                sleep(early.max(settle)).await;
                continue;
            }
            if count > 0 || survey.has_errors() {
                sleep(settle).await;
            }
            errors = self.round(work, &survey).await;
        }
        Err(match survey.into_left() {
            Ok(left) => errors.failure(Some(left)),
            Err(unread) => errors.join([unread]).failure(None),
        })
    }

    /// Whether there is no marker. One that cannot be read may be there.
    async fn is_unmarked(&self, work: &S) -> bool {
        match &self.marker {
            None => true,
            Some(marker) => matches!((marker.find)(work).await, Ok(None)),
        }
    }

    /// How long an unanswered request of the run may still be applied.
    fn early(&self, found: &FoundMarker) -> Duration {
        let marker = self.marker.as_ref();
        let all_applied_after = marker.map(|marker| marker.all_applied_after);
        all_applied_after
            .unwrap_or_default()
            .saturating_sub(found.age)
    }

    /// Deletes the marker, which is all that is left.
    async fn finish(
        &self,
        work: &S,
        survey: &Survey,
        mut errors: CallErrors,
    ) -> Result<(), ProvisionerError> {
        let Some((marker, found)) = self.marker.as_ref().zip(survey.only_marker()) else {
            return Ok(());
        };
        match errors.keep((marker.delete)(work).await) {
            Some(()) => Ok(()),
            None => Err(errors.failure(Some(vec![found.id.clone()]))),
        }
    }
}

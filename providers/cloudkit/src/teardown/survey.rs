//! The survey: what the lists of all steps show at one moment, and what could not be listed.

use std::collections::BTreeMap;

use futures::future::{join, join_all};

use super::{CallErrors, FoundMarker, Step, Teardown};
use crate::error::CallError;

/// What there is of the run.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The ids of each step whose list could be read, in the order of the steps.
    found: Vec<(&'static str, Vec<String>)>,
    marker: Option<FoundMarker>,
    errors: CallErrors,
}

impl Survey {
    /// Whether everything was listed and nothing exists, not even the marker.
    pub(super) fn is_empty(&self) -> bool {
        self.marker.is_none() && self.has_no_resource()
    }

    /// The marker, if everything was listed and nothing else exists.
    pub(super) fn only_marker(&self) -> Option<&FoundMarker> {
        self.marker.as_ref().filter(|_| self.has_no_resource())
    }

    fn has_no_resource(&self) -> bool {
        !self.has_errors() && self.found.iter().all(|(_, ids)| ids.is_empty())
    }

    /// Whether a list could not be read.
    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The ids of a step; none when its list could not be read.
    pub(super) fn of(&self, step: &str) -> Option<&Vec<String>> {
        let found = self.found.iter().find(|(name, _)| *name == step);
        found.map(|(_, ids)| ids)
    }

    /// The ids of everything that exists, each once, or the errors of the lists that could not be read.
    pub(super) fn into_left(self) -> Result<Vec<String>, CallErrors> {
        if self.has_errors() {
            return Err(self.errors);
        }
        let mut left: Vec<String> = Vec::new();
        let ids = self.found.into_iter().flat_map(|(_, ids)| ids);
        for id in ids.chain(self.marker.map(|marker| marker.id)) {
            if !left.contains(&id) {
                left.push(id);
            }
        }
        Ok(left)
    }
}

impl<S: Sync> Teardown<S> {
    /// Lists everything of the run: first what no other type contains, then what is in it.
    pub(super) async fn survey(&self, work: &S) -> Survey {
        let mut errors = CallErrors::default();
        let (marker, mut lists) = join(self.find_marker(work), self.lists(work, None)).await;
        let marker = errors.keep(marker).flatten();
        let outer: BTreeMap<&str, Vec<String>> = lists
            .iter()
            .filter_map(|(name, list)| Some((*name, list.as_ref().ok()?.clone())))
            .collect();
        lists.extend(self.lists(work, Some(&outer)).await);
        let read = |step: &Step<S>| Some((step.name, errors.keep(lists.remove(step.name)?)?));
        Survey {
            found: self.steps.iter().filter_map(read).collect(),
            marker,
            errors,
        }
    }

    async fn find_marker(&self, work: &S) -> Result<Option<FoundMarker>, CallError> {
        match &self.marker {
            None => Ok(None),
            Some(marker) => (marker.find)(work).await,
        }
    }

    /// The lists of one kind of step: those that are in nothing, or those that are in what was found. What is in
    /// something that could not be listed is left out.
    async fn lists(
        &self,
        work: &S,
        outer: Option<&BTreeMap<&str, Vec<String>>>,
    ) -> BTreeMap<&'static str, Result<Vec<String>, CallError>> {
        let lists = self.steps.iter().filter_map(|step| {
            let of = match (step.of, outer) {
                (None, None) => Vec::new(),
                (Some(of), Some(outer)) => outer.get(of)?.clone(),
                _ => return None,
            };
            Some(async move { (step.name, (step.list)(work, of).await) })
        });
        join_all(lists).await.into_iter().collect()
    }
}

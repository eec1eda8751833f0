//! The proof that permissions are the least: they suffice, and without any one of them something fails.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kubeproof_contract::check::Verdict;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::permissions::{GrantedAction, LeastPermissions};
use schemars::JsonSchema;
use serde::Serialize;

use super::options::Options;
use super::rehearsals::{Rehearsals, rehearse};
use super::sufficient::{self, limited};
use crate::runner::RunError;
use crate::scenario::Scenario;

/// The proof, or what is missing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Proof {
    /// Pass: they suffice and each is needed. Fail: they do not suffice. Unknown: it could not be shown.
    pub verdict: Verdict,
    /// Why they do not suffice; empty if they do.
    pub insufficient: Vec<String>,
    /// What each action is needed for.
    pub needed: Vec<Needed>,
    /// Actions without which nothing failed: they are not proved to be needed.
    pub not_proved_needed: Vec<String>,
    /// Actions that are granted by documentation alone, because no simulator checks them.
    pub by_documentation: Vec<String>,
    /// Why there is no proof, if there is none.
    pub impossible: Option<String>,
}

/// What fails without an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Needed {
    pub action: String,
    /// The trial that fails.
    pub trial: String,
    pub failure: String,
}

/// Proves that these are the least permissions.
///
/// # Errors
/// When a rehearsal cannot be run.
pub fn of(
    scenario: &Scenario,
    rehearsals: &Rehearsals,
    least: &LeastPermissions,
    options: Options,
    note: &(dyn Fn(&str) + Sync),
) -> Result<Proof, RunError> {
    let mut proof = Proof {
        verdict: Verdict::Unknown,
        insufficient: Vec::new(),
        needed: Vec::new(),
        not_proved_needed: Vec::new(),
        by_documentation: Vec::new(),
        impossible: None,
    };
    if scenario.provider.limited_credentials().is_none() {
        let title = scenario.provider.title();
        let why = format!("the simulator of {title} does not check the permissions of a caller");
        proof.impossible = Some(why);
        return Ok(proof);
    }
    note("under the permissions alone");
    proof.insufficient = sufficient::problems(scenario, rehearsals, &least.document, options)?;
    if !proof.insufficient.is_empty() {
        proof.verdict = Verdict::Fail;
        return Ok(proof);
    }
    note("without one of them after the other");
    for (action, failed) in without_each(scenario, rehearsals, least, options)? {
        match failed {
            Some((trial, failure)) => proof.needed.push(Needed {
                action: action.name,
                trial,
                failure,
            }),
            None if action.documented.is_some() => proof.by_documentation.push(action.name),
            None => proof.not_proved_needed.push(action.name),
        }
    }
    let known = least.unknown.is_empty() && rehearsals.doubts.is_empty();
    if known && proof.not_proved_needed.is_empty() && !proof.needed.is_empty() {
        proof.verdict = Verdict::Pass;
    }
    Ok(proof)
}

/// The trial that fails without an action, and how.
type Failure = Option<(String, String)>;

/// Each action with what fails without it, side by side.
fn without_each(
    scenario: &Scenario,
    rehearsals: &Rehearsals,
    least: &LeastPermissions,
    options: Options,
) -> Result<Vec<(GrantedAction, Failure)>, RunError> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Failure, RunError>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, least.actions.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(action) = least.actions.get(index) else {
                        return;
                    };
                    let failed = without(scenario, rehearsals, &action.name);
                    lock(&done).push((index, failed));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(index, _)| *index);
    if done.len() < least.actions.len() {
        return Err(RunError {
            trial: scenario.name().to_owned(),
            message: "a rehearsal under fewer permissions ended in an internal error".to_owned(),
        });
    }
    let all = done.into_iter().zip(&least.actions);
    all.map(|((_, failed), action)| Ok((action.clone(), failed?)))
        .collect()
}

/// The first trial that fails without this action. Trials that do not call what needs it are not run.
fn without(
    scenario: &Scenario,
    rehearsals: &Rehearsals,
    action: &str,
) -> Result<Failure, RunError> {
    let fewer =
        scenario
            .provider
            .least_permissions(&scenario.content, &rehearsals.calls, Some(action));
    let Some(fewer) = fewer else { return Ok(None) };
    for free in &rehearsals.trials {
        let needs = scenario
            .provider
            .least_permissions(&scenario.content, &free.calls, None);
        let needs = needs.is_some_and(|least| least.actions.iter().any(|one| one.name == action));
        if !needs {
            continue;
        }
        let under = rehearse((free.name.clone(), &free.trial), &limited(&fewer.document))?;
        if let Some(failure) = sufficient::failure(&under.record) {
            return Ok(Some((free.name.clone(), failure)));
        }
    }
    Ok(None)
}

//! The proof that permissions are the least: they suffice, and without any one of them something fails.

use std::collections::BTreeSet;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::journal::Call;
use kubeproof_contract::permissions::{GrantedAction, LeastPermissions};
use schemars::JsonSchema;
use serde::Serialize;

use super::options::Options;
use super::rehearsals::{Rehearsals, Rehearsed, rehearse};
use super::sufficient::{self, limited};
use crate::runner::{RunError, threads};
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
    // What each trial needs of all permissions.
    let needs: Vec<BTreeSet<String>> = rehearsals
        .trials
        .iter()
        .map(|free| {
            let provider = &scenario.provider;
            let own = provider.least_permissions(&scenario.content, &free.calls, None);
            let actions = own.into_iter().flat_map(|least| least.actions);
            actions.map(|action| action.name).collect()
        })
        .collect();
    let done = threads::each(&least.actions, options.jobs, |action| {
        let callers = rehearsals.trials.iter().zip(&needs);
        let callers = callers.filter(|(_, needs)| needs.contains(&action.name));
        let callers: Vec<&Rehearsed> = callers.map(|(free, _)| free).collect();
        let failed = without(scenario, &rehearsals.calls, &callers, &action.name);
        Some(failed.map(|failed| (action.clone(), failed)))
    });
    done.into_iter().flatten().collect()
}

/// The first of the trials that call what needs this action to fail without it.
fn without(
    scenario: &Scenario,
    calls: &[Call],
    callers: &[&Rehearsed],
    action: &str,
) -> Result<Failure, RunError> {
    let provider = &scenario.provider;
    let fewer = provider.least_permissions(&scenario.content, calls, Some(action));
    let Some(fewer) = fewer else { return Ok(None) };
    for free in callers {
        let under = rehearse((free.name.clone(), &free.trial), &limited(&fewer.document))?;
        if let Some(failure) = sufficient::failure(&under.record) {
            return Ok(Some((free.name.clone(), failure)));
        }
    }
    Ok(None)
}

//! Chooses the trials to run from the scenarios and the options. Pure.

use std::sync::Arc;

use kubeproof_contract::call::Actor;
use kubeproof_contract::disk;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::scenario::{AnyScenario, Tier};

use crate::scenario::{Scenario, injectable};
use crate::trial::{Part, Trial};

/// Names the clients that must be on this machine, for scenarios that are not named themselves.
pub const CLIENTS: &str = "KUBEPROOF_CLIENTS";

/// The options that select trials.
#[derive(Clone, Debug)]
pub struct Choice {
    pub tier: Tier,
    /// Names of providers; empty means all.
    pub providers: Vec<String>,
    pub seed: u64,
    /// Faults for the main trial of each scenario, or for the trials that `only` names; no other
    /// trial is run then.
    pub faults: Vec<Fault>,
    /// Names of trials; empty means all, and with `faults` all main ones.
    pub only: Vec<String>,
    /// The clients that programs may need; `None` means any. Scenarios that need another client are skipped with a
    /// message, because not every machine has it.
    pub clients: Option<Vec<String>>,
}

/// The trials, and what was left out with the reason.
#[derive(Debug, Default)]
pub struct Plan {
    /// In the order of files, the main trial of each first.
    pub trials: Vec<Trial>,
    /// One line for each scenario or trial that does not run.
    pub skipped: Vec<String>,
    /// Trials of forced failures that the tier cannot inject, with the reason; they are still in the report.
    pub left_out: Vec<(Trial, String)>,
}

/// Why no trials are run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A trial cannot be done.
    #[error("{trial}: {reason}")]
    Undoable { trial: String, reason: String },
    /// A name that no trial has, with those that there are and what was left out.
    #[error("unknown trial `{name}` (expected one of {}){}", .known.join(", "), left_out(.skipped))]
    Unknown {
        name: String,
        known: Vec<String>,
        skipped: Vec<String>,
    },
    #[error("nothing to run: {0}")]
    Nothing(String),
}

fn left_out(skipped: &[String]) -> String {
    match skipped {
        [] => String::new(),
        skipped => format!("; left out: {}", skipped.join("; ")),
    }
}

/// Chooses the trials.
///
/// # Errors
/// When the choice selects nothing, or cannot be done in the tier.
pub fn plan(scenarios: &[Scenario], choice: &Choice) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let mut known = Vec::new();
    for scenario in scenarios {
        let provider = scenario.provider.name();
        if !choice.providers.is_empty() && !choice.providers.iter().any(|name| name == provider) {
            continue;
        }
        if !scenario.content.tiers.contains(&choice.tier) {
            let name = scenario.name();
            plan.skipped.push(format!(
                "{name}: its file does not name the tier {} (tiers: {})",
                choice.tier,
                tiers(scenario)
            ));
            continue;
        }
        if let Some(client) = unasked_client(scenario, choice) {
            let name = scenario.name();
            plan.skipped.push(format!(
                "{name}: needs {client}: name its file, or set {CLIENTS}={client}"
            ));
            continue;
        }
        for trial in of_scenario(scenario, choice) {
            known.push(trial.name());
            if !choice.only.is_empty() && !choice.only.contains(&trial.name()) {
                continue;
            }
            match undoable(&trial).or_else(|| out_of_reach(&trial)) {
                None => plan.trials.push(trial),
                Some(reason) if choice.faults.is_empty() => {
                    plan.skipped.push(format!("{}: {reason}", trial.name()));
                    plan.left_out.push((trial, reason));
                }
                Some(reason) => {
                    let trial = trial.name();
                    return Err(PlanError::Undoable { trial, reason });
                }
            }
        }
    }
    if let Some(name) = choice.only.iter().find(|name| !known.contains(name)) {
        return Err(PlanError::Unknown {
            name: name.clone(),
            known,
            skipped: plan.skipped,
        });
    }
    if plan.trials.is_empty() {
        let why = if plan.skipped.is_empty() {
            "no scenario is of the chosen providers".to_owned()
        } else {
            plan.skipped.join("; ")
        };
        return Err(PlanError::Nothing(why));
    }
    Ok(plan)
}

/// The client that a scenario's program needs, if it was not selected.
fn unasked_client<'a>(scenario: &'a Scenario, choice: &Choice) -> Option<&'a str> {
    let clients = choice.clients.as_ref()?;
    let client = scenario.content.provisioner.client()?;
    (!clients.iter().any(|name| name == client)).then_some(client)
}

/// The clients that [`CLIENTS`] names: `aws,boto3=python3,terraform`.
pub fn clients_of(text: &str) -> Vec<String> {
    let words = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    words
        .map(|word| word.split('=').next().unwrap_or(word).to_owned())
        .collect()
}

/// All trials of a scenario for a choice, whether selected by name or not.
fn of_scenario(scenario: &Scenario, choice: &Choice) -> Vec<Trial> {
    let scenario = in_tier(scenario, choice.tier);
    let trial = |part| Trial {
        scenario: scenario.clone(),
        part,
        tier: choice.tier,
        seed: choice.seed,
    };
    let mut trials = vec![trial(Part::Lifecycle(choice.faults.clone()))];
    if choice.faults.is_empty() || !choice.only.is_empty() {
        let indices = 0..scenario.content.failures.len();
        trials.extend(indices.map(|index| trial(Part::Failure(index, choice.faults.clone()))));
    }
    trials
}

fn tiers(scenario: &Scenario) -> String {
    let names: Vec<String> = scenario.content.tiers.iter().map(Tier::to_string).collect();
    names.join(", ")
}

/// The scenario as it runs in a tier: the limits of a program in rehearsal follow its time scale, unless the scenario
/// sets them.
pub fn in_tier(scenario: &Scenario, tier: Tier) -> Scenario {
    let block = &scenario.content.provisioner;
    if tier != Tier::Rehearsal || !block.is_external() {
        return scenario.clone();
    }
    let scale = kubeproof_external::workspace::time_scale(block).get();
    let limits = scenario.content.limits.at_scale(scale);
    Scenario {
        content: Arc::new(AnyScenario {
            limits,
            ..scenario.content.as_ref().clone()
        }),
        ..scenario.clone()
    }
}

/// Why a trial cannot be run: a fault of it can never be injected in its tier.
fn undoable(trial: &Trial) -> Option<String> {
    let provider = trial.scenario.provider.as_ref();
    injectable::refusal(&trial.faults(), provider, trial.tier)
}

/// Why a fault of a trial can never be injected: no call that it targets passes through kubeproof. A program calls some
/// real clouds directly, and always writes its own files.
fn out_of_reach(trial: &Trial) -> Option<String> {
    if !trial.scenario.content.provisioner.is_external() {
        return None;
    }
    let (faults, tier) = (trial.faults(), trial.tier);
    let mut of_program = faults
        .iter()
        .filter(|fault| fault.target.actor == Actor::Provisioner);
    of_program.find_map(|fault| {
        if fault.target.service == disk::SERVICE {
            return Some(format!(
                "`{fault}` cannot be injected: a program writes its files without kubeproof"
            ));
        }
        (!trial.sees_calls()).then(|| {
            format!(
                "`{fault}` cannot be injected: in the tier {tier} the calls of a program do not pass \
                 through kubeproof; run it in rehearsal"
            )
        })
    })
}

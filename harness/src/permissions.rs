//! The least permissions of a scenario's provisioner: from what it calls, and proved in a rehearsal that grants no more.

pub mod proof;
pub mod rehearsals;
pub mod sufficient;

use kubeproof_contract::permissions::LeastPermissions;

use self::proof::Proof;
use self::rehearsals::Rehearsals;
use crate::runner::RunError;
use crate::scenario::Scenario;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub seed: u64,
    /// Whether the calls of the campaign count too.
    pub with_campaign: bool,
    /// How many lifecycles of the campaign are run, chosen by the seed; all if `None`.
    pub sample: Option<usize>,
    /// Whether it is proved.
    pub prove: bool,
    /// How many rehearsals run side by side.
    pub jobs: usize,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The permissions; `None` where a cloud has none for calls.
    pub least: Option<LeastPermissions>,
    /// Why the calls are not all that there can be.
    pub doubts: Vec<String>,
    /// Rehearsals whose calls count.
    pub rehearsals: usize,
    /// The proof, if it was asked for.
    pub proof: Option<Proof>,
}

/// The least permissions of a scenario's provisioner.
///
/// # Errors
/// When its rehearsals cannot be run.
pub fn answer(
    scenario: &Scenario,
    options: Options,
    note: &(dyn Fn(&str) + Sync),
) -> Result<Answer, RunError> {
    note("rehearsing");
    let rehearsals = Rehearsals::run(scenario, options)?;
    let content = &scenario.content;
    let least = scenario
        .provider
        .least_permissions(content, &rehearsals.calls, None);
    let provable = least.as_ref().filter(|_| options.prove);
    let proof = provable
        .map(|least| proof::of(scenario, &rehearsals, least, options, note))
        .transpose()?;
    Ok(Answer {
        least,
        doubts: rehearsals.doubts,
        rehearsals: rehearsals.count,
        proof,
    })
}

//! The least permissions of a scenario's provisioner: from what it calls, and proved in a rehearsal that grants no more.

mod options;
pub mod proof;
pub mod rehearsals;
pub mod sufficient;

use kubeproof_contract::permissions::LeastPermissions;

pub use self::options::Options;

use self::proof::Proof;
use self::rehearsals::Rehearsals;
use crate::runner::RunError;
use crate::scenario::Scenario;

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

//! The simulated account of a trial: in this process, or beside a real cluster.

use std::sync::Arc;

use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::serve::ServeError;
use kubeproof_contract::transport::SharedTransport;

use super::options::RunOptions;
use crate::trial::Trial;

/// The simulated account of a trial: a fork of a checkpoint's or of the one with a bystander's cluster in it, or a
/// fresh one. `None` when there is no simulator.
pub fn rehearsal(trial: &Trial, options: &RunOptions, clock: Clock) -> Option<Rehearsal> {
    if let Some(checkpoint) = &options.checkpoint {
        return Some(checkpoint.account.fork(clock));
    }
    let fresh = || {
        let provider = &trial.scenario.provider;
        provider.rehearse(&trial.scenario.content, clock, trial.seed)
    };
    let with_bystander = options.bystander.account();
    with_bystander
        .map(|account| account.fork(clock))
        .or_else(fresh)
}

/// The simulated account beside the real cluster of a trial of tier kind, where its provider has one.
///
/// # Errors
/// When it cannot be served.
pub fn beside(
    trial: &Trial,
    clock: Clock,
    https: &SharedTransport,
) -> Result<Option<Rehearsal>, ServeError> {
    if trial.tier != Tier::Kind {
        return Ok(None);
    }
    let provider = &trial.scenario.provider;
    let start = (clock, trial.seed);
    provider.rehearse_beside(&trial.scenario.content, start, Arc::clone(https))
}

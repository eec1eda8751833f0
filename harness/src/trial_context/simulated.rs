//! What a trial's calls reach: a simulated account in this process, one beside a real cluster, or a real account.

use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::clock::Clock;
use kubeproof_contract::ground_truth::{GroundTruth, Rehearsal};
use kubeproof_contract::https::Https;
use kubeproof_contract::provider::Credentials;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::serve::{ServeError, Served};
use kubeproof_contract::transport::SharedTransport;

use super::error::ContextError;
use super::options::RunOptions;
use crate::programs::{self, ServeSetting};
use crate::trial::Trial;

/// The longest that one live request may take.
const REQUEST_LIMIT: Duration = Duration::from_mins(2);

/// What a trial's calls reach.
pub struct Reached {
    pub innermost: SharedTransport,
    pub ground_truth: Option<Arc<dyn GroundTruth>>,
    pub served: Option<Arc<dyn Served>>,
    pub credentials: Credentials,
}

/// The account of a trial: simulated, real, or simulated beside a real cluster.
///
/// # Errors
/// When it cannot be had.
pub fn reached(
    trial: &Trial,
    options: &RunOptions,
    setting: ServeSetting,
) -> Result<Reached, ContextError> {
    if trial.tier == Tier::Rehearsal {
        return rehearsed(trial, options, setting);
    }
    let https: SharedTransport = Arc::new(Https::new(REQUEST_LIMIT)?);
    Ok(match beside(trial, setting.clock, &https)? {
        Some(rehearsal) => Reached {
            innermost: rehearsal.transport,
            ground_truth: Some(rehearsal.ground_truth),
            served: None,
            credentials: Credentials::Rehearsal,
        },
        None => Reached {
            innermost: trial.scenario.provider.live_transport(https),
            ground_truth: None,
            served: None,
            credentials: Credentials::Documented {
                env_file: options.env_file.clone(),
            },
        },
    })
}

fn rehearsed(
    trial: &Trial,
    options: &RunOptions,
    setting: ServeSetting,
) -> Result<Reached, ContextError> {
    let provider = &trial.scenario.provider;
    let rehearsal = rehearsal(trial, options, setting.clock)
        .ok_or_else(|| ContextError::NoSimulator(provider.title()))?;
    let mut innermost = Arc::clone(&rehearsal.transport);
    let mut served = None;
    if trial.scenario.content.provisioner.is_external() {
        let faults = setting.faults.clone();
        let sockets = programs::serve(trial, &rehearsal, setting)?;
        innermost = sockets.in_memory();
        served = Some(sockets);
        faults.include_programs();
    }
    Ok(Reached {
        innermost,
        ground_truth: Some(rehearsal.ground_truth),
        served,
        credentials: Credentials::Rehearsal,
    })
}

/// The simulated account of a trial: a fork of a checkpoint's or of the one with a bystander's cluster in it, or a
/// fresh one. `None` when there is no simulator.
fn rehearsal(trial: &Trial, options: &RunOptions, clock: Clock) -> Option<Rehearsal> {
    if let Some(checkpoint) = &options.checkpoint {
        return Some(checkpoint.account.fork(clock));
    }
    let fresh = || {
        let (provider, content) = (&trial.scenario.provider, &trial.scenario.content);
        match &options.limited_to {
            Some(document) => provider.rehearse_limited(content, (clock, trial.seed), document),
            None => provider.rehearse(content, clock, trial.seed),
        }
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
fn beside(
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

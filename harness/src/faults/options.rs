//! The options of a campaign.

use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::fault::Fault;

use super::plan_file::ScenarioPlan;
use super::results_file::ResultsFile;
use super::schedules::EffectFilter;
use super::shard::Shard;

/// How single faults are combined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each alone.
    Singles,
    /// Each pair.
    Pairs,
    /// This many random pairs.
    Random(usize),
    /// These faults, together, in one lifecycle.
    These(Vec<Fault>),
}

/// Options of a campaign.
#[derive(Clone, Debug)]
pub struct CampaignOptions {
    /// How single faults are combined.
    pub mode: Mode,
    /// Which effects are injected.
    pub effect_filter: EffectFilter,
    /// Whether to inject into every call of a polling loop.
    pub every_poll: bool,
    /// Seed.
    pub seed: u64,
    /// The part of the campaign to run here.
    pub shard: Option<Shard>,
    /// Threads.
    pub jobs: usize,
    /// Programs: whether to run every fault, not only one for each class of those that are alike.
    pub every: bool,
    /// Whether to run only this many lifecycles, chosen by the seed.
    pub sample: Option<usize>,
    /// No lifecycle begins after this real time.
    pub within: Option<Duration>,
    /// Whether to run only the clean runs, and to name what would be run.
    pub lists_only: bool,
    /// The plan to run, if it was made elsewhere.
    pub plan: Option<Arc<ScenarioPlan>>,
    /// Where results are kept as they come, and taken from.
    pub results: Option<Arc<ResultsFile>>,
}

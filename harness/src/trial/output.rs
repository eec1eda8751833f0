//! What a trial leaves: its record and its log, and what the lifecycles of a campaign are compared by.

use std::collections::BTreeMap;

use kubeproof_reports::record::Record;

/// The output of a trial: its record and its log.
#[derive(Debug)]
pub struct TrialOutput {
    pub record: Record,
    /// The log, line by line.
    pub log: Vec<String>,
    /// The first call of each phase, counted from 0.
    pub phase_starts: Vec<(&'static str, usize)>,
    /// What a campaign compares.
    pub state: CampaignState,
}

/// The ground truth of one lifecycle of a campaign.
#[derive(Clone, Debug, Default)]
pub struct CampaignState {
    /// What existed when the cluster was ready, if it ever was.
    pub end_state: Option<EndState>,
    /// What was retained by design after teardown.
    pub retained: Retained,
    /// Whether the handed-over access showed the cluster.
    pub access: bool,
}

/// What exists of a run, without ids, addresses and dates: each line with how often it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndState(pub(crate) BTreeMap<String, usize>);

/// Types and names of retained resources, without the random parts of names, and how often each exists.
pub type Retained = BTreeMap<(String, String), usize>;

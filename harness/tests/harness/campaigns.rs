//! What tests of campaigns share: a scenario read from its file, options, faults, and a progress sink that does
//! nothing.

use std::path::PathBuf;

use kubeproof::faults::campaign::{CampaignOptions, CampaignProgress, Mode};
use kubeproof::faults::schedules::EffectFilter;
use kubeproof::providers;
use kubeproof::scenario::{self, Scenario};
use kubeproof_contract::fault::Fault;

/// Ignores all progress.
pub struct NoProgress;

impl CampaignProgress for NoProgress {}

/// Faults parsed from their text.
pub fn faults(texts: &[&str]) -> Vec<Fault> {
    let read = |text: &&str| text.parse().expect("a fault");
    texts.iter().map(read).collect()
}

/// A campaign of these effects, or of all that are documented, with one thread and one seed.
pub fn options(mode: Mode, effects: &[&str]) -> CampaignOptions {
    CampaignOptions {
        mode,
        effect_filter: EffectFilter {
            effects: effects.iter().map(|name| (*name).to_owned()).collect(),
            pedantic: false,
        },
        every_poll: false,
        seed: 1,
        shard: None,
        jobs: 1,
        every: false,
        sample: None,
        within: None,
        lists_only: false,
        plan: None,
        results: None,
    }
}

/// The scenario in a file, whose path is relative to the crate's folder.
pub fn scenario_of(file: &str) -> Scenario {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let read = scenario::read::all(&[path], &providers::shared());
    read.expect("a scenario").remove(0)
}

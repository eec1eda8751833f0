//! Billing: prices, metered usage, Cost Explorer and the Pricing API.
//!
//! The billed services only report when a usage begins and ends.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

pub mod bill;
pub mod cost_explorer;
pub mod prices;
pub mod pricing;
pub mod usage;

/// The tag that identifies a run's resources.
pub const RUN_TAG: &str = "kubeproof:run";

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// A cost allocation tag of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostTag {
    /// Whether bills show it.
    pub active: bool,
    /// When its status last changed; `None` if it never did.
    pub changed_at: Option<Timestamp>,
}

/// Billing settings: which cost allocation tags are active, and since when.
#[derive(Clone, Debug)]
pub struct Billing {
    /// Cost allocation tags by key.
    pub cost_tags: BTreeMap<String, CostTag>,
    /// The number of Cost Explorer requests: each is billed.
    pub requests: u64,
    /// Messages about usage that has no price of its own in the region.
    pub unpriced: BTreeSet<String>,
}

impl Default for Billing {
    fn default() -> Self {
        let tag = CostTag {
            active: true,
            changed_at: None,
        };
        Self {
            cost_tags: BTreeMap::from([
                (RUN_TAG.to_owned(), tag.clone()),
                // What EKS gives to instances and volumes of managed node groups.
                ("eks:cluster-name".to_owned(), tag),
            ]),
            requests: 0,
            unpriced: BTreeSet::new(),
        }
    }
}

/// The run that the tags name.
pub fn run_of(tags: &Tags) -> Option<String> {
    tags.get(RUN_TAG).cloned()
}

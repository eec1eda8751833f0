//! The inputs of a cost comparison.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Billed, Charge, Estimate};

/// The inputs of a cost comparison.
#[derive(Clone, Debug)]
pub struct CostInputs {
    /// What the provisioner claims, US dollars an hour.
    pub claimed: Option<Decimal>,
    pub estimate: Estimate,
    /// The planned duration, minutes.
    pub planned_minutes: u32,
    /// Per usage (see [`super::lines::key`]), the estimate for the lifetimes that were observed.
    pub lifetime_usd: BTreeMap<String, Decimal>,
    /// What the simulator's meter counted, in rehearsal.
    pub metered: Option<Vec<Charge>>,
    /// What the billing data say, or why they could not be read.
    pub billed: Bill,
    /// The ids of resources that outlived the run.
    pub orphans: BTreeSet<String>,
    /// What was used and has no known price.
    pub unpriced: Vec<String>,
    /// Greatest difference that passes, percent.
    pub tolerance_percent: u32,
}

impl CostInputs {
    /// Whether the cloud bills a line without tags.
    pub(super) fn is_shared(&self, line: &str) -> bool {
        match &self.billed {
            Bill::Read(bill) => bill.shared_lines.iter().any(|shared| shared == line),
            _ => false,
        }
    }

    /// Whether the estimate leaves out on purpose what these charges are for.
    pub(super) fn is_left_out(&self, charges: &[Charge]) -> bool {
        let left_out = &self.estimate.left_out_usage_types;
        let mut types = charges.iter().map(|charge| &charge.usage_type);
        !charges.is_empty() && types.all(|usage| left_out.contains(usage))
    }
}

/// What became of the bill.
#[derive(Clone, Debug)]
pub enum Bill {
    Read(Billed),
    /// It is not there yet.
    Pending(String),
    /// It could not be read.
    Unreadable(String),
    /// There never will be one to read: the cloud has no billing data.
    Never(String),
    /// It is not read in this trial.
    NotAsked(String),
}

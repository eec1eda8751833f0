//! How a bill was read: what it is compared with, and what it said at each reading.
//!
//! Billing data come late and are revised. So a record keeps all readings, and its cost is pending until they are final.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Charge, Estimate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a bill has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BillState {
    /// It shows nothing of the run, or could not be read.
    Pending,
    /// It shows the run, and may still change.
    Provisional,
    /// It has not changed for a day, two days and more after the run.
    Stable,
    /// The cloud has closed it.
    Final,
}

impl fmt::Display for BillState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Provisional => "provisional",
            Self::Stable => "stable",
            Self::Final => "final",
        })
    }
}

/// The bill of a run: what it is compared with, which is fixed when the run ends, and all readings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunBill {
    /// When the first thing was created.
    pub from: Timestamp,
    /// When the run had ended, teardown and audit included.
    pub until: Timestamp,
    /// When the cloud can be expected to have closed it.
    pub final_after: Timestamp,
    /// The estimate that it is compared with.
    pub estimate: Estimate,
    /// The planned duration, minutes.
    pub planned_minutes: u32,
    /// By usage, the estimate for the times at which the run's resources lived, US dollars.
    pub lifetime_usd: BTreeMap<String, Decimal>,
    /// The readings, in the order of time.
    pub readings: Vec<BillReading>,
}

impl RunBill {
    /// How far it has come, by its last reading.
    pub fn state(&self) -> BillState {
        let last = self.readings.last();
        last.map_or(BillState::Pending, |reading| reading.state)
    }
}

/// What the billing data said at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BillReading {
    /// When they were read.
    pub read_at: Timestamp,
    /// How far the bill had come by then.
    pub state: BillState,
    /// The sum of the run's charges before credits, US dollars; `null` where there was none.
    pub usd: Option<Decimal>,
    /// The run's charges, before credits.
    pub charges: Vec<Charge>,
    /// The lines that the cloud bills without tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_lines: Vec<String>,
    /// The beginning of the last hour or day in which anything of the run was used, if the data tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
    /// Whether the cloud says that these data are closed.
    pub is_closed: bool,
    /// What the provider says of them.
    pub notes: Vec<String>,
    /// Why they could not be read, if they could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

//! Cost as plain data: claimed, estimated, metered and billed lines.
//!
//! Money is decimal US dollars, quantities carry their unit. Verdicts over these are the harness's.

use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of an estimate: what a resource costs while it exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EstimateLine {
    /// The stable name of the line, the same in metered and billed lines (`nat_gateway`, `control_plane`).
    pub line: String,
    /// What it is, with its count: `2 × NAT gateway`.
    pub title: String,
    /// List price of all of it for one hour, US dollars.
    pub usd_per_hour: Decimal,
    /// Least cost for the planned duration, over all start minutes, US dollars.
    pub min_usd: Decimal,
    /// Expected cost over a uniformly chosen start minute, US dollars.
    pub expected_usd: Decimal,
    /// Greatest cost for the planned duration, over all start minutes, US dollars.
    pub max_usd: Decimal,
    /// Cost for the planned start and duration, US dollars; `None` when the start is not known.
    pub planned_usd: Option<Decimal>,
    /// The source of the price, with its date.
    pub source: String,
    /// How many resources of the same price the line adds up.
    #[serde(default = "one")]
    pub count: u32,
    /// The cloud's usage types that the line covers: a charge of another usage type is another line.
    /// Empty: every charge with the line's name belongs to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usage_types: Vec<String>,
}

fn one() -> u32 {
    1
}

impl EstimateLine {
    /// Whether a charge belongs to this line: the same line name and one of its usage types.
    pub fn covers(&self, charge: &Charge) -> bool {
        self.line == charge.line
            && (self.usage_types.is_empty() || self.usage_types.contains(&charge.usage_type))
    }

    /// Whether both lines cover the same usage, so that they can be added.
    pub fn is_same_usage(&self, other: &Self) -> bool {
        self.line == other.line && self.usage_types == other.usage_types
    }
}

/// The estimate of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The lines of the cluster.
    pub lines: Vec<EstimateLine>,
    /// The lines of what the scenario's job creates without the provisioner knowing: not part of the
    /// cluster's list price, but on the same bill.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<EstimateLine>,
    /// What it leaves out on purpose and why (traffic, burst credits), for the reader.
    pub left_out: Vec<String>,
    /// The usage types of what is left out: their charges count in the total, but have no line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out_usage_types: Vec<String>,
    /// What has no known price. If there is any, the cost is unknown and every sum is only a part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpriced: Vec<String>,
}

impl Estimate {
    /// All lines: those of the cluster, then those of the job.
    pub fn all_lines(&self) -> impl Iterator<Item = &EstimateLine> {
        self.lines.iter().chain(&self.workload)
    }

    /// List price of one hour of the cluster, US dollars.
    pub fn usd_per_hour(&self) -> Decimal {
        self.lines.iter().map(|line| line.usd_per_hour).sum()
    }

    /// Expected cost of the cluster for the planned duration, US dollars.
    pub fn expected_usd(&self) -> Decimal {
        self.lines.iter().map(|line| line.expected_usd).sum()
    }

    /// The most that the planned duration can cost for any start, including what the job creates, US dollars.
    pub fn max_usd(&self) -> Decimal {
        self.all_lines().map(|line| line.max_usd).sum()
    }

    /// What the planned start and duration cost, including what the job creates, US dollars. `None` when
    /// the start is not known.
    pub fn planned_usd(&self) -> Option<Decimal> {
        self.all_lines().map(|line| line.planned_usd).sum()
    }
}

/// A charge on a meter or a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Charge {
    /// The stable name of the line (see [`EstimateLine::line`]), or the usage type when none fits.
    pub line: String,
    /// The cloud's own name of the usage, such as `NatGateway-Hours`.
    pub usage_type: String,
    /// The resource, if the source names it.
    pub resource_id: Option<String>,
    /// The run that its tags name, if the source has them.
    pub run_id: Option<String>,
    /// Billed quantity after rounding.
    pub quantity: Decimal,
    /// Unit of the quantity.
    pub unit: String,
    /// US dollars before credits.
    pub usd: Decimal,
}

/// The charges of a run in the cloud's billing data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Billed {
    /// The charges that belong to the run.
    pub charges: Vec<Charge>,
    /// Whether the data are final. `false` makes the cost verdict `pending`.
    pub is_final: bool,
    /// How the run's charges were told from those of other users of the account, and where that
    /// was not possible.
    pub attribution: Vec<String>,
    /// The lines that the cloud bills without tags: the run's share is known by time and count only, and
    /// may include the usage of others.
    #[serde(default)]
    pub shared_lines: Vec<String>,
    /// The beginning of the last hour or day in which anything of the run was used: a run that was over by then has
    /// left something. `None` where the data do not tell.
    #[serde(default)]
    pub last_used: Option<Timestamp>,
    /// When the billing data were read.
    pub read_at: Timestamp,
}

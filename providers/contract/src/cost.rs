//! Cost as plain data: claimed, estimated, metered and billed lines.
//!
//! Money is decimal US dollars, quantities carry their unit. Verdicts over these are the harness's.

use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of an estimate: what a thing costs while it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EstimateLine {
    /// The stable name of the line, the same in metered and billed lines (`nat_gateway`, `control_plane`).
    pub line: String,
    /// What it is, in words, with counts: `2 × NAT gateway`.
    pub title: String,
    /// List price of all of it for one hour, US dollars.
    pub usd_per_hour: Decimal,
    /// Least cost over the start minute for the planned duration, US dollars.
    pub min_usd: Decimal,
    /// Expected cost over a uniformly chosen start minute, US dollars.
    pub expected_usd: Decimal,
    /// Greatest cost over the start minute, US dollars.
    pub max_usd: Decimal,
    /// Cost for the planned start and duration, US dollars, when the start is known.
    pub planned_usd: Option<Decimal>,
    /// Where the price is from, with its date.
    pub source: String,
}

/// The estimate of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// Its lines.
    pub lines: Vec<EstimateLine>,
    /// What it leaves out on purpose and why (traffic, burst credits), for the reader.
    pub left_out: Vec<String>,
}

impl Estimate {
    /// List price of one hour of everything, US dollars.
    pub fn usd_per_hour(&self) -> Decimal {
        self.lines.iter().map(|line| line.usd_per_hour).sum()
    }

    /// Expected cost of the planned duration, US dollars.
    pub fn expected_usd(&self) -> Decimal {
        self.lines.iter().map(|line| line.expected_usd).sum()
    }
}

/// A charge as a meter or a bill shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Charge {
    /// The stable name of the line (see [`EstimateLine::line`]), or the usage type when none fits.
    pub line: String,
    /// The cloud's own name of the usage, such as `NatGateway-Hours`.
    pub usage_type: String,
    /// The resource, when the source says so.
    pub resource_id: Option<String>,
    /// The run that its tags name, when the source says so.
    pub run_id: Option<String>,
    /// Billed quantity after rounding.
    pub quantity: Decimal,
    /// Unit of the quantity.
    pub unit: String,
    /// US dollars before credits.
    pub usd: Decimal,
}

/// What the cloud's billing data say of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Billed {
    /// The charges that belong to the run.
    pub charges: Vec<Charge>,
    /// Whether the data are final. `false` makes the cost verdict `pending`.
    pub is_final: bool,
    /// How charges were told apart from other users of the account, and what could not be.
    pub attribution: Vec<String>,
    /// When they were read.
    pub read_at: Timestamp,
}

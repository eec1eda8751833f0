//! The record of a trial: plain data, the stable JSON that scripts rely on.
//!
//! Money is written as decimal text, so that no reader changes it by parsing it as a float.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use kubeproof_contract::Decimal;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::cost::{Charge, EstimateLine};
use kubeproof_contract::journal::Call;
use kubeproof_contract::scenario::Tier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bill::RunBill;

/// One run of one scenario, or of one forced partial failure of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The version of the form of this record, as of every JSON output. Records of the first form may lack it.
    #[serde(default = "first_version")]
    pub schema_version: u32,
    /// The version of kubeproof that wrote it; `null` in records of versions that did not write it.
    #[serde(default)]
    pub tool_version: Option<String>,
    /// Id of the run; the tag that its resources carried.
    pub run_id: String,
    /// Scenario name, or `<scenario>/<failure>` for the trial of a forced partial failure.
    pub scenario: String,
    /// The scenario file, as given.
    pub file: String,
    /// Provider name.
    pub provider: String,
    /// Provider name for people.
    pub provider_title: String,
    /// Name of the provisioner under test.
    pub provisioner: String,
    /// Tier of evidence.
    pub tier: Tier,
    /// Seed of the trial.
    pub seed: u64,
    /// `virtual` or `real`.
    pub clock: String,
    /// When the trial began, in its own clock.
    pub started_at: Timestamp,
    /// When it ended, in its own clock (waiting for the bill not included).
    pub finished_at: Timestamp,
    /// Seconds of the trial in its own clock.
    pub seconds: u64,
    /// Real milliseconds that the trial took.
    pub elapsed_milliseconds: u64,
    /// Number of API calls.
    pub calls: u64,
    /// Hash over the journal: equal runs have equal hashes.
    pub journal_hash: String,
    /// The verdict of the whole trial.
    pub verdict: Verdict,
    /// Time to a ready cluster, when provisioning succeeded.
    pub ready: Option<Ready>,
    /// Phases in order.
    pub phases: Vec<Phase>,
    /// Rows of the checklist.
    pub checks: Vec<Check>,
    /// The audit.
    pub audit: Audit,
    /// The cost comparison.
    pub cost: Cost,
    /// The requested faults, with how often they were injected.
    pub faults: Vec<FaultRecord>,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// What is wrong and the scenario accepts, each with the reason. It does not fail the trial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<AllowedFinding>,
    /// Whether a person has attested it. Never read from a record: a signature beside it says so.
    #[serde(skip)]
    pub attested: bool,
    /// The calls of the trial, where they are at hand: they are in a file beside the record, never in it.
    #[serde(skip)]
    pub journal: Arc<[Call]>,
    /// The text of the scenario, where it is at hand; never in the record.
    #[serde(skip)]
    pub text: Arc<str>,
}

/// The version of the form of records that do not say it.
fn first_version() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Time to a ready cluster, beside the shortest that the cloud's own durations allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ready {
    /// Seconds from the first call of provisioning until it said ready.
    pub seconds: u64,
    /// Seconds of the longest chain of dependent operations; known in rehearsal only.
    pub floor_seconds: Option<u64>,
    /// That chain, as text.
    pub chain: Option<String>,
}

/// One phase of a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// `preflight`, `baseline`, `provision`, `checks`, `run_job`, `hold`, `retry`, `teardown`, `audit`, `cost`, …
    pub name: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Seconds in the trial's clock.
    pub seconds: u64,
    /// API calls made in it.
    pub calls: u64,
    /// What happened.
    pub message: String,
}

/// The audit: is the account back at its baseline?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// `pass` when clean and covered; `unknown` when any cell could not be listed; `fail` when anything is left, missing
    /// or changed.
    pub verdict: Verdict,
    /// Resources that outlived the run.
    pub orphans: Vec<Orphan>,
    /// What was listed.
    pub coverage: Coverage,
    /// Resources that remain on purpose, with the reason.
    pub stays: Vec<String>,
    /// How many further resources outlived the run and are accepted by the scenario: `allowed` of the record has them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub allowed: u64,
    /// Resources that were not the run's to remove, and that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Touched>,
    /// Resources that were not the run's to change, and that are no longer what they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Touched>,
}

impl Audit {
    /// An audit with this verdict that listed nothing and found nothing.
    pub fn empty(verdict: Verdict) -> Self {
        Self {
            verdict,
            orphans: Vec::new(),
            coverage: Coverage::default(),
            stays: Vec::new(),
            allowed: 0,
            missing: Vec::new(),
            changed: Vec::new(),
        }
    }

    /// Gives each resource its scope, which `absolute` makes from its region.
    pub fn place(&mut self, absolute: impl Fn(&str) -> String) {
        for orphan in &mut self.orphans {
            orphan.scope = Some(absolute(&orphan.region));
        }
        for touched in self.missing.iter_mut().chain(&mut self.changed) {
            touched.scope = Some(absolute(&touched.region));
        }
    }
}

/// A bystander: a resource that was not the run's and was removed or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Touched {
    /// Resource type.
    pub resource_type: String,
    /// Id.
    pub id: String,
    /// Name, when it has one.
    pub name: Option<String>,
    /// Region or `global`.
    pub region: String,
    /// Scope, with provider and account. Older versions did not write it.
    #[serde(default)]
    pub scope: Option<String>,
    /// What it costs a month of 730 hours, US dollars; `null` when no price is known.
    pub monthly_cost_usd: Option<Decimal>,
    /// What became of it, and why it was not the run's.
    pub why: String,
}

/// A resource that outlived its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Orphan {
    /// Resource type.
    pub resource_type: String,
    /// Id.
    pub id: String,
    /// Name, when it has one.
    pub name: Option<String>,
    /// Region or `global`.
    pub region: String,
    /// Scope, with provider and account. Older versions did not write it.
    #[serde(default)]
    pub scope: Option<String>,
    /// What keeping it costs a month of 730 hours, US dollars; `null` when no price is known.
    pub monthly_cost_usd: Option<Decimal>,
    /// What one request to it would start, with its price, where it costs nothing as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_when_used: Option<String>,
    /// Why it belongs to the run.
    pub proofs: Vec<String>,
    /// The id of the orphan that it is a part of: the network of a subnet, the cluster of a node group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
}

/// What an audit listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Cells: account × region × resource type.
    pub cells: u64,
    /// Cells that were listed to their last page.
    pub listed: u64,
    /// Cells that could not be listed, with the reason.
    pub failed: Vec<String>,
    /// Resource types and regions that are outside these cells, and how far they are seen all the same.
    #[serde(default)]
    pub not_covered: Vec<String>,
}

/// The cost comparison of a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Its verdict.
    pub verdict: Verdict,
    /// What the provisioner claims, US dollars an hour.
    pub claimed_usd_per_hour: Option<Decimal>,
    /// List price of everything, US dollars an hour.
    pub list_usd_per_hour: Option<Decimal>,
    /// Estimate for the times at which the run's resources lived, US dollars.
    pub estimated: Option<Decimal>,
    /// What the simulator's meter counted, US dollars; rehearsal only.
    pub metered: Option<Decimal>,
    /// What the cloud's billing data say, US dollars.
    pub billed: Option<Decimal>,
    /// The bill (or, while there is none, the meter) less the estimate, in percent of the bill: positive when
    /// the estimate is below the bill. Exact, not rounded; the same times are compared, so that what differs
    /// is the price.
    pub deviation_percent: Option<Decimal>,
    /// The estimate for the planned duration from the first call on, US dollars.
    #[serde(default)]
    pub planned: Option<Decimal>,
    /// The bill (or the meter) less that plan, in percent of the bill: positive when the plan is below the
    /// bill, as when the run took longer than planned. It is said and not judged.
    #[serde(default)]
    pub plan_deviation_percent: Option<Decimal>,
    /// Greatest difference that passes, percent.
    pub tolerance_percent: u32,
    /// Whether nothing is billed at all, so there is nothing to compare; `message` says why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub free: bool,
    /// Per line.
    pub lines: Vec<CostLine>,
    /// What the bill says besides its lines: how the run's charges were told from those of others, what was credited,
    /// and why it is not final. Empty where no bill was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bill_notes: Vec<String>,
    /// The readings of the bill of a live run, and what they are compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<RunBill>,
    /// What it means.
    pub message: String,
}

impl Cost {
    /// A comparison with this verdict that has no figures, and why.
    pub fn none(verdict: Verdict, why: &str) -> Self {
        Self {
            verdict,
            claimed_usd_per_hour: None,
            list_usd_per_hour: None,
            estimated: None,
            metered: None,
            billed: None,
            deviation_percent: None,
            planned: None,
            plan_deviation_percent: None,
            tolerance_percent: 0,
            free: false,
            lines: Vec::new(),
            bill_notes: Vec::new(),
            bill: None,
            message: why.to_owned(),
        }
    }
}

/// One line of the cost comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CostLine {
    /// Stable name: `nat_gateway`.
    pub line: String,
    /// The estimate of the line; `None` when only meter or bill know it.
    pub estimate: Option<EstimateLine>,
    /// Estimated, US dollars, for the times that were lived.
    pub estimated: Option<Decimal>,
    /// Metered, US dollars.
    pub metered: Option<Decimal>,
    /// Billed, US dollars.
    pub billed: Option<Decimal>,
    /// Why estimate and bill differ, if they do: price, time, rounding, missing line, attribution, orphan,
    /// credit. Amounts in it are the bill less the estimate.
    pub gap: Option<String>,
    /// What the line alone comes to; `None` where lines are not judged, as while the bill is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The charges behind it.
    pub charges: Vec<Charge>,
}

/// A requested fault, and how often it was injected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultRecord {
    /// The fault in its written form.
    pub fault: String,
    /// Calls into which it could have been injected.
    pub seen: u64,
    /// Calls into which it was injected. Zero proves nothing.
    #[serde(rename = "struck")]
    pub injected: u64,
}

/// Something wrong that the scenario accepts (`allow`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllowedFinding {
    /// What is wrong.
    pub finding: Finding,
    /// Why that is accepted.
    pub permission: Permission,
}

/// Why a scenario accepts something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Permission {
    /// The entry of the scenario: `type elastic_ip`, `finding F-0123456789`.
    pub by: String,
    /// Its reason.
    pub reason: String,
    /// The last day on which it counts, if there is one.
    pub until: Option<Date>,
}

impl Permission {
    /// `allowed until 2027-01-31 (type elastic_ip): reason`.
    pub fn words(&self) -> String {
        let until = self.until.map(|day| format!(" until {day}"));
        let until = until.unwrap_or_else(|| ", with no last day".to_owned());
        format!("allowed{until} ({}): {}", self.by, self.reason.trim())
    }
}

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Its id, the same in every run that finds the same; empty in records of versions that did not write it.
    #[serde(default)]
    pub id: String,
    /// The oracle or phase that found it: `O1 orphans`, `O2 duplicates`, `cost`, `checks`, …
    pub oracle: String,
    /// What is wrong: which resource, what it costs a month, what was expected.
    pub message: String,
    /// A command that replays it.
    pub replay: String,
    /// The phase in which it was found, where it was found in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
}

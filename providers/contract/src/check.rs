//! Verdicts and checks: what was checked, and with what result.
//!
//! Plain data, shared by providers (which evaluate checks) and reports (which show them). `unknown` never
//! counts as `pass`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict of a check, phase, audit or cost comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Observed to be right.
    Pass,
    /// Observed to be wrong.
    Fail,
    /// Could not be determined.
    Unknown,
    /// Billing data are not final yet.
    Pending,
    /// Not checked; the message says why.
    Skipped,
}

impl Verdict {
    /// The verdict of a whole from its parts: fail beats unknown beats pending beats pass. Skipped
    /// parts do not count; with only skipped parts, or none, the whole is `Skipped`.
    pub fn of_all(parts: impl IntoIterator<Item = Self>) -> Self {
        let rank = |verdict: Self| match verdict {
            Self::Skipped => 0,
            Self::Pass => 1,
            Self::Pending => 2,
            Self::Unknown => 3,
            Self::Fail => 4,
        };
        parts
            .into_iter()
            .max_by_key(|verdict| rank(*verdict))
            .unwrap_or(Self::Skipped)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::Skipped => "skipped",
        })
    }
}

/// One row of the checklist, evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The id of the checklist row, such as `aws.vpc`.
    pub id: String,
    /// What the check must show, for the reader.
    pub title: String,
    /// The result.
    pub verdict: Verdict,
    /// The evidence: what was examined and what it showed. Never a secret.
    pub evidence: String,
}

impl Check {
    /// A check with a verdict and its evidence.
    pub fn new(id: &str, title: &str, verdict: Verdict, evidence: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            verdict,
            evidence: evidence.into(),
        }
    }

    /// `Pass` with `seen` as the evidence when `wrong` is empty, otherwise `Fail` with `wrong` as the evidence.
    pub fn judged(id: &str, title: &str, wrong: &[String], seen: impl Into<String>) -> Self {
        if wrong.is_empty() {
            Self::new(id, title, Verdict::Pass, seen)
        } else {
            Self::new(id, title, Verdict::Fail, wrong.join("; "))
        }
    }
}

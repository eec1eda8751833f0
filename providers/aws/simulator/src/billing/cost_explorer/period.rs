//! The period that a Cost Explorer request asks for, cut into days or months.
//!
//! Whether an amount is final (`Estimated`) depends on the calendar alone.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use kubeproof_simkit::meter::utc_date;
use serde_json::Value;

use super::invalid;
use crate::wire::error::AwsError;

/// How many days into the next month a month's bill may still change.
const FINAL_AFTER_DAYS: i64 = 7;
/// How many months back Cost Explorer has data.
const MONTHS_BACK: i64 = 14;

/// A period from one date up to another, and its granularity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedPeriod {
    start: Date,
    end: Date,
    monthly: bool,
}

/// One day or month of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The first day.
    pub start: Date,
    /// The day after the last.
    pub end: Date,
}

impl RequestedPeriod {
    /// Reads `TimePeriod` and `Granularity`.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn read(json: &Value, now: Timestamp) -> Result<Self, AwsError> {
        let date = |name: &str| {
            json["TimePeriod"][name]
                .as_str()
                .and_then(|text| text.parse::<Date>().ok())
                .ok_or_else(|| invalid(format!("{name} time is not valid. Use YYYY-MM-DD.")))
        };
        let (start, end) = (date("Start")?, date("End")?);
        let monthly = match json["Granularity"].as_str() {
            None | Some("MONTHLY") => true,
            Some("DAILY") => false,
            Some("HOURLY") => {
                return Err(invalid(
                    "Hourly granularity is not enabled for this account: opt in to hourly and \
                     resource level data in the Cost Management preferences.",
                ));
            }
            Some(other) => {
                return Err(invalid(format!(
                    "Granularity should be either 'MONTHLY', 'DAILY' or 'HOURLY', not '{other}'"
                )));
            }
        };
        let today = utc_date(now);
        let earliest = today
            .first_of_month()
            .saturating_sub(Span::new().months(MONTHS_BACK));
        let latest = today.first_of_month().saturating_add(Span::new().months(1));
        if start >= end {
            return Err(invalid(
                "Start date (and hour) should be before end date (and hour)",
            ));
        }
        if start > today {
            return Err(invalid("Start date (and hour) must not be in the future"));
        }
        if start < earliest {
            return Err(invalid(format!(
                "You haven't enabled historical data beyond {MONTHS_BACK} months"
            )));
        }
        if end > latest {
            return Err(invalid("end date past the beginning of next month"));
        }
        Ok(Self {
            start,
            end,
            monthly,
        })
    }

    /// Whether the period is requested by day.
    pub fn contains(&self, day: Date) -> bool {
        (self.start..self.end).contains(&day)
    }

    /// The days or months, in order. Limited by how far back a request may go.
    pub fn buckets(&self) -> Vec<Bucket> {
        let step = |start: Date| {
            let next = if self.monthly {
                start.first_of_month().saturating_add(Span::new().months(1))
            } else {
                start.saturating_add(Span::new().days(1))
            };
            Bucket {
                start,
                end: next.min(self.end),
            }
        };
        std::iter::successors(Some(step(self.start)), |bucket| {
            (bucket.end < self.end).then(|| step(bucket.end))
        })
        .collect()
    }
}

impl Bucket {
    /// Whether a day is in it.
    pub fn contains(&self, day: Date) -> bool {
        (self.start..self.end).contains(&day)
    }

    /// Whether its amounts may still change: while its month is open, and for some days after.
    pub fn is_estimated(&self, now: Timestamp) -> bool {
        let next_month = self
            .start
            .first_of_month()
            .saturating_add(Span::new().months(1));
        utc_date(now) < next_month.saturating_add(Span::new().days(FINAL_AFTER_DAYS))
    }
}

//! The cost comparison: claimed, estimated, metered, billed; line by line, with each mismatch named. Pure.
//!
//! Cost is judged line by line (a line is one usage type) and in total; the worst of them is the verdict. A deviation is
//! the actual amount (the bill, else the meter) minus the estimate, in percent of the actual amount: positive when the
//! estimate is below, which the report also says. The estimate is priced for the actual lifetimes, so the deviation is
//! that of the price. That of the plan (the planned minutes from the first call on) is reported as well but not judged,
//! since limits and O4 bound the time. What the estimate leaves out on purpose counts only in the total.
//!
//! | known about one line | verdict |
//! |---|---|
//! | estimate and actual amount differ by less than $0.0005, or by no more than `tolerance_percent` | pass |
//! | the meter differs from the estimate by more | fail |
//! | the meter agrees, the bill shows less or nothing: the usage does not carry the run's tag | unknown |
//! | the meter agrees, the bill shows more | fail; pass where the cloud bills the line without tags (it includes other people's usage) |
//! | no meter, the bill differs by more | fail; unknown where it shows more and the line is billed without tags |
//! | no meter, the bill shows nothing of the line | unknown |
//! | the estimate has no such line, or zero, and there was usage | fail, whatever the tolerance |
//! | a price is not known (a region, an instance type) | the whole cost is unknown; everything else is judged |

pub mod claimed_rate;
pub mod compare;
pub mod inputs;
mod judge;
pub mod lifetimes;
mod line_verdicts;
pub mod lines;
pub mod mismatch;
pub mod observed;
#[cfg(test)]
mod samples;
pub mod settlement;
pub mod shortest;
mod sums;

pub use kubeproof_reports::money::{dollars as usd, fixed};

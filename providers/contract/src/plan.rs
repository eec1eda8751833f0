//! The plan of a scenario: what follows from the scenario and price tables alone, without a connection.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::cost::Estimate;
use crate::marks::Naming;
use crate::resource::{MonthlyCost, Resource};

/// What an estimate needs besides the scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceContext {
    /// The date assumed where no start is known.
    pub today: Timestamp,
    /// What the cloud itself said that things cost, US dollars an hour, by its own names of them. Empty: it was
    /// not asked, or has no API for it.
    pub listed: BTreeMap<String, Decimal>,
}

impl PriceContext {
    /// Prices from tables alone, at this date.
    pub fn at(today: Timestamp) -> Self {
        Self {
            today,
            listed: BTreeMap::new(),
        }
    }
}

/// No limit to how many of a type there may be.
pub const UNLIMITED: usize = usize::MAX;

/// Counts, estimates, names and marks.
pub trait Plan: Naming + Send + Sync {
    /// The number of nodes that the scenario asks for; 0 where the cloud makes them as pods need them.
    fn nodes_expected(&self) -> usize;

    /// The largest number of live resources per type that the scenario can need; more are duplicates. [`UNLIMITED`]
    /// where a program may make more than the scenario names. Types that are absent are none that it needs.
    fn most_at_once(&self) -> BTreeMap<String, usize>;

    /// The estimate per line for a start (if known) and a duration in minutes.
    fn estimate(
        &self,
        prices: &PriceContext,
        start: Option<Timestamp>,
        duration_minutes: u32,
    ) -> Estimate;

    /// The estimate per line for exactly this time, as if each resource had existed for all of it. The default
    /// rounds up to whole minutes.
    fn estimate_between(&self, prices: &PriceContext, from: Timestamp, to: Timestamp) -> Estimate {
        let seconds = to.duration_since(from).as_secs().max(1);
        let minutes = u32::try_from((seconds + 59) / 60).unwrap_or(u32::MAX);
        self.estimate(prices, Some(from), minutes)
    }

    /// What keeping this resource costs per month; `None` when no price is known.
    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost>;

    /// The line of the estimate that this resource is charged under, if there is one for its type. A live bill may not
    /// name resources, so that this alone says whose lifetimes a line is estimated for.
    fn cost_line(&self, _resource: &Resource) -> Option<&'static str> {
        None
    }

    /// What one request to a resource that costs nothing now would start, with its price; `None` where nothing would be.
    fn starts_when_used(&self, _resource: &Resource) -> Option<String> {
        None
    }

    /// Why this provider bills nothing, if that is so.
    fn free_because(&self) -> Option<&'static str> {
        None
    }
}

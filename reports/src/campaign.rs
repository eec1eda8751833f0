//! The record of a fault campaign: plain data, the stable JSON that scripts rely on.
//!
//! Of the thousands of lifecycles only the findings are kept. The records of shards add up to that of the whole
//! campaign.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod page;
pub mod portion;
pub mod render;

use portion::Portion;

/// How many faults that were not injected for a known reason are named.
const EXPLAINED_NAMED: usize = 10_000;
/// How many lifecycles that were not run are named.
const NOT_RUN_NAMED: usize = 10_000;

/// What a campaign has shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Campaign {
    /// Names of the scenarios.
    pub scenarios: Vec<String>,
    /// Seed.
    pub seed: u64,
    /// Which portions of campaigns it is made of.
    #[serde(default)]
    pub portions: Vec<Portion>,
    /// Lifecycles that were run, the clean ones not counted.
    pub lifecycles: u64,
    /// API calls in them.
    pub calls: u64,
    /// Faults that were planned, over all lifecycles.
    pub fault_points: u64,
    /// Faults that were injected where they were aimed.
    pub exercised: u64,
    /// Faults that were not.
    pub unreached: Vec<Unreached>,
    /// Further faults that were not injected because another fault of their lifecycle changed its course; not named.
    #[serde(default)]
    pub unreached_unnamed: u64,
    /// What is wrong.
    pub findings: Vec<CampaignFinding>,
    /// What is wrong although no provisioner could do better: shown, but not counted as a finding.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// What is wrong and the scenario accepts, with its reason: shown, but not counted as a finding.
    #[serde(default)]
    pub allowed: Vec<Limit>,
    /// What could not be determined.
    pub unknown: Vec<String>,
    /// Calls of a program that are not the same in all clean runs, so that nothing was aimed at them.
    #[serde(default)]
    pub unstable: Vec<String>,
    /// Lifecycles of the plan that were not run, by their faults.
    #[serde(default)]
    pub not_run: Vec<String>,
    /// Further ones, not named.
    #[serde(default)]
    pub not_run_unnamed: u64,
    /// Lifecycles by call and effect.
    pub heat: Vec<Heat>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// When it ended; older versions did not write it.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// Real seconds; for merged records their sum.
    pub elapsed_seconds: f64,
    /// One hash over the journals of all lifecycles, in whatever order they were run.
    pub trace_hash: String,
}

/// A fault that was not injected where it was aimed. It proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unreached {
    /// Scenario.
    pub scenario: String,
    /// All faults of the lifecycle.
    pub faults: Vec<String>,
    /// The one that was not injected.
    pub fault: String,
    /// Why, when that is known.
    pub reason: Option<String>,
    /// Calls of its name that were made.
    pub seen: u64,
}

/// Something wrong after a fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct CampaignFinding {
    /// Scenario.
    pub scenario: String,
    /// The faults that it needs; none when the clean run shows it already.
    pub faults: Vec<String>,
    /// The part of the lifecycle that the first of them is aimed at.
    pub part: Option<String>,
    /// The oracle that found it.
    pub oracle: String,
    /// What is wrong: which resource, what it costs.
    pub message: String,
    /// The calls around the first one into which a fault was injected.
    pub calls: Vec<String>,
    /// The command that replays exactly this lifecycle.
    pub replay: String,
    /// Its id, the same in every campaign that finds the same; empty in records of versions that did not write it.
    #[serde(default)]
    pub id: String,
}

/// Something wrong that is no finding: no provisioner could avoid it, because of a limit of the cloud, or the scenario
/// accepts it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// What is wrong.
    pub finding: CampaignFinding,
    /// Why no provisioner could do better, with the source; or why the scenario accepts it, and until when.
    pub why: String,
}

/// Lifecycles in which an effect was aimed at a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Heat {
    /// The call.
    pub call: String,
    /// The effect, without its argument.
    pub effect: String,
    /// The number of lifecycles.
    pub lifecycles: u64,
    /// How many of them have findings.
    pub findings: u64,
    /// How many of them in which it was not injected.
    pub unreached: u64,
}

/// Adds counts, which may come from a file with any content.
fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

impl Campaign {
    /// Adds to a cell of the heat table.
    pub fn heat(&mut self, more: Heat) {
        // Sorted, so that a cell is found quickly: there are thousands, and hundreds of thousands of lifecycles.
        let place = |cell: &Heat| {
            let calls = cell.call.cmp(&more.call);
            calls.then_with(|| cell.effect.cmp(&more.effect))
        };
        match self.heat.binary_search_by(place) {
            Ok(index) => {
                let cell = &mut self.heat[index];
                add(&mut cell.lifecycles, more.lifecycles);
                add(&mut cell.findings, more.findings);
                add(&mut cell.unreached, more.unreached);
            }
            Err(index) => self.heat.insert(index, more),
        }
    }

    /// Notes a fault that was not injected. Of those that another fault explains the first are named, and the
    /// rest are counted: pairs have hundreds of thousands.
    pub fn not_reached(&mut self, one: Unreached) {
        if one.reason.is_some() && self.unreached.len() >= EXPLAINED_NAMED {
            add(&mut self.unreached_unnamed, 1);
        } else {
            self.unreached.push(one);
        }
    }

    /// Notes a lifecycle of the plan that was not run.
    pub fn was_not_run(&mut self, text: impl FnOnce() -> String) {
        if self.not_run.len() < NOT_RUN_NAMED {
            self.not_run.push(text());
        } else {
            add(&mut self.not_run_unnamed, 1);
        }
    }

    /// How many lifecycles of the plan were not run.
    pub fn not_run_count(&self) -> u64 {
        let named = u64::try_from(self.not_run.len()).unwrap_or(u64::MAX);
        named.saturating_add(self.not_run_unnamed)
    }

    /// How many faults were not injected where they were aimed.
    pub fn unreached_count(&self) -> u64 {
        let named = u64::try_from(self.unreached.len()).unwrap_or(u64::MAX);
        named.saturating_add(self.unreached_unnamed)
    }

    /// Adds the trace of a lifecycle. Order does not matter, so that threads and shards do not change the sum.
    pub fn add_trace(&mut self, trace: &str) {
        let hash = kubeproof_contract::journal::digest(trace.as_bytes());
        self.add_hash(&hash);
    }

    fn add_hash(&mut self, hash: &str) {
        let number = |text: &str| u64::from_str_radix(text, 16).unwrap_or(0);
        let sum = number(&self.trace_hash).wrapping_add(number(hash));
        self.trace_hash = format!("{sum:016x}");
    }

    /// Adds another campaign: another scenario, or another shard of the same.
    pub fn merge(&mut self, other: Self) {
        for scenario in other.scenarios {
            if !self.scenarios.contains(&scenario) {
                self.scenarios.push(scenario);
            }
        }
        self.seed = other.seed;
        self.portions.extend(other.portions);
        add(&mut self.lifecycles, other.lifecycles);
        add(&mut self.calls, other.calls);
        add(&mut self.fault_points, other.fault_points);
        add(&mut self.exercised, other.exercised);
        add(&mut self.unreached_unnamed, other.unreached_unnamed);
        for one in other.unreached {
            self.not_reached(one);
        }
        for finding in other.findings {
            // What the clean run shows, every shard shows.
            if !finding.faults.is_empty() || !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
        self.limits.extend(other.limits);
        for one in other.allowed {
            // What the clean run shows, every shard shows.
            if !self.allowed.contains(&one) {
                self.allowed.push(one);
            }
        }
        for unknown in other.unknown {
            if !self.unknown.contains(&unknown) {
                self.unknown.push(unknown);
            }
        }
        for one in other.unstable {
            if !self.unstable.contains(&one) {
                self.unstable.push(one);
            }
        }
        add(&mut self.not_run_unnamed, other.not_run_unnamed);
        for one in other.not_run {
            self.was_not_run(|| one);
        }
        for cell in other.heat {
            self.heat(cell);
        }
        self.stopped |= other.stopped;
        self.finished_at = self.finished_at.max(other.finished_at);
        self.elapsed_seconds += other.elapsed_seconds;
        self.add_hash(&other.trace_hash);
        self.in_order();
    }

    /// Sorts everything, so that the order does not depend on threads and shards.
    pub fn in_order(&mut self) {
        self.scenarios.sort();
        self.join_portions();
        self.unreached.sort();
        self.findings.sort();
        self.limits.sort();
        self.allowed.sort();
        self.unknown.sort();
        self.unstable.sort();
        self.not_run.sort();
        self.heat.sort();
    }

    /// Faults that were not injected for no known reason.
    pub fn unexplained(&self) -> usize {
        let unexplained = self.unreached.iter().filter(|one| one.reason.is_none());
        unexplained.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_records_never_overflow() {
        let most = Campaign {
            lifecycles: u64::MAX,
            calls: u64::MAX,
            fault_points: u64::MAX,
            exercised: u64::MAX,
            ..part("a", u64::MAX)
        };
        let sum = merged(&[&most, &part("b", 1)]);
        assert_eq!((sum.lifecycles, sum.heat[0].findings), (u64::MAX, u64::MAX));
    }

    #[test]
    fn what_is_explained_is_named_up_to_a_limit_and_counted_beyond() {
        let one = |number: usize, reason: Option<&str>| Unreached {
            scenario: "s".to_owned(),
            faults: Vec::new(),
            fault: format!("s:Make#{number}=hang"),
            reason: reason.map(str::to_owned),
            seen: 0,
        };
        let mut campaign = Campaign::default();
        for number in 0..EXPLAINED_NAMED + 5 {
            campaign.not_reached(one(number, Some("the other one came first")));
        }
        // What is not explained keeps a campaign from passing, and is always named.
        campaign.not_reached(one(0, None));
        assert_eq!(campaign.unreached.len(), EXPLAINED_NAMED + 1);
        assert_eq!((campaign.unreached_unnamed, campaign.unexplained()), (5, 1));
        let count = u64::try_from(EXPLAINED_NAMED + 6);
        assert_eq!(Ok(campaign.unreached_count()), count);
    }

    fn part(trace: &str, findings: u64) -> Campaign {
        let mut campaign = Campaign {
            scenarios: vec!["s".to_owned()],
            seed: 1,
            lifecycles: 1,
            calls: 10,
            fault_points: 1,
            exercised: 1,
            ..Campaign::default()
        };
        campaign.heat(Heat {
            call: "s:Make".to_owned(),
            effect: "hang".to_owned(),
            lifecycles: 1,
            findings,
            unreached: 0,
        });
        campaign.add_trace(trace);
        campaign
    }

    fn merged(parts: &[&Campaign]) -> Campaign {
        let mut whole = Campaign::default();
        for part in parts {
            whole.merge((*part).clone());
        }
        whole
    }

    #[test]
    fn the_order_of_the_parts_makes_no_difference() {
        let (one, two) = (part("a", 0), part("b", 1));
        assert_eq!(merged(&[&one, &two]), merged(&[&two, &one]));
        assert_ne!(merged(&[&one]).trace_hash, merged(&[&two]).trace_hash);
    }

    #[test]
    fn parts_add_up() {
        let whole = merged(&[&part("a", 0), &part("b", 1)]);
        assert_eq!((whole.lifecycles, whole.calls, whole.exercised), (2, 20, 2));
        assert_eq!((whole.heat[0].lifecycles, whole.heat[0].findings), (2, 1));
    }
}

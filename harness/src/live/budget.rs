//! Checks before the first call that live trials cannot cost more than allowed, and shows the arithmetic. Pure.

use kubeproof_contract::Decimal;

use super::{BUDGET_VARIABLE, Permit};
use crate::cost::usd;

/// The longest that one trial can take, minutes, and what its scenario allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Longest {
    /// The trial.
    pub trial: String,
    /// Attempts to provision: one more for each fault that is forced.
    pub attempts: u32,
    /// The limit of each.
    pub provision_minutes: u32,
    /// The planned life of the cluster; nothing in trials that do not keep it.
    pub hold_minutes: u32,
    /// The limit of the teardown.
    pub teardown_minutes: u32,
    /// What the scenario's `cost.budget_usd` allows, US dollars.
    pub budget_usd: Decimal,
}

impl Longest {
    /// All of it together, minutes.
    pub fn minutes(&self) -> u32 {
        self.provision_minutes
            .saturating_mul(self.attempts)
            .saturating_add(self.hold_minutes)
            .saturating_add(self.teardown_minutes)
    }

    /// The arithmetic as text.
    pub fn words(&self) -> String {
        let attempts = match self.attempts {
            1 => String::new(),
            attempts => format!("{attempts} × "),
        };
        format!(
            "{attempts}{} min to provision + {} min planned + {} min to tear down = {} min",
            self.provision_minutes,
            self.hold_minutes,
            self.teardown_minutes,
            self.minutes()
        )
    }
}

/// What a trial costs if it takes as long as it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Most {
    /// How long that is.
    pub longest: Longest,
    /// The estimate's maximum for that time, US dollars.
    pub usd: Decimal,
    /// What has no known price.
    pub unpriced: Vec<String>,
}

/// Why trials do not fit into their budgets, with the arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// No price is known for something.
    #[error("{trial}: no price is known for {}, so no budget can be kept; nothing was created", .unpriced.join(", "))]
    Unpriced {
        trial: String,
        unpriced: Vec<String>,
    },
    /// One trial may cost more than its scenario allows.
    #[error(
        "{} may cost {}: {}; its cost.budget_usd is {}: raise it, or lower limits.provision_minutes, \
         limits.teardown_minutes or cost.duration_minutes; nothing was created",
        .0.longest.trial,
        usd(.0.usd, 2),
        .0.longest.words(),
        usd(.0.longest.budget_usd, 2)
    )]
    One(Box<Most>),
    /// All together may cost more than the permit allows.
    #[error(
        "{trials} may cost {together} together, and {} is {}: choose fewer with --only, or raise it; nothing was \
         created{each}",
        BUDGET_VARIABLE,
        usd(*.permitted_usd, 2)
    )]
    Together {
        /// How many, as text.
        trials: String,
        /// The sum, as text.
        together: String,
        permitted_usd: Decimal,
        /// A line for each.
        each: String,
    },
}

/// Whether all trials of an invocation fit into their scenarios' budgets, and together into the permit.
///
/// # Errors
/// With the arithmetic, when they may cost more, or when what they may cost is not known.
pub fn fits(permit: &Permit, trials: &[Most]) -> Result<(), OverBudget> {
    for most in trials {
        if !most.unpriced.is_empty() {
            return Err(OverBudget::Unpriced {
                trial: most.longest.trial.clone(),
                unpriced: most.unpriced.clone(),
            });
        }
        if most.usd > most.longest.budget_usd {
            return Err(OverBudget::One(Box::new(most.clone())));
        }
    }
    let together = trials
        .iter()
        .try_fold(Decimal::ZERO, |sum, most| sum.checked_add(most.usd));
    if together.is_some_and(|together| together <= permit.budget_usd) {
        return Ok(());
    }
    let each: Vec<String> = trials
        .iter()
        .map(|most| {
            let (trial, words) = (&most.longest.trial, most.longest.words());
            format!("\n  {trial}: {words}: {}", usd(most.usd, 2))
        })
        .collect();
    let together =
        together.map_or_else(|| "more than can be counted".to_owned(), |sum| usd(sum, 2));
    Err(OverBudget::Together {
        trials: match trials.len() {
            1 => "1 trial".to_owned(),
            count => format!("{count} trials"),
        },
        together,
        permitted_usd: permit.budget_usd,
        each: each.concat(),
    })
}

/// After how many minutes teardown must begin, so that a budget holds what was spent until then and a teardown
/// of this length. `None` if that is more than a month away.
pub fn minutes_left(
    budget_usd: Decimal,
    teardown_minutes: u32,
    most_after: impl Fn(u32) -> Decimal,
) -> Option<u32> {
    let fits = |minutes: u32| most_after(minutes.saturating_add(teardown_minutes)) <= budget_usd;
    if fits(MINUTES_MAX) {
        return None;
    }
    // What it costs never falls with time: the last minute that fits is found by halving.
    let (mut low, mut high) = (0, MINUTES_MAX);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Some(low)
}

/// The longest that a budget is watched, minutes: a month.
const MINUTES_MAX: u32 = 31 * 24 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn usd_of(text: &str) -> Decimal {
        text.parse().expect("an amount")
    }

    fn most(trial: &str, usd: &str, budget: &str) -> Most {
        Most {
            longest: Longest {
                trial: trial.to_owned(),
                attempts: 1,
                provision_minutes: 90,
                hold_minutes: 45,
                teardown_minutes: 60,
                budget_usd: usd_of(budget),
            },
            usd: usd_of(usd),
            unpriced: Vec::new(),
        }
    }

    #[track_caller]
    fn check(permit: &str, trials: &[Most], expected: Option<&str>) {
        let permit = Permit {
            accounts: vec!["1".to_owned()],
            budget_usd: usd_of(permit),
        };
        let seen = fits(&permit, trials).err();
        match expected {
            None => assert_eq!(seen, None),
            Some(words) => {
                let seen = seen.expect("it does not fit").to_string();
                assert!(seen.contains(words), "{seen}");
            }
        }
    }

    #[test]
    fn what_a_trial_may_cost_must_fit_its_scenarios_budget_and_all_together_the_permit() {
        let (a, b) = (most("a", "1.50", "2"), most("b", "0.50", "2"));
        check("2", &[a.clone(), b.clone()], None);
        check(
            "1.99",
            &[a.clone(), b.clone()],
            Some("2 trials may cost $2.00 together"),
        );
        check(
            "1.99",
            &[a, b],
            Some("a: 90 min to provision + 45 min planned + 60 min to tear down = 195 min: $1.50"),
        );
        // 100 p5.48xlarge for a day, with the usual budget.
        let dear = most("dear", "132106", "2");
        check(
            "1000000",
            std::slice::from_ref(&dear),
            Some("dear may cost $132106.00: 90 min"),
        );
        check("2", &[dear], Some("its cost.budget_usd is $2.00"));
    }

    #[test]
    fn the_sum_counts_and_no_order_and_no_size_changes_that() {
        let largest = Decimal::MAX.to_string();
        let huge = most("huge", &largest, &largest);
        check(
            "5",
            &[huge.clone(), huge],
            Some("more than can be counted together"),
        );
        let many: Vec<Most> = (0..20).map(|n| most(&n.to_string(), "0.11", "1")).collect();
        check("2.20", &many, None);
        check("2.19", &many, Some("20 trials may cost $2.20"));
    }

    #[test]
    fn without_a_price_no_budget_can_be_kept() {
        let mut unknown = most("a", "0", "2");
        unknown.unpriced.push("2 × box".to_owned());
        check("100", &[unknown], Some("no price is known for 2 × box"));
    }

    #[test]
    fn each_attempt_has_its_limit() {
        let mut two = most("a", "1", "2").longest;
        two.attempts = 2;
        assert_eq!(two.minutes(), 2 * 90 + 45 + 60);
        assert!(two.words().starts_with("2 × 90 min to provision + 45"));
    }

    #[test]
    fn teardown_begins_while_the_budget_still_holds_it() {
        // A cent a minute: of a dollar, 30 minutes are kept for teardown.
        let cent = |minutes: u32| Decimal::new(i64::from(minutes), 2);
        assert_eq!(minutes_left(Decimal::ONE, 30, cent), Some(70));
        // Whole hours only: the tenth hour begins after 600 minutes.
        let hours = |minutes: u32| Decimal::from(minutes.div_ceil(60));
        assert_eq!(minutes_left(Decimal::TEN, 0, hours), Some(600));
        assert_eq!(minutes_left(Decimal::ONE, 120, hours), Some(0));
        assert_eq!(minutes_left(Decimal::ONE, 30, |_| Decimal::ZERO), None);
    }
}

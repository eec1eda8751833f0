//! The most that trials may cost, by the estimates of their scenarios.
//!
//! The estimate comes from the scenario's plan, so that no call is made.

use kubeproof_contract::cost::Estimate;
use kubeproof_contract::plan::PriceContext;
use kubeproof_contract::scenario::Tier;

use crate::live::Permit;
use crate::live::budget::{self, Longest, Most, OverBudget};
use crate::scenario::Scenario;
use crate::trial::{Part, Trial};
use crate::wall_clock::today;

/// The estimate of a scenario for a duration, at whatever time it starts.
pub fn estimate(scenario: &Scenario, minutes: u32) -> Estimate {
    let trial = Trial {
        scenario: scenario.clone(),
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Rehearsal,
        seed: 1,
    };
    let prices = PriceContext::at(trial.start(today()));
    let plan = scenario.provider.plan(&scenario.content);
    plan.estimate(&prices, None, minutes)
}

/// How long a trial can take.
pub fn longest(trial: &Trial) -> Longest {
    let (limits, cost) = (&trial.scenario.content.limits, &trial.scenario.content.cost);
    let faults = trial.faults().len() + usize::from(trial.first_cluster().is_some());
    Longest {
        trial: trial.name(),
        attempts: 1 + u32::try_from(faults).unwrap_or(u32::MAX - 1),
        provision_minutes: limits.provision_minutes,
        hold_minutes: if trial.is_main() {
            cost.duration_minutes
        } else {
            0
        },
        teardown_minutes: limits.teardown_minutes,
        budget_usd: cost.budget_usd.0,
    }
}

/// Whether all trials that are to run live fit into their budgets together.
///
/// # Errors
/// With the arithmetic.
pub fn check(permit: &Permit, trials: &[Trial]) -> Result<(), OverBudget> {
    let mut all = Vec::new();
    for trial in trials {
        let longest = longest(trial);
        let estimate = estimate(&trial.scenario, longest.minutes());
        all.push(Most {
            usd: estimate.max_usd(),
            unpriced: estimate.unpriced,
            longest,
        });
    }
    budget::fits(permit, &all)
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::Decimal;
    use kubeproof_contract::check::Verdict;
    use kubeproof_reports::record::Record;

    use super::*;
    use crate::lifecycle;
    use crate::trial_context::progress::Silent;
    use crate::trial_context::runtime::runtime;
    use crate::trial_context::{RunOptions, TrialContext};
    use crate::{providers, scenario};

    /// A trial whose cluster is kept for three hours, with this budget.
    fn trial(budget: &str) -> Trial {
        let text = format!(
            "scenario: s\ndescription: d\nprovider: aws\ncluster:\n  kubernetes_version: \"1.34\"\n  \
             node_groups: [{{name: a, instance_type: t3.medium, count: 2}}]\ncost: {{duration_minutes: \
             180, budget_usd: {budget}}}\nlimits: {{provision_minutes: 60, teardown_minutes: 60}}\n"
        );
        let scenario = scenario::read::parse("s.yaml", &text, &providers::shared());
        Trial {
            scenario: scenario.expect("a scenario"),
            part: Part::Lifecycle(Vec::new()),
            tier: Tier::Rehearsal,
            seed: 1,
        }
    }

    /// Runs it as a rehearsal that watches the budget as a live trial does.
    fn watched(trial: &Trial) -> Record {
        let runtime = runtime(trial).expect("a runtime");
        runtime.block_on(async {
            let options = RunOptions::quiet();
            let context = TrialContext::new(trial, &options, &Silent::shared(), today());
            let mut context = context.expect("a context");
            context.watches_budget = true;
            lifecycle::run(&context).await.record
        })
    }

    #[test]
    fn a_trial_whose_budget_is_reached_is_torn_down_and_says_why() {
        // By hand: 0.1976 an hour besides the gateways, which cost 0.09 for each clock hour that is touched.
        // With an hour kept for teardown, $1 holds 120 minutes: 2 × 0.1976 + 3 × 0.09 = 0.6652, and another
        // hour, 3 × 0.1976 + 4 × 0.09 = 0.9528; another minute would be another clock hour: 1.0461.
        let record = watched(&trial("1"));
        let found: Vec<&str> = record
            .findings
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        let expected = "after 120 minutes the list price may have come to $0.6652";
        assert!(found[0].starts_with(expected), "{found:?}");
        assert_eq!(record.findings[0].oracle, "O4 bill");
        assert_eq!(record.verdict, Verdict::Fail);
        // What it was at is ended, not finished, and everything is taken away.
        let has = |name: &str| record.phases.iter().any(|phase| phase.name == name);
        assert!(has("run_job") && !has("hold") && has("teardown"));
        assert_eq!(record.audit.verdict, Verdict::Pass);
        assert!(record.cost.metered.is_some_and(|usd| usd <= Decimal::ONE));
    }

    #[test]
    fn a_budget_that_is_not_reached_ends_nothing() {
        // Three hours of the cluster and one of teardown, at most 4 × 0.1976 + 5 × 0.09 = 1.2404.
        let record = watched(&trial("2"));
        assert_eq!(
            (record.verdict, record.findings),
            (Verdict::Pass, Vec::new())
        );
    }

    #[test]
    fn what_a_trial_may_cost_is_its_estimates_maximum_for_all_of_its_limits() {
        let trial = trial("2");
        let longest = longest(&trial);
        // 60 + 180 + 60 minutes are five hours: 5 × (0.1 + 0.0832 + 0.01) + 6 × 0.09, and 40 GB of disks,
        // 40 × 0.08 × 5 / 730 = 0.0219178.
        assert_eq!(longest.minutes(), 300);
        let most = estimate(&trial.scenario, 300).max_usd();
        assert_eq!(most, "1.527918".parse().unwrap());
        let permit = |usd: &str| Permit {
            accounts: Vec::new(),
            budget_usd: usd.parse().unwrap(),
        };
        let one = check(&permit("1.53"), std::slice::from_ref(&trial));
        assert!(one.is_ok(), "{one:?}");
        let two = check(&permit("3.05"), &[trial.clone(), trial]);
        assert!(two.is_err_and(|error| {
            error
                .to_string()
                .contains("2 trials may cost $3.06 together")
        }));
    }

    #[test]
    fn each_fault_may_bring_another_attempt_into_the_longest_life() {
        let check = |faults: &[&str], expected: u32| {
            let mut trial = trial("2");
            let faults = faults.iter().map(|text| text.parse().expect("a fault"));
            trial.part = Part::Lifecycle(faults.collect());
            let longest = longest(&trial);
            assert_eq!(longest.attempts, expected);
            assert_eq!(longest.minutes(), expected * 60 + 180 + 60);
        };
        check(&[], 1);
        check(&["ec2:CreateVpc#1=quota"], 2);
        check(&["ec2:CreateVpc#1=quota", "eks:CreateCluster#1=quota"], 3);
    }
}

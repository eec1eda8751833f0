//! The wait that ends a trial before it costs more than its scenario's budget.

use std::time::Duration;

use kubeproof_contract::Decimal;
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::scenario::AnyScenario;

use crate::cost::usd;
use crate::live::budget;

/// Waits until a trial must be torn down to stay within its scenario's budget, and returns the reason. Never ends if
/// the budget is large enough for any duration.
pub async fn is_reached(scenario: &AnyScenario, plan: &dyn Plan, prices: &PriceContext) -> String {
    let limits = &scenario.limits;
    let most_after = |minutes: u32| -> Decimal { plan.estimate(prices, None, minutes).max_usd() };
    let budget = scenario.cost.budget_usd.0;
    let left = budget::minutes_left(budget, limits.teardown_minutes, most_after);
    let Some(minutes) = left else {
        return std::future::pending().await;
    };
    tokio::time::sleep(Duration::from_secs(u64::from(minutes) * 60)).await;
    format!(
        "after {minutes} minutes the list price may have come to {}, and a teardown of {} minutes would make it \
         more than the budget of {}: teardown was begun",
        usd(most_after(minutes), 4),
        limits.teardown_minutes,
        usd(budget, 2)
    )
}

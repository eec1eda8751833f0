//! What resources cost a month, by the plan's price list.

use kubeproof_contract::Decimal;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::money::dollars;

/// What keeping a resource costs a month, US dollars; `None` when no price is known.
pub type PriceOf<'a> = &'a dyn Fn(&Resource) -> Option<Decimal>;

/// What keeping a resource costs a month, by the plan's price list.
pub fn price(plan: &dyn Plan) -> impl Fn(&Resource) -> Option<Decimal> + '_ {
    |resource| plan.monthly_cost(resource).map(|cost| cost.usd)
}

/// `$3.65 a month`, or that no price is known.
pub fn month(usd: Option<Decimal>) -> String {
    match usd {
        Some(usd) => format!("{} a month", dollars(usd, 2)),
        None => "no price known".to_owned(),
    }
}

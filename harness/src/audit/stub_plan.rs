//! A plan for tests: tags that take any text, no price above zero, and the limits that a test gives.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::Estimate;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::resource::{MonthlyCost, Resource};

/// A plan with these limits of live resources per type.
#[derive(Default)]
pub(crate) struct StubPlan(pub(crate) BTreeMap<String, usize>);

impl Naming for StubPlan {
    fn name_length_max(&self) -> usize {
        63
    }
}

impl Plan for StubPlan {
    fn nodes_expected(&self) -> usize {
        0
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        self.0.clone()
    }

    fn estimate(&self, _: &PriceContext, _: Option<Timestamp>, _: u32) -> Estimate {
        Estimate::default()
    }

    fn monthly_cost(&self, _: &Resource) -> Option<MonthlyCost> {
        Some(MonthlyCost { usd: Decimal::ZERO })
    }
}

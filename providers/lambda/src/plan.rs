//! The plan of a scenario in Lambda Cloud: counts, estimates, names and marks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::cost::Estimate;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::resource::{MonthlyCost, Resource};

use crate::cost;
use crate::observer::inventory::CATALOGUE;
use crate::spec::LambdaSpec;

/// The longest name of an instance (`POST /instance-operations/launch` of the API's document).
const NAME_LENGTH_MAX: usize = 64;

#[derive(Clone, Debug)]
pub struct LambdaPlan(pub LambdaSpec);

/// Instances carry tags; what has none is known by its name alone, which proves nothing about a run.
impl Naming for LambdaPlan {
    fn name_length_max(&self) -> usize {
        NAME_LENGTH_MAX
    }

    fn name_part(&self, resource: &Resource) -> Option<String> {
        match resource.resource_type.as_str() {
            "ssh_key" => Some(String::new()),
            "filesystem" => Some("fs".to_owned()),
            "firewall_ruleset" => Some(resource.scope.to_string()),
            _ => None,
        }
    }
}

impl Plan for LambdaPlan {
    fn nodes_expected(&self) -> usize {
        self.0.nodes()
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        CATALOGUE.monthly_cost(resource)
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        [
            ("instance", self.0.nodes()),
            ("filesystem", usize::from(self.0.filesystem)),
            ("firewall_ruleset", 1),
            ("ssh_key", 1),
        ]
        .map(|(name, most)| (name.to_owned(), most))
        .into()
    }

    fn estimate(
        &self,
        prices: &PriceContext,
        start: Option<Timestamp>,
        duration_minutes: u32,
    ) -> Estimate {
        let listed = prices.listed.get(&self.0.instance_type.0);
        cost::estimate(&self.0, listed.copied(), start, duration_minutes)
    }
}

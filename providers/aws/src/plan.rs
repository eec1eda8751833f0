//! The plan of a scenario in AWS: counts, estimates, names and marks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::cost::Estimate;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::plan::{Plan, PriceContext, UNLIMITED};
use kubeproof_contract::resource::{MonthlyCost, Resource};
use kubeproof_contract::scenario::Demand;

use crate::cost;
use crate::cost::beyond::Beyond;
use crate::observer::resources;
use crate::spec::EksSpec;

/// The longest name of a managed node group, the shortest limit of all that bears a name of ours:
/// <https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html>.
const NAME_LENGTH_MAX: usize = 63;

/// The plan of one scenario.
#[derive(Clone, Debug)]
pub struct EksPlan {
    spec: EksSpec,
    leftovers: bool,
    /// What a program made beyond the scenario.
    beyond: Vec<Beyond>,
}

impl EksPlan {
    /// The plan of a cluster; `leftovers` says whether its job leaves a load balancer and a volume for teardown.
    pub fn new(spec: EksSpec, leftovers: bool) -> Self {
        Self {
            spec,
            leftovers,
            beyond: Vec::new(),
        }
    }

    /// The same, with lines for what a program made beyond the scenario.
    #[must_use]
    pub fn with_made(self, made: &[Resource]) -> Self {
        Self {
            beyond: cost::beyond::beyond(&self.spec, made),
            ..self
        }
    }

    fn input(&self, prices: &PriceContext) -> cost::EstimateInput<'_> {
        cost::EstimateInput {
            spec: &self.spec,
            leftovers: self.leftovers,
            today: prices.today,
            beyond: &self.beyond,
        }
    }
}

impl Naming for EksPlan {
    fn name_length_max(&self) -> usize {
        NAME_LENGTH_MAX
    }
}

impl Plan for EksPlan {
    fn nodes_expected(&self) -> usize {
        self.spec.nodes()
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        resources::monthly_cost(resource, &self.spec.region.0)
    }

    fn cost_line(&self, resource: &Resource) -> Option<&'static str> {
        cost::line_of_type(&resource.resource_type)
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        let (zones, network) = (self.spec.availability_zones.0, &self.spec.network);
        let nat = usize::from(network.nat_gateways(zones));
        let own = usize::from(network.makes_vpc());
        // A program may have more of these; what it makes twice by mistake has one name, or repeats an unanswered call.
        let of = |most: usize| match self.spec.demand {
            Demand::Exactly => most,
            Demand::AtLeast => UNLIMITED,
        };
        [
            ("vpc", own),
            ("internet_gateway", own),
            ("nat_gateway", nat),
            ("elastic_ip", of(nat)),
            (
                "subnet",
                of(usize::from(zones * network.subnets_per_zone())),
            ),
            ("eks_cluster", 1),
            ("eks_nodegroup", self.spec.node_groups.0.len()),
            // A group's template, and the copy of it that EKS makes.
            ("launch_template", of(2 * self.spec.node_groups.0.len())),
            ("iam_role", of(2)),
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
        cost::estimate(&self.input(prices), start, duration_minutes)
    }

    fn estimate_between(&self, prices: &PriceContext, from: Timestamp, to: Timestamp) -> Estimate {
        cost::estimate_between(&self.input(prices), from, to)
    }
}

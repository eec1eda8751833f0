//! The plan of a scenario in AKS: counts, estimates, names and marks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::cost::Estimate;
use kubeproof_contract::marks::{Naming, Owner};
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::resource::{MonthlyCost, Resource};

use crate::spec::{AksSpec, Identity, Outbound};
use crate::{cost, marks, prices};

/// The longest DNS prefix of a cluster, the shortest limit of all that bears a name of ours (AKS, `dnsPrefix`: 1 to 54
/// characters; clusters take 63, networks 80, groups 90).
const NAME_LENGTH_MAX: usize = 54;

/// The plan of one scenario.
#[derive(Clone, Debug)]
pub struct AksPlan {
    spec: AksSpec,
    leftovers: bool,
}

impl AksPlan {
    /// The plan of a cluster.
    pub fn new(spec: AksSpec) -> Self {
        Self {
            spec,
            leftovers: false,
        }
    }

    /// The same for a job that leaves a load balancer service and a volume for teardown, or does not.
    #[must_use]
    pub fn with_leftovers(self, leftovers: bool) -> Self {
        Self { leftovers, ..self }
    }

    fn input<'a>(&'a self, prices: &'a PriceContext) -> cost::EstimateInput<'a> {
        cost::EstimateInput {
            spec: &self.spec,
            leftovers: self.leftovers,
            listed: &prices.listed,
        }
    }
}

/// Tags take any text. Role assignments have none: their marks are in their description.
impl Naming for AksPlan {
    fn name_length_max(&self) -> usize {
        NAME_LENGTH_MAX
    }

    fn owner_of(&self, resource: &Resource) -> Option<Owner> {
        marks::owner_of(resource)
    }
}

impl Plan for AksPlan {
    fn nodes_expected(&self) -> usize {
        usize::try_from(self.spec.nodes()).unwrap_or(usize::MAX)
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        prices::monthly(resource)
    }

    fn cost_line(&self, resource: &Resource) -> Option<&'static str> {
        cost::line_of_type(&resource.resource_type)
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        let spec = &self.spec;
        let application = usize::from(spec.identity == Identity::ServicePrincipal);
        [
            ("aks_managed_cluster", 1),
            ("node_resource_group", 1),
            ("resource_group", usize::from(spec.resource_group.is_none())),
            // A scale set for each pool.
            ("vmss", spec.node_pools.0.len()),
            ("vnet_subnet", usize::from(spec.network.is_none())),
            (
                "nat_gateway",
                usize::from(spec.outbound == Outbound::NatGateway),
            ),
            // The control plane's, and the one that AKS makes for the nodes.
            ("user_assigned_identity", 2 - 2 * application),
            ("app_registration_sp", application),
            ("service_principal", application),
            // The control plane's in its subnet, and the one that AKS makes in the group of nodes.
            ("role_assignment", 2),
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
        cost::estimate(self.input(prices), start, duration_minutes)
    }

    fn estimate_between(&self, prices: &PriceContext, from: Timestamp, to: Timestamp) -> Estimate {
        cost::estimate_between(self.input(prices), from, to)
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::run::Run;
    use serde_json::json;

    use super::*;
    use crate::spec::tests::spec;

    #[test]
    fn limits_follow_from_what_is_asked_for() {
        let check = |change, resource_type: &str, expected: usize| {
            let most = AksPlan::new(spec(change)).most_at_once();
            assert_eq!(most.get(resource_type), Some(&expected), "{most:?}");
        };
        check(json!({}), "vmss", 1);
        check(json!({}), "resource_group", 1);
        check(json!({"resource_group": "theirs"}), "resource_group", 0);
        let network = json!({"resource_group": "g", "virtual_network": "v", "subnet": "s"});
        check(json!({"network": network}), "vnet_subnet", 0);
        check(json!({}), "nat_gateway", 0);
        check(json!({"outbound": "nat-gateway"}), "nat_gateway", 1);
        check(json!({}), "app_registration_sp", 0);
        let application = json!({"identity": "service-principal"});
        check(application.clone(), "app_registration_sp", 1);
        check(application, "user_assigned_identity", 0);
        let pool = |name| json!({"name": name, "vm_size": "Standard_D2s_v3", "count": 1});
        check(
            json!({"node_pools": [pool("main"), pool("more")]}),
            "vmss",
            2,
        );
    }

    #[test]
    fn an_owner_is_read_from_tags_and_the_longest_name_fits() {
        let plan = AksPlan::new(spec(json!({})));
        let id = "r".repeat(20);
        let run = Run::new(&id, "me", "2026-11-29T10:00:07Z".parse().unwrap());
        let bare = Resource::new("resource_group", "g", "global");
        assert_eq!(plan.owner_of(&bare), None);
        assert!(plan.is_marked(&run, &bare.tagged(run.tags())));
        assert_eq!(plan.name(&run, ""), run.name(""));
    }
}

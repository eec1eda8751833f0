//! The plan of a scenario in GKE: counts, estimates, names and marks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::cost::Estimate;
use kubeproof_contract::marks::{Marks, Naming, Owner};
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::resource::{MonthlyCost, Resource};
use kubeproof_contract::run::Run;

use crate::spec::{GkeSpec, Mode};
use crate::{cost, marks, prices};

/// The longest id of a service account, the shortest limit of all that bears a name of ours (IAM,
/// `CreateServiceAccountRequest.accountId`: 6 to 30 characters; clusters and node pools take 40).
const NAME_LENGTH_MAX: usize = 30;

/// The label of nodes and their disks.
const NODE: &str = "goog-gke-node";
/// The characters that a managed group adds to its base name, for each machine.
const RANDOM_ENDING: usize = 4;

/// The plan of one scenario.
#[derive(Clone, Debug)]
pub struct GkePlan {
    spec: GkeSpec,
    leftovers: bool,
}

impl GkePlan {
    /// The plan of a cluster; `leftovers` says whether its job leaves a load balancer and a volume for teardown.
    pub fn new(spec: GkeSpec, leftovers: bool) -> Self {
        Self { spec, leftovers }
    }

    /// The most nodes that can be alive at once; `None` where only the cloud knows.
    fn nodes_max(&self) -> Option<usize> {
        if self.spec.mode == Mode::Autopilot {
            return None;
        }
        let of_pools = self.spec.node_pools.0.iter().map(|pool| {
            let most = pool.autoscaling.map_or(0, |limits| limits.max);
            most.max(pool.count.0)
        });
        usize::try_from(of_pools.sum::<u32>() * self.spec.zones()).ok()
    }
}

/// Marks are labels; what has none carries them in its description.
impl Naming for GkePlan {
    fn name_length_max(&self) -> usize {
        NAME_LENGTH_MAX
    }

    fn marks(&self, run: &Run) -> Marks {
        marks::of(run)
    }

    fn owner_of(&self, resource: &Resource) -> Option<Owner> {
        marks::owner_of(resource)
    }

    /// Machines of a managed group and their disks: the group's base name, and four characters (Compute Engine,
    /// `instanceGroupManagers.baseInstanceName`).
    fn random_ending<'r>(&self, resource: &'r Resource) -> Option<&'r str> {
        let is_of_node = ["instance", "disk"].contains(&resource.resource_type.as_str())
            && resource.tags.contains_key(NODE);
        let (_, ending) = resource.id.rsplit_once('-').filter(|_| is_of_node)?;
        (ending.len() == RANDOM_ENDING).then_some(ending)
    }
}

impl Plan for GkePlan {
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
        let own = usize::from(self.spec.network.existing.is_none());
        let router = usize::from(self.spec.network.makes_nat());
        let fixed = [
            ("gke_cluster", 1),
            ("network", own),
            ("subnetwork", own),
            ("router", router),
            ("service_account", 1),
        ];
        let nodes = self.nodes_max().map(|most| ("instance", most));
        let all = fixed.into_iter().chain(nodes);
        all.map(|(name, most)| (name.to_owned(), most)).collect()
    }

    fn estimate(
        &self,
        _: &PriceContext,
        start: Option<Timestamp>,
        duration_minutes: u32,
    ) -> Estimate {
        cost::estimate(&self.spec, self.leftovers, start, duration_minutes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::tests::spec;

    fn run() -> Run {
        Run::new("r1", "me", "2026-11-29T10:00:07Z".parse().unwrap())
    }

    #[test]
    fn an_owner_is_read_from_labels_and_from_a_description() {
        let plan = GkePlan::new(spec(json!({})), false);
        let bare = Resource::new("network", "n", "global");
        assert_eq!(plan.owner_of(&bare), None);
        let described = bare.clone().with("description", marks::description(&run()));
        let labelled = bare.tagged(marks::labels(&run()));
        for resource in [described, labelled] {
            let owner = plan.owner_of(&resource).unwrap();
            assert_eq!((&*owner.run, owner.owner.as_deref()), ("r1", Some("me")));
            assert_eq!(owner.expires, Some(run().expires_at));
            assert!(plan.is_marked(&run(), &resource));
        }
    }

    #[test]
    fn only_nodes_and_their_disks_have_names_that_end_at_random() {
        let plan = GkePlan::new(spec(json!({})), false);
        let check = |of_type: &str, id: &str, label: Option<&str>, expected: Option<&str>| {
            let labels = label.map(|label| (label.to_owned(), String::new()));
            let resource = Resource::new(of_type, id, "us-central1-a");
            let resource = resource.tagged(labels.into_iter().collect());
            assert_eq!(plan.random_ending(&resource), expected, "{of_type} {id}");
        };
        let node = "gke-kp-r1-main-0a1b2c3d-x4z9";
        check("instance", node, Some(NODE), Some("x4z9"));
        check("disk", node, Some(NODE), Some("x4z9"));
        // Not made by a node pool: somebody has chosen the name.
        check("instance", node, None, None);
        check(
            "disk",
            "kp-r1-0a1b2c3d-data",
            Some("goog-k8s-cluster-name"),
            None,
        );
        check(
            "instance_group_manager",
            "gke-kp-r1-main-0a1b2c3d-spot",
            Some(NODE),
            None,
        );
        check("instance", "gke-kp-r1-main-0a1b2c3d-grp", Some(NODE), None);
    }

    #[test]
    fn limits_follow_from_what_is_asked_for() {
        let check = |change, resource_type: &str, expected: Option<usize>| {
            let most = GkePlan::new(spec(change), false).most_at_once();
            assert_eq!(most.get(resource_type).copied(), expected, "{most:?}");
        };
        check(json!({}), "instance", Some(2));
        check(json!({}), "router", Some(0));
        check(
            json!({"network": {"private_nodes": true}}),
            "router",
            Some(1),
        );
        let pools = json!([
            {"name": "main", "machine_type": "e2-standard-2", "count": 1, "autoscaling": {"min": 1, "max": 3}},
        ]);
        check(
            json!({"location": "us-central1", "node_pools": pools}),
            "instance",
            Some(9),
        );
        let autopilot = json!({"mode": "autopilot", "location": "us-central1", "node_pools": []});
        check(autopilot, "instance", None);
        let default = json!({"network": "default", "subnetwork": "default"});
        check(
            json!({"network": {"existing": default}}),
            "network",
            Some(0),
        );
    }
}

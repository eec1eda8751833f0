//! Teardown: finds everything by tags and unique names alone, and deletes it in the order that AWS requires.
//!
//! It has no memory. The mechanism is `cloudkit`'s; here is what AWS decides.

use std::time::Duration;

use futures::FutureExt as _;
use kubeproof_cloudkit::RetryPolicy;
use kubeproof_cloudkit::teardown::{Delete, Marker, Rounds, Step, Teardown};

use crate::provisioner::session::{SETTLED_AFTER, Session};
use crate::provisioner::{address, cluster, iam_roles, nat, nodes, templates, vpc};

mod balancers;
mod drain;
mod gateways;
mod groups;
mod interfaces;
mod logs;
mod network;
mod roles;
mod volumes;

/// Longest wait for what depends on a resource to be gone, where AWS takes its time.
const FREE_WITHIN: Duration = Duration::from_mins(10);
/// The same for load balancers and addresses, which are free soon after their users are gone.
const SOON_FREE: Duration = Duration::from_mins(5);
/// The same for an interface that nothing uses any more.
const INTERFACE_FREE_WITHIN: Duration = Duration::from_mins(2);
/// Longest wait for IAM to notice what was just detached.
const DETACHED_WITHIN: Duration = Duration::from_mins(2);

/// How a run is torn down.
pub(crate) const TEARDOWN: Teardown<Session> = Teardown {
    steps: STEPS,
    prepare: Some(|session| drain::workloads(session).boxed()),
    marker: Some(Marker {
        find: |session| roles::marker(session).boxed(),
        delete: |session| {
            let policy = RetryPolicy::while_in_use(DETACHED_WITHIN);
            roles::delete(session, &iam_roles::CLUSTER, policy).boxed()
        },
        // A request times out after a minute and may be applied a while later (`find_or_create` lists for 45
        // seconds).
        all_applied_after: Duration::from_mins(2),
    }),
    rounds: Rounds {
        most: 5,
        settle: SETTLED_AFTER,
        begin_within: Duration::from_hours(1),
    },
};

const STEPS: &[Step<Session>] = &[
    Step {
        name: "eks_nodegroup",
        of: Some("eks_cluster"),
        after: &[],
        in_use_for: nodes::GONE_WITHIN,
        list: |session, of| nodes::list(session, of).boxed(),
        delete: Delete::Each(|session, id, policy| nodes::remove(session, id, policy).boxed()),
    },
    Step {
        name: "eks_cluster",
        of: None,
        after: &["eks_nodegroup"],
        in_use_for: cluster::GONE_WITHIN,
        list: |session, _| cluster::list(session).boxed(),
        delete: Delete::Each(|session, _, policy| cluster::remove(session, policy).boxed()),
    },
    Step {
        name: "nat_gateway",
        of: None,
        after: &[],
        in_use_for: nat::DELETED_WITHIN,
        list: |session, _| nat::list_all(session).boxed(),
        delete: Delete::Each(|session, id, policy| nat::remove(session, id, policy).boxed()),
    },
    Step {
        name: "elastic_ip",
        of: None,
        after: &["nat_gateway"],
        in_use_for: SOON_FREE,
        list: |session, _| address::ids(session).boxed(),
        delete: Delete::Each(|session, id, policy| address::release(session, id, policy).boxed()),
    },
    Step {
        name: "load_balancer",
        of: Some("vpc"),
        after: &[],
        in_use_for: SOON_FREE,
        list: |session, of| balancers::list(session, of).boxed(),
        delete: Delete::Each(|session, id, policy| balancers::delete(session, id, policy).boxed()),
    },
    Step {
        name: "target_group",
        of: Some("vpc"),
        after: &["load_balancer"],
        in_use_for: SOON_FREE,
        list: |session, of| balancers::target_groups(session, of).boxed(),
        delete: Delete::Each(|session, id, policy| {
            balancers::delete_group(session, id, policy).boxed()
        }),
    },
    // A node group without its template cannot be repaired, so the group goes first.
    Step {
        name: "launch_template",
        of: None,
        after: &["eks_nodegroup"],
        in_use_for: Duration::ZERO,
        list: |session, _| templates::list(session).boxed(),
        delete: Delete::Each(|session, id, _| templates::delete(session, id).boxed()),
    },
    Step {
        name: "ebs_volume",
        of: None,
        after: &["eks_cluster"],
        in_use_for: FREE_WITHIN,
        list: |session, _| volumes::list(session).boxed(),
        delete: Delete::Each(|session, id, policy| volumes::delete(session, id, policy).boxed()),
    },
    // By the id of its VPC: AWS makes and removes most interfaces by itself.
    Step {
        name: "network_interface",
        of: Some("vpc"),
        after: &["eks_cluster", "elastic_ip", "load_balancer"],
        in_use_for: INTERFACE_FREE_WITHIN,
        list: |_, vpcs| async { Ok(vpcs) }.boxed(),
        delete: Delete::Each(|session, id, policy| interfaces::clear(session, id, policy).boxed()),
    },
    Step {
        name: "route_table",
        of: Some("vpc"),
        after: &["network_interface"],
        in_use_for: FREE_WITHIN,
        list: |session, of| network::route_tables(session, of).boxed(),
        delete: Delete::Together(|session, ids, policy| {
            network::delete_route_tables(session, ids, policy).boxed()
        }),
    },
    Step {
        name: "security_group",
        of: Some("vpc"),
        after: &["network_interface"],
        in_use_for: FREE_WITHIN,
        list: |session, of| groups::list(session, of).boxed(),
        delete: Delete::Together(|session, ids, policy| {
            groups::delete(session, ids, policy).boxed()
        }),
    },
    Step {
        name: "internet_gateway",
        of: Some("vpc"),
        after: &["network_interface"],
        in_use_for: FREE_WITHIN,
        list: |session, of| gateways::list(session, of).boxed(),
        delete: Delete::Together(|session, ids, policy| {
            gateways::delete(session, ids, policy).boxed()
        }),
    },
    Step {
        name: "subnet",
        of: Some("vpc"),
        after: &["route_table", "security_group", "internet_gateway"],
        in_use_for: FREE_WITHIN,
        list: |session, of| network::subnets(session, of).boxed(),
        delete: Delete::Each(|session, id, policy| {
            network::delete_subnet(session, id, policy).boxed()
        }),
    },
    Step {
        name: "vpc",
        of: None,
        after: &["subnet"],
        in_use_for: FREE_WITHIN,
        list: |session, _| vpc::list(session).boxed(),
        delete: Delete::Each(|session, id, policy| vpc::delete(session, id, policy).boxed()),
    },
    Step {
        name: "iam_role",
        of: None,
        after: &["eks_nodegroup"],
        in_use_for: DETACHED_WITHIN,
        list: |session, _| roles::list(session).boxed(),
        delete: Delete::Each(|session, _, policy| {
            roles::delete(session, &iam_roles::NODES, policy).boxed()
        }),
    },
    // EKS makes it, and would make it anew.
    Step {
        name: "cloudwatch_log_group",
        of: None,
        after: &["eks_cluster"],
        in_use_for: Duration::ZERO,
        list: |session, _| logs::list(session).boxed(),
        delete: Delete::Each(|session, name, _| logs::delete(session, name).boxed()),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_begin() {
        assert_eq!(TEARDOWN.out_of_order(), None);
    }
}

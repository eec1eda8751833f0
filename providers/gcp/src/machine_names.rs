//! The names of nodes, which Kubernetes Engine makes of the cluster's and the node pool's: `gke-CLUSTER-POOL-HASH-XXXX`, in
//! Autopilot clusters `gk3-…`.
//!
//! Both may have 40 characters (container.v1), and a machine's name has 63 at most (compute.v1), so that long ones are cut.
//! How much is left is not documented, and a cut name may be that of another cluster, which has the same beginning.

/// The least that is left of a cluster's name where it is cut. Less says nothing: all names of runs begin alike.
const KEPT_MIN: usize = 15;

/// Whether a machine is a cluster's, as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeOf<'n> {
    /// The whole name of the cluster is in it.
    This,
    /// This beginning of the cluster's name is in it: it may be a node of any cluster whose name begins so.
    Begins(&'n str),
    /// It is not.
    No,
}

/// Whether a machine of this name is a node of a cluster, in one of these pools, which may be any in Autopilot clusters.
pub fn node_of<'n>(machine: &'n str, cluster: &str, pools: &[&str]) -> NodeOf<'n> {
    let gke = machine.strip_prefix("gke-");
    let begun = gke.or_else(|| machine.strip_prefix("gk3-"));
    let Some(names) = begun.and_then(|rest| {
        let (rest, _drawn) = rest.rsplit_once('-')?;
        Some(rest.rsplit_once('-')?.0)
    }) else {
        return NodeOf::No;
    };
    let is_pool = |text: &str| {
        let is_part = |pool: &&str| pool.starts_with(text);
        let any = gke.is_none() && text.starts_with(|c: char| c.is_ascii_lowercase());
        !text.is_empty() && (any || pools.iter().any(is_part))
    };
    let pool_of = |kept: &str| names.strip_prefix(kept)?.strip_prefix('-');
    if pool_of(cluster).is_some_and(is_pool) {
        return NodeOf::This;
    }
    let mut kept = (KEPT_MIN..cluster.len()).rev();
    let kept = kept.find_map(|length| {
        let kept = cluster.get(..length)?;
        pool_of(kept).filter(|pool| is_pool(pool))?;
        names.get(..length)
    });
    kept.map_or(NodeOf::No, NodeOf::Begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run's cluster in a real account: its id is the second in which it began, and five digits.
    const CLUSTER: &str = "kp-l261130042200-0a1b2";

    #[test]
    fn a_name_that_is_whole_says_whose_a_machine_is() {
        let check = |machine: &str, expected: NodeOf<'_>| {
            assert_eq!(
                node_of(machine, "kp-r1", &["main", "gpu-pool"]),
                expected,
                "{machine}"
            );
        };
        check("gke-kp-r1-main-0a1b2c3d-x4z9", NodeOf::This);
        check("gke-kp-r1-gpu-pool-0a1b2c3d-x4z9", NodeOf::This);
        // The pool's name is cut.
        check("gke-kp-r1-gpu-p-0a1b2c3d-x4z9", NodeOf::This);
        check("gk3-kp-r1-nap-1f2e-0a1b2c3d-x4z9", NodeOf::This);
        // Clusters whose names go on, or stop before.
        check("gke-kp-r1-2-main-0a1b2c3d-x4z9", NodeOf::No);
        check("gk3-kp-r1-2-nap-0a1b2c3d-x4z9", NodeOf::No);
        check("gke-kp-r1-main-default-pool-0a1b2c3d-x4z9", NodeOf::No);
        check("gke-kp-r-main-0a1b2c3d-x4z9", NodeOf::No);
        check("gke-kp-r1-other-0a1b2c3d-x4z9", NodeOf::No);
        check("gke-kp-r1-0a1b2c3d-x4z9", NodeOf::No);
        check("main", NodeOf::No);
    }

    #[test]
    fn a_name_that_is_cut_says_how_the_clusters_begins() {
        let check = |machine: &str, expected: NodeOf<'_>| {
            assert_eq!(node_of(machine, CLUSTER, &["main"]), expected, "{machine}");
        };
        check(
            "gke-kp-l261130042200-0a1b2-main-0a1b2c3d-x4z9",
            NodeOf::This,
        );
        let cut = NodeOf::Begins("kp-l261130042200-0");
        check("gke-kp-l261130042200-0-main-0a1b2c3d-x4z9", cut);
        check("gk3-kp-l261130042200-0-pool-1-0a1b2c3d-x4z9", cut);
        check(
            "gke-kp-l261130042200--main-0a1b2c3d-x4z9",
            NodeOf::Begins("kp-l261130042200-"),
        );
        check("gke-kp-l261130042200-1-main-0a1b2c3d-x4z9", NodeOf::No);
        check("gke-kp-l261130042200-0-other-0a1b2c3d-x4z9", NodeOf::No);
        // All runs of that day.
        check("gke-kp-l26113-main-0a1b2c3d-x4z9", NodeOf::No);
    }
}

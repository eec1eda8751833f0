//! How many pods a node takes, and what of its machine is left for them.
//!
//! Sources: `pods_per_node.csv`; for what is kept back, `bootstrap.sh` and nodeadm of awslabs/amazon-eks-ami (kubelet's
//! reservations by CPUs and pods, and the eviction threshold of 100 MiB).

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a network interface and its addresses allow where the table has no row: that of most sizes.
const USUAL: u32 = 58;
/// Memory that is kept back for the system, for each pod and below the eviction threshold, MiB.
const MEMORY_MIB: u32 = 255;
const MEMORY_OF_POD_MIB: u32 = 11;
const EVICTION_MIB: u32 = 100;

static PODS: LazyLock<BTreeMap<&'static str, u32>> = LazyLock::new(|| {
    let rows = include_str!("../../pods_per_node.csv").lines();
    rows.filter(|row| !row.starts_with('#'))
        .filter_map(|row| {
            let (name, pods) = row.split_once(',')?;
            Some((name, pods.parse().ok()?))
        })
        .collect()
});

/// How many pods a machine of this type takes.
pub fn pods(instance_type: &str) -> u32 {
    PODS.get(instance_type).copied().unwrap_or(USUAL)
}

/// The processors that pods can ask for, in thousandths: 6 % of the first, 1 % of the second, 0.5 % of the next two and
/// 0.25 % of all others are kept back.
pub fn allocatable_millicpus(cpus: u32) -> u32 {
    let reserved: u32 = (1..=cpus)
        .map(|cpu| match cpu {
            1 => 600,
            2 => 100,
            3 | 4 => 50,
            _ => 25,
        })
        .sum();
    cpus * 1000 - reserved / 10
}

/// The memory that pods can ask for, MiB.
pub fn allocatable_memory_mib(memory_mib: u32, pods: u32) -> u32 {
    let reserved = MEMORY_MIB + MEMORY_OF_POD_MIB * pods + EVICTION_MIB;
    memory_mib.saturating_sub(reserved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ec2::instance_types::TYPES;

    #[test]
    fn every_known_type_has_its_number_of_pods() {
        for known in TYPES.iter() {
            assert!(PODS.contains_key(known.name), "{}", known.name);
        }
    }

    #[test]
    fn a_node_takes_what_its_interfaces_allow() {
        assert_eq!(pods("t3.medium"), 17);
        assert_eq!(pods("m5.large"), 29);
        assert_eq!(pods("m5.4xlarge"), 234);
    }

    #[test]
    fn a_part_of_the_machine_is_kept_back() {
        assert_eq!(allocatable_millicpus(2), 1930);
        assert_eq!(allocatable_millicpus(4), 3920);
        assert_eq!(allocatable_memory_mib(4096, 17), 4096 - 255 - 187 - 100);
    }
}

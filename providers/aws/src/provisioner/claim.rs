//! The provisioner's own claim of what an hour costs: one line for everything that it makes.

use jiff::Timestamp;
use kubeproof_contract::provisioner::ClaimedRate;
use rust_decimal::Decimal;

use crate::catalogue;
use crate::prices::{HOURS_PER_MONTH, exact};
use crate::spec::{Capacity, EksSpec};

/// The claim for a cluster; `None` when any price is missing.
pub(crate) fn of(spec: &EksSpec, now: Timestamp) -> Option<ClaimedRate> {
    let region = spec.region.0.as_str();
    let price = |what: &str, sku: &str| exact(region, what, sku).map(|price| price.usd);
    let zones = Decimal::from(spec.availability_zones.0);
    let gateway = price("nat_gateway", "NAT gateway hour")?;
    let address = price("public_ipv4", "Public IPv4 in use")?;
    let mut total = price("control_plane", "EKS cluster standard support")?;
    if catalogue::is_extended(&spec.kubernetes_version.0, now) {
        total += price("control_plane", "EKS extended support surcharge")?;
    }
    total += zones * (gateway + address);
    let disk = price("disk", "EBS gp3 storage")? / Decimal::from(HOURS_PER_MONTH);
    for group in &spec.node_groups.0 {
        // No price list has spot instances.
        if group.capacity == Capacity::Spot {
            return None;
        }
        let node = price("instance", &group.instance_type.0)?;
        total += Decimal::from(group.count.0) * (node + disk * Decimal::from(group.disk_gb.0));
    }
    Some(ClaimedRate {
        usd_per_hour: total.round_dp(6),
        source: "list prices of control plane, nodes, disks, NAT gateways and their addresses"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_claimed_of_spot_nodes() {
        let claimed = |capacity: &str| {
            let spec: EksSpec = serde_json::from_value(serde_json::json!({
                "kubernetes_version": "1.34",
                "node_groups": [{
                    "name": "main",
                    "instance_type": "t3.medium",
                    "count": 2,
                    "capacity": capacity,
                }],
            }))
            .unwrap();
            of(&spec, "2026-11-02T10:00:00Z".parse().unwrap()).is_some()
        };
        assert!(claimed("on-demand") && !claimed("spot"));
    }

    #[test]
    fn the_claim_counts_nat_gateways_addresses_and_disks() {
        let check = |version: &str, zones: i64, expected: &str| {
            let spec: EksSpec = serde_json::from_value(serde_json::json!({
                "kubernetes_version": version,
                "availability_zones": zones,
                "node_groups": [{"name": "main", "instance_type": "t3.medium", "count": 2}],
            }))
            .unwrap();
            let now = "2026-11-02T10:00:00Z".parse().unwrap();
            assert_eq!(of(&spec, now).unwrap().usd_per_hour.to_string(), expected);
        };
        // 0.1 + 2 × 0.0416 + zones × (0.045 + 0.005) + 2 × 20 GB × 0.08 / 730, by hand.
        check("1.34", 2, "0.287584");
        check("1.34", 3, "0.337584");
        // In extended support: 0.5 more.
        check("1.33", 2, "0.787584");
    }
}

//! Prices: of the location eastus, in US dollars. Elsewhere nothing has a known price.
//!
//! Sources, as in the table of prices of the reference: machines from karpenter-provider-azure (2026-06-18), disks,
//! control plane and NAT gateway from infracost's golden files (2024 to 2026), load balancers and addresses from the
//! retail price API (2026-10).

use kubeproof_contract::Decimal;

/// The location whose prices are known.
const LOCATION: &str = "eastus";

/// Whether prices of a location are known.
pub(crate) fn is_known(location: &str) -> bool {
    location == LOCATION
}

/// The price of a machine for an hour.
pub(crate) fn machine(size: &str) -> Option<Decimal> {
    let mills = match size {
        "Standard_B2ls_v2" | "Standard_B2s" => 41_600,
        "Standard_B2ms" | "Standard_B2s_v2" => 83_200,
        "Standard_B4ms" => 166_000,
        "Standard_D2_v3" | "Standard_D2s_v3" | "Standard_D2s_v4" | "Standard_D2s_v5" => 96_000,
        "Standard_D2as_v5" => 86_000,
        "Standard_D2s_v6" => 101_000,
        "Standard_D4s_v3" | "Standard_D4s_v5" => 192_000,
        "Standard_DS2_v2" => 146_000,
        "Standard_NC4as_T4_v3" => 526_000,
        "Standard_NC8as_T4_v3" => 752_000,
        "Standard_NC6s_v3" => 3_060_000,
        "Standard_NC24ads_A100_v4" => 3_673_000,
        "Standard_NV6ads_A10_v5" => 454_000,
        _ => return None,
    };
    Some(Decimal::new(mills, 6).normalize())
}

/// The tier by which a disk is billed: the next larger size. And its price for a month, if it is known.
pub(crate) fn disk(sku: &str, gib: u32) -> Option<(&'static str, Decimal)> {
    let (tier, cents) = match (sku, gib) {
        ("Premium_LRS", 17..=32) => ("P4 LRS Disk", 5280),
        ("Premium_LRS", 65..=128) => ("P10 LRS Disk", 19_710),
        ("StandardSSD_LRS", 17..=32) => ("E4 LRS Disk", 2400),
        ("StandardSSD_LRS", 513..=1024) => ("E30 LRS Disk", 76_800),
        ("Standard_LRS", 1..=32) => ("S4 LRS Disk", 1536),
        ("Standard_LRS", 65..=128) => ("S10 LRS Disk", 5888),
        _ => return None,
    };
    Some((tier, Decimal::new(cents, 3)))
}

/// The price of a cluster's control plane for an hour, by its tier.
pub(crate) fn control_plane(tier: &str) -> Option<Decimal> {
    match tier {
        "Free" => Some(Decimal::ZERO),
        "Standard" => Some(Decimal::new(1, 1)),
        _ => None,
    }
}

/// The price of a public address for an hour.
pub(crate) fn address() -> Decimal {
    Decimal::new(5, 3)
}

/// The price of a NAT gateway for an hour.
pub(crate) fn nat_gateway() -> Decimal {
    Decimal::new(45, 3)
}

/// The price of a load balancer for an hour, by the number of its rules.
pub(crate) fn balancer(rules: usize) -> Decimal {
    match rules {
        0 => Decimal::ZERO,
        1..=5 => Decimal::new(25, 3),
        more => Decimal::new(25, 3) + Decimal::new(1, 2) * Decimal::from(more - 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_billed_by_its_tier_and_a_balancer_by_its_rules() {
        let tier = |sku: &str, gib| disk(sku, gib).map(|(tier, _)| tier);
        assert_eq!(tier("Premium_LRS", 128), Some("P10 LRS Disk"));
        assert_eq!(tier("Premium_LRS", 100), Some("P10 LRS Disk"));
        assert_eq!(tier("Premium_LRS", 129), None);
        assert_eq!(balancer(5), Decimal::new(25, 3));
        assert_eq!(balancer(7), Decimal::new(45, 3));
    }
}

//! List prices with source and date, exact matches only.

use std::sync::LazyLock;

pub use kubeproof_cloudkit::prices::{HOURS_PER_MONTH, Price};
use kubeproof_cloudkit::prices::{PriceTable, cents};
use kubeproof_contract::Decimal;
use kubeproof_contract::resource::{MonthlyCost, Resource};

/// The price table. One that cannot be read prices nothing; a test reads it.
static TABLE: LazyLock<Option<PriceTable>> =
    LazyLock::new(|| PriceTable::read(include_str!("../prices.csv")).ok());

/// The control plane, when something is promised of it.
pub const STANDARD_TIER: &str = "AKS Standard tier";
/// The control plane, when nothing is.
pub const FREE_TIER: &str = "AKS Free tier";
/// A load balancer with up to five rules.
pub const BALANCER: &str = "Standard LB included rules";
/// A public address.
pub const ADDRESS: &str = "Standard static public IPv4";

/// The tiers of premium disks: the largest size of each in GiB, and its name in the table.
const PREMIUM: &[(u32, &str)] = &[
    (32, "P4 32 GiB Premium LRS"),
    (64, "P6 64 GiB Premium LRS"),
    (128, "P10 128 GiB Premium"),
    (256, "P15 256 GiB Premium LRS"),
    (512, "P20 512 GiB Premium LRS"),
    (1024, "P30 1 TiB Premium LRS"),
    (2048, "P40 2 TiB Premium LRS"),
];

/// The price of exactly this in exactly this location.
pub fn exact(location: &str, kind: &str, sku: &str) -> Option<&'static Price> {
    TABLE.as_ref()?.exact(location, kind, sku)
}

/// The price of a premium disk for a month: that of the tier that it fits into, if that is known.
pub fn premium_disk(location: &str, gib: u32) -> Option<&'static Price> {
    let (_, sku) = PREMIUM.iter().find(|(most, _)| gib <= *most)?;
    exact(location, "disk", sku)
}

/// The monthly cost of keeping a resource; `None` when no price is known.
pub fn monthly(resource: &Resource) -> Option<MonthlyCost> {
    let property = |name: &str| resource.properties.get(name).map(String::as_str);
    let location = property("location").unwrap_or_default();
    let hours = Decimal::from(HOURS_PER_MONTH);
    let usd = match resource.resource_type.as_str() {
        "public_ip" => exact(location, "public_ipv4", ADDRESS)?.usd * hours,
        // Their size, tier or count is what costs.
        "aks_managed_cluster"
        | "managed_disk"
        | "snapshot"
        | "vmss"
        | "load_balancer"
        | "nat_gateway" => return None,
        _ => Decimal::ZERO,
    };
    Some(MonthlyCost { usd: cents(usd) })
}

/// All sizes of machines with a price, in the order of the table.
pub fn sizes() -> Vec<&'static str> {
    let instances = TABLE.iter().flat_map(|table| table.of_kind("instance"));
    instances.map(|price| price.sku.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_only_exact_names_match() {
        let usd =
            |location, kind, sku| exact(location, kind, sku).map(|price| price.usd.to_string());
        assert_eq!(
            usd("eastus", "instance", "Standard_D2s_v3").as_deref(),
            Some("0.096")
        );
        assert_eq!(usd("eastus", "instance", "Standard_D2s"), None);
        assert_eq!(usd("westus", "instance", "Standard_D2s_v3"), None);
        assert_eq!(
            usd("eastus", "control_plane", STANDARD_TIER).as_deref(),
            Some("0.1")
        );
        assert_eq!(
            usd("eastus", "control_plane", FREE_TIER).as_deref(),
            Some("0")
        );
        assert_eq!(
            usd("Global", "load_balancer", BALANCER).as_deref(),
            Some("0.025")
        );
        assert_eq!(
            usd("eastus", "public_ipv4", ADDRESS).as_deref(),
            Some("0.005")
        );
        let rows = include_str!("../prices.csv").lines();
        assert_eq!(
            sizes().len(),
            rows.filter(|line| line.contains(",instance,")).count()
        );
    }

    #[test]
    fn a_disk_is_billed_by_the_tier_that_it_fits_into() {
        let usd = |gib| premium_disk("eastus", gib).map(|price| price.usd.to_string());
        assert_eq!(usd(128).as_deref(), Some("19.71"));
        assert_eq!(usd(100).as_deref(), Some("19.71"));
        assert_eq!(usd(30).as_deref(), Some("5.28"));
        // The table has no price for these tiers.
        assert_eq!((usd(64), usd(256)), (None, None));
    }
}

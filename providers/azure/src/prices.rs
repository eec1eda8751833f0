//! List prices with source and date, exact matches only.

mod monthly;

use std::sync::LazyLock;

use kubeproof_cloudkit::prices::PriceTable;
pub use kubeproof_cloudkit::prices::{HOURS_PER_MONTH, Price};
pub use monthly::monthly;

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
/// A rule of a load balancer beyond the first five.
pub const OVERAGE_RULE: &str = "Standard LB overage rule";
/// A NAT gateway.
pub const NAT_GATEWAY: &str = "NAT gateway";

/// A kind of disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskKind {
    /// `Premium_LRS`, as nodes have it.
    Premium,
    /// `StandardSSD_LRS`, as the default storage class makes it.
    StandardSsd,
    /// `Standard_LRS`.
    Standard,
}

impl DiskKind {
    /// The kind that Resource Manager calls by this name.
    pub fn named(sku: &str) -> Option<Self> {
        match sku {
            "Premium_LRS" => Some(Self::Premium),
            "StandardSSD_LRS" => Some(Self::StandardSsd),
            "Standard_LRS" => Some(Self::Standard),
            _ => None,
        }
    }

    /// The letter of its tiers, and the number of the smallest one: premium disks and standard SSDs begin at 4 GiB,
    /// others at 32.
    fn tiers(self) -> (char, usize) {
        match self {
            Self::Premium => ('P', 0),
            Self::StandardSsd => ('E', 0),
            Self::Standard => ('S', 3),
        }
    }
}

/// The tiers of disks: their numbers, and the largest size of each in GiB (Microsoft's page on disk types).
const TIERS: &[(u32, u32)] = &[
    (1, 4),
    (2, 8),
    (3, 16),
    (4, 32),
    (6, 64),
    (10, 128),
    (15, 256),
    (20, 512),
    (30, 1024),
    (40, 2048),
];

/// The price of exactly this in exactly this location.
pub fn exact(location: &str, kind: &str, sku: &str) -> Option<&'static Price> {
    TABLE.as_ref()?.exact(location, kind, sku)
}

/// The meter and the price for a month of a disk: those of the tier that it fits into, if its price is known.
pub fn disk(location: &str, kind: DiskKind, gib: u32) -> Option<(String, &'static Price)> {
    let (letter, smallest) = kind.tiers();
    let mut tiers = TIERS.iter().skip(smallest);
    let (number, _) = tiers.find(|(_, most)| gib <= *most)?;
    let begin = format!("{letter}{number} ");
    let mut known = TABLE.as_ref()?.of_kind("disk");
    let price = known.find(|price| price.region == location && price.sku.starts_with(&begin))?;
    Some((format!("{begin}LRS Disk"), price))
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
        let check = |sku: &str, gib, expected: Option<(&str, &str)>| {
            let kind = DiskKind::named(sku).unwrap();
            let seen = disk("eastus", kind, gib);
            let seen = seen.map(|(meter, price)| (meter, price.usd.normalize().to_string()));
            let expected = expected.map(|(meter, usd)| (meter.to_owned(), usd.to_owned()));
            assert_eq!(seen, expected, "{sku} {gib}");
        };
        check("Premium_LRS", 128, Some(("P10 LRS Disk", "19.71")));
        check("Premium_LRS", 100, Some(("P10 LRS Disk", "19.71")));
        check("Premium_LRS", 30, Some(("P4 LRS Disk", "5.28")));
        check("StandardSSD_LRS", 4, Some(("E1 LRS Disk", "0.3")));
        check("StandardSSD_LRS", 5, Some(("E2 LRS Disk", "0.6")));
        check("StandardSSD_LRS", 32, Some(("E4 LRS Disk", "2.4")));
        check("Standard_LRS", 1, Some(("S4 LRS Disk", "1.536")));
        // The table has no price for these tiers.
        check("Premium_LRS", 64, None);
        check("Premium_LRS", 4, None);
        check("StandardSSD_LRS", 16, None);
        assert_eq!(DiskKind::named("UltraSSD_LRS"), None);
    }
}

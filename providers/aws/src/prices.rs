//! AWS's list prices. The file is data with sources: `prices.csv` beside this crate's manifest.

use std::sync::LazyLock;

use kubeproof_cloudkit::prices::PriceTable;
pub use kubeproof_cloudkit::prices::{HOURS_PER_MONTH, Price, cents};

/// Empty when the file cannot be read, so that every price is missing; a test reads it.
static TABLE: LazyLock<PriceTable> =
    LazyLock::new(|| PriceTable::read(include_str!("../prices.csv")).unwrap_or_default());

/// The price of exactly this in exactly this region.
pub fn exact(region: &str, kind: &str, sku: &str) -> Option<&'static Price> {
    TABLE.exact(region, kind, sku)
}

/// All instance types with a price, in the order of the table.
pub fn instance_types() -> Vec<&'static str> {
    let instances = TABLE.of_kind("instance");
    instances.map(|price| price.sku.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_all_read() {
        let rows = include_str!("../prices.csv").lines().count() - 1;
        assert_eq!(TABLE.len(), rows);
    }

    #[test]
    fn the_well_known_prices_are_found() {
        let check = |kind: &str, sku: &str, usd: &str| {
            let price = exact("us-east-1", kind, sku).map(|price| price.usd.to_string());
            assert_eq!(price.as_deref(), Some(usd), "{kind} {sku}");
        };
        check("instance", "t3.medium", "0.0416");
        check("nat_gateway", "NAT gateway hour", "0.045");
        check("disk", "EBS gp3 storage", "0.08");
        check("public_ipv4", "Public IPv4 in use", "0.005");
        check("control_plane", "EKS cluster standard support", "0.1");
    }
}

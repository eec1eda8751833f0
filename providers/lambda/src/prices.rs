//! List prices with source and date, exact matches only.
//!
//! They are one of two sources: the other is what the API reports at launch. Prices here move by half within a
//! few months, so both are shown where they differ.

use std::sync::LazyLock;

use kubeproof_cloudkit::prices::{HOURS_PER_MONTH, Price, PriceTable};
use kubeproof_contract::Decimal;
use kubeproof_contract::resource::Resource;

/// The price table. One that cannot be read prices nothing; a test reads it.
static TABLE: LazyLock<Option<PriceTable>> =
    LazyLock::new(|| PriceTable::read(include_str!("../prices.csv")).ok());

/// The price of an instance type, if the table has exactly this type.
pub fn exact(instance_type: &str) -> Option<&'static Price> {
    TABLE.as_ref()?.exact("all", "instance", instance_type)
}

/// All instance types with a price, in the order of the table.
pub fn instance_types() -> Vec<&'static str> {
    let instances = TABLE.iter().flat_map(|table| table.of_kind("instance"));
    instances.map(|price| price.sku.as_str()).collect()
}

/// The monthly cost of keeping an instance.
pub fn instance(resource: &Resource) -> Option<Decimal> {
    let kind = resource.properties.get("instance_type")?;
    Some(exact(kind)?.usd * Decimal::from(HOURS_PER_MONTH))
}

/// The monthly cost of keeping a filesystem: 0.20 USD a GiB used and month of 720 hours.
pub fn filesystem(resource: &Resource) -> Option<Decimal> {
    let bytes: u64 = resource.properties.get("bytes_used")?.parse().ok()?;
    Some(Decimal::from(bytes >> 30) * Decimal::new(20, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_only_exact_names_match() {
        let usd = |sku| exact(sku).map(|price| price.usd.to_string());
        assert_eq!(usd("gpu_1x_a10"), Some("1.29".to_owned()));
        assert_eq!(usd("gpu_8x_h100_sxm5"), Some("31.92".to_owned()));
        assert_eq!(usd("gpu_1x_a1"), None);
        let rows = include_str!("../prices.csv")
            .lines()
            .filter(|line| line.contains(",instance,"));
        assert_eq!(instance_types().len(), rows.count());
    }
}

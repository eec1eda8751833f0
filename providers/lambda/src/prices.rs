//! The price table: list prices with source and date, exact matches only.
//!
//! It is one of two sources: the other is what the API reports at launch. Prices here move by half within a
//! few months, so both are shown where they differ.

use std::sync::LazyLock;

use kubeproof_contract::Decimal;
use kubeproof_contract::resource::{MonthlyCost, Resource};

/// Hours of a month in prices a month.
const HOURS_PER_MONTH: i64 = 730;

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// The instance type.
    pub sku: String,
    /// US dollars an hour.
    pub usd: Decimal,
    /// Its source, with date.
    pub source: String,
}

static TABLE: LazyLock<Vec<Price>> = LazyLock::new(|| {
    include_str!("../prices.csv")
        .lines()
        .skip(1)
        .filter_map(read_row)
        .collect()
});

/// Parses an instance row: the cells used here hold no quoted commas.
fn read_row(line: &str) -> Option<Price> {
    let cells: Vec<&str> = line.splitn(9, ',').collect();
    let [_, _, "instance", sku, "hour", usd, _, _, rest] = cells[..] else {
        return None;
    };
    let source = rest.split(",\"").next().unwrap_or(rest);
    Some(Price {
        sku: sku.to_owned(),
        usd: usd.parse().ok()?,
        source: source.to_owned(),
    })
}

/// The price of an instance type, if the table has exactly this type.
pub fn exact(instance_type: &str) -> Option<&'static Price> {
    TABLE.iter().find(|price| price.sku == instance_type)
}

/// All instance types with a price, in the order of the table.
pub fn instance_types() -> Vec<&'static str> {
    TABLE.iter().map(|price| price.sku.as_str()).collect()
}

/// The monthly cost of keeping a resource.
pub fn monthly(resource: &Resource) -> Option<MonthlyCost> {
    let usd = match resource.resource_type.as_str() {
        "instance" => {
            let kind = resource.properties.get("instance_type")?;
            exact(kind)?.usd * Decimal::from(HOURS_PER_MONTH)
        }
        // 0.20 USD a GiB used and month of 720 hours.
        "filesystem" => {
            let bytes: u64 = resource.properties.get("bytes_used")?.parse().ok()?;
            Decimal::from(bytes >> 30) * Decimal::new(20, 2)
        }
        _ => Decimal::ZERO,
    };
    Some(MonthlyCost {
        usd: usd.round_dp(2),
    })
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
        assert_eq!(TABLE.len(), rows.count());
    }
}

//! The price table: list prices with their source and date, exact matches only.
//!
//! A price that is not in the table is an error, never a guess. The file is data with sources:
//! `prices.csv` beside this crate's manifest.

use std::sync::LazyLock;

use rust_decimal::Decimal;

/// Hours of a month in list prices "per month" (365 × 24 / 12).
pub const HOURS_PER_MONTH: u32 = 730;

/// One row of the price table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Region, or `global`.
    pub region: String,
    /// What is priced: `instance`, `nat_gateway`, …
    pub kind: String,
    /// The exact name in the table.
    pub sku: String,
    /// The unit: `hour`, `GB-month`, …
    pub unit: String,
    /// US dollars per unit.
    pub usd: Decimal,
    /// Where it is from.
    pub source: String,
    /// When the source was read or published.
    pub source_date: String,
}

static TABLE: LazyLock<Vec<Price>> = LazyLock::new(|| {
    include_str!("../prices.csv")
        .lines()
        .skip(1)
        .filter_map(read_row)
        .collect()
});

/// Reads one row. The fields that we use hold no quoted commas; `prices_are_all_read` checks that.
fn read_row(line: &str) -> Option<Price> {
    let cells: Vec<&str> = line.split(',').collect();
    let [
        _,
        region,
        kind,
        sku,
        unit,
        usd,
        ..,
        source,
        source_date,
        _confidence,
    ] = cells[..]
    else {
        return None;
    };
    Some(Price {
        region: region.to_owned(),
        kind: kind.to_owned(),
        sku: sku.to_owned(),
        unit: unit.to_owned(),
        usd: usd
            .parse()
            .or_else(|_| Decimal::from_scientific(usd))
            .ok()?,
        source: source.to_owned(),
        source_date: source_date.to_owned(),
    })
}

/// The price of exactly this thing in exactly this region.
pub fn exact(region: &str, kind: &str, sku_start: &str) -> Option<&'static Price> {
    TABLE.iter().find(|price| {
        price.region == region
            && price.kind == kind
            && (price.sku == sku_start || price.sku.starts_with(&format!("{sku_start} (")))
    })
}

/// All instance types with a price, in the order of the table.
pub fn instance_types() -> Vec<&'static str> {
    TABLE
        .iter()
        .filter(|price| price.kind == "instance")
        .map(|price| price.sku.as_str())
        .collect()
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
